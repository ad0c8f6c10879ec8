"""Digests: the viewpoint of a week, a day or a month, in any format."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException, Response

from api.deps import AtDesk, now
from api.digests import file_of
from api.unchanged import Tagged
from pipeline import digest

router = APIRouter(tags=["digests"], route_class=Tagged)

MEDIA = {
    "text": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


@router.get(
    "/digests/{period}",
    response_class=Response,
    responses={200: {"content": {media.split(";")[0]: {} for media in MEDIA.values()}}},
)
def one_digest(
    desk: AtDesk, period: str, lens: str = "media", lang: Literal["zh", "en"] = "zh", format: str = "json"
) -> Response:
    """The digest of `2024-W12`, `2024-03-18` or `2024-03`, from the store as it stands."""
    if lens not in desk.knowledge.lenses:
        raise HTTPException(404, f"no lens is called {lens}")
    clock = now()
    asked = digest.parse_period(period, str(desk.zone), clock.astimezone(desk.zone).date())
    content = file_of(desk, asked, desk.knowledge.lenses[lens], lang, format, clock)
    return Response(content, media_type=MEDIA.get(format))

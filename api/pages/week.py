"""This week: the digest, with lens and week to switch."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from api.deps import AtDesk, Desk, now
from api.digests import file_of
from api.pages.showing import page
from pipeline import digest
from storage import digests

router = APIRouter()

DIGEST_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
EXPORTS = {"pdf": "PDF", "docx": "Word", "md": "Markdown", "html": "HTML", "json": "JSON"}


@router.get("/")
def week(request: Request, desk: AtDesk, week: str = "", lens: str = "media") -> Response:
    """This week: the digest, with week and lens to switch, and its files."""
    today = now().astimezone(desk.zone).date()
    shown = digest.Week.parse(week, str(desk.zone), today) if week else digest.Week.of(today, str(desk.zone))
    after = digest.Week.of(shown.last_day + timedelta(days=1), str(desk.zone))
    with desk.store.reading() as session:
        saved = {kept.language: kept for kept in digests.recent(session) if kept.week == shown.label}
    return page(
        request,
        "week.html",
        week=shown,
        before=shown.previous().label,
        after=after.label if after.first_day <= today else None,
        lens=_lens(desk, lens),
        lenses=desk.knowledge.lenses.values(),
        saved=saved,
        exports=EXPORTS,
    )


@router.get("/digests/{period}")
def digest_page(desk: AtDesk, period: str, lens: str = "media", lang: str = "zh") -> Response:
    """A digest as its own page, which the week's page frames."""
    clock = now()
    asked = digest.parse_period(period, str(desk.zone), clock.astimezone(desk.zone).date())
    content = file_of(desk, asked, desk.knowledge.lenses[_lens(desk, lens)], lang, "html", clock)
    return HTMLResponse(content, headers={"Content-Security-Policy": DIGEST_POLICY})


def _lens(desk: Desk, lens: str) -> str:
    if lens not in desk.knowledge.lenses:
        raise HTTPException(404, f"no lens is called {lens}")
    return lens

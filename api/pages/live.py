"""Live: events as they come, on a page that stays open; without script the page is the newest events."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from api.deps import AtDesk
from api.pages.showing import event_row, page
from api.stream import open_stream
from pipeline.records import Event
from storage import events

router = APIRouter()

SHOWN = 40


@router.get("/live")
def live_page(request: Request, desk: AtDesk) -> Response:
    """The newest events; those that come are put on top."""
    with desk.store.reading() as session:
        newest = events.recent(session, SHOWN)
    return page(request, "live.html", events=newest)


@router.get("/live/stream")
def live_stream(request: Request, desk: AtDesk, last_event_id: Annotated[str, Header()] = "") -> StreamingResponse:
    """Rows of the page as Server-Sent Events, from the one that the browser saw last."""

    def row(event: Event) -> str:
        shown = {"id": event.id, "html": event_row(request, event)}
        return "" if event.is_noise else json.dumps(shown, ensure_ascii=False)

    return open_stream(desk, last_event_id, "row", row)

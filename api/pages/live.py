"""Live: events as they come, on a page that stays open; without script the page is the newest events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api.deps import AtDesk, Desk
from api.pages.showing import event_row, page
from api.stream import MOST_REPLAYED, RETRY_MS, changes, read_mark, write_mark
from pipeline.records import Event
from storage import events, live

router = APIRouter()

SHOWN = 40


@router.get("/live")
def live_page(request: Request, desk: AtDesk) -> Response:
    """The newest events; those that come are put on top."""
    with desk.store.reading() as session:
        newest = events.recent(session, SHOWN)
    return page(request, "live.html", events=newest)


@router.get("/live/stream")
def live_stream(request: Request, desk: AtDesk, last_event_id: Annotated[str, Header()] = "") -> Response:
    """Rows of the page as Server-Sent Events, from the one that the browser saw last."""
    since = read_mark(last_event_id) if last_event_id else None
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_rows(request, desk, since), media_type="text/event-stream", headers=headers)


async def _rows(request: Request, desk: Desk, since: datetime | None) -> AsyncIterator[str]:
    """What was missed, then what comes; a comment now and then, so that a dead line is noticed."""
    yield f"retry: {RETRY_MS}\n: listening\n\n"
    async with aclosing(live.subscribe(desk.store, desk.redis_url)) as told:
        if since is not None:
            for event, mark in await run_in_threadpool(changes, desk, since, MOST_REPLAYED):
                yield _message(request, event, mark)
        async for ids in told:
            if not ids:
                yield ": still here\n\n"
            for event in await run_in_threadpool(_several, desk, ids):
                yield _message(request, event, write_mark(datetime.now(UTC), event.id))


def _message(request: Request, event: Event, mark: str) -> str:
    row = {"id": event.id, "html": event_row(request, event)}
    return f"id: {mark}\nevent: row\ndata: {json.dumps(row, ensure_ascii=False)}\n\n"


def _several(desk: Desk, ids: tuple[str, ...]) -> list[Event]:
    if not ids:
        return []
    with desk.store.reading() as session:
        found = events.several(session, list(ids))
    return [event for event in found.values() if not event.is_noise]

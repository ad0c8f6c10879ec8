"""New and changed events as Server-Sent Events, from the id that a client saw last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api.deps import Desk
from pipeline.records import Event
from storage import events, live

MOST_REPLAYED = 500
"""Changes that a client which was away gets at once; one that missed more should read the changes page by page."""
RETRY_MS = 3_000


def open_stream(desk: Desk, last_id: str, name: str, write: Callable[[Event], str]) -> StreamingResponse:
    """Each new or changed event as a Server-Sent Event of a name, with the data that `write` makes of it; "" leaves it out.

    What a client missed since `last_id` comes first. Raises ValueError for an id that nobody gave.
    """
    since = read_mark(last_id) if last_id else None
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(desk, since, name, write), media_type="text/event-stream", headers=headers)


async def lines(desk: Desk, since: datetime | None, name: str, write: Callable[[Event], str]) -> AsyncGenerator[str]:
    """What was missed, then what comes; a comment now and then, so that a dead line is noticed."""
    yield f"retry: {RETRY_MS}\n: listening\n\n"
    async with aclosing(live.subscribe(desk.store, desk.redis_url)) as told:
        coming = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)  # begins to listen, so that nothing falls between what was missed and what comes
        try:
            if since is not None:
                for event, mark in await run_in_threadpool(changes, desk, since, MOST_REPLAYED):
                    yield _message(mark, name, write(event))
            while True:
                ids = await coming
                for event in await run_in_threadpool(_several, desk, ids):
                    yield _message(write_mark(datetime.now(UTC), event.id), name, write(event))
                if not ids:
                    yield ": still here\n\n"
                coming = asyncio.ensure_future(anext(told))
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


def _message(mark: str, name: str, data: str) -> str:
    return f"id: {mark}\nevent: {name}\ndata: {data}\n\n" if data else ""


def next_mark(found: Sequence[tuple[Event, str]], asked: str, limit: int, now: datetime) -> str:
    """Where the next pull begins: not after what may yet be committed, so that nothing is ever passed over."""
    if not found or len(found) >= limit:
        return found[-1][1] if found else asked
    return min(found[-1][1], write_mark(now - live.LATE, ""))


def changes(desk: Desk, since: datetime, limit: int) -> list[tuple[Event, str]]:
    """Events that gained a report after a time, oldest change first, each once with its last mark."""
    with desk.store.reading() as session:
        last = dict(live.changed_since(session, since, limit))
        found = events.several(session, list(last))
    ordered = sorted(last.items(), key=lambda item: (item[1], item[0]))
    return [(found[event_id], write_mark(at, event_id)) for event_id, at in ordered if event_id in found]


def write_mark(at: datetime, event_id: str) -> str:
    """Where a client stands: a change's time, and whose it was."""
    return f"{at.astimezone(UTC).isoformat()}~{event_id}"


def read_mark(mark: str) -> datetime:
    """The time of a mark. Raises ValueError for one that nobody gave."""
    try:
        at = datetime.fromisoformat(mark.partition("~")[0])
    except ValueError:
        raise ValueError(
            "since: take the id that the last change came with, or a time such as 2024-03-18T00:00:00Z"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _several(desk: Desk, ids: tuple[str, ...]) -> list[Event]:
    if not ids:
        return []
    with desk.store.reading() as session:
        found = events.several(session, list(ids))
    return list(found.values())

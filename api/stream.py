"""New and changed events as Server-Sent Events, from the id that a client saw last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from fastapi.concurrency import run_in_threadpool

from api.deps import Desk
from pipeline.records import Event
from storage import events, feeds, live

MOST_REPLAYED = 500
"""Changes that a client which was away gets at once; one that missed more should read the changes page by page."""
RETRY_MS = 3_000


async def stream(desk: Desk, last_id: str, redis_url: str = "") -> AsyncIterator[str]:
    """Messages for as long as the client listens: what it missed, then what happens; a comment now and then to keep the line."""
    yield f"retry: {RETRY_MS}\n\n"
    seen = read_mark(last_id) if last_id else datetime.now(UTC)
    async with aclosing(live.subscribe(desk.store, redis_url)) as told:
        listening = asyncio.ensure_future(anext(told))
        await asyncio.sleep(
            0
        )  # it listens from here on, so that nothing falls between what was missed and what happens
        try:
            if last_id:
                for event, mark in await run_in_threadpool(changes, desk, seen, MOST_REPLAYED):
                    yield message(event, mark)
            while True:
                ids = await listening
                for event in await run_in_threadpool(_several, desk, ids):
                    yield message(event, write_mark(datetime.now(UTC), event.id))
                if not ids:
                    yield ": still here\n\n"
                listening = asyncio.ensure_future(anext(told))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def next_mark(found: Sequence[tuple[Event, str]], asked: str, limit: int, now: datetime) -> str:
    """Where the next pull begins: not after what may yet be committed, so that nothing is ever passed over."""
    if not found or len(found) >= limit:
        return found[-1][1] if found else asked
    return min(found[-1][1], write_mark(now - live.LATE, ""))


def changes(desk: Desk, since: datetime, limit: int) -> list[tuple[Event, str]]:
    """Events that gained a report after a time, oldest change first, each once with its last mark."""
    with desk.store.reading() as session:
        last = dict(feeds.changed_since(session, since, limit))
        found = events.several(session, list(last))
    ordered = sorted(last.items(), key=lambda item: (item[1], item[0]))
    return [(found[event_id], write_mark(at, event_id)) for event_id, at in ordered if event_id in found]


def message(event: Event, mark: str) -> str:
    """One event as the wire has it."""
    return f"id: {mark}\nevent: event\ndata: {event.model_dump_json()}\n\n"


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
    with desk.store.reading() as session:
        found = events.several(session, list(ids))
    return list(found.values())

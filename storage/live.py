"""What has just changed, told as it happens: to pages that are open. Losing any of it is harmless; the store has it all.

With Redis, whoever saved events publishes their ids after the commit, and every web process hears them. Without it, or
while it is away, the store is asked every second or so for events whose documents have just finished.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
import redis.asyncio
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage import tables
from storage.engine import Store

CHANNEL = "launchwatch:events"
POLL_SECONDS = 1.0
LATE = timedelta(seconds=30)
"""A batch may commit so long after the time that it bears: polls overlap by this, and ids told already are left out."""
MOST = 200
"""Ids told at once; a page that missed more loads itself anew."""
DEAF_SECONDS = 30.0
"""How long a publisher leaves Redis alone after it did not answer: saving never waits for it."""

_documents = tables.table(tables.DocumentRow)


def socket_url(url: str) -> str:
    """A broker's address as Celery writes it, the way redis-py takes it."""
    if not url.startswith("redis+socket://"):
        return url
    return url.replace("redis+socket://", "unix://", 1).replace("?virtual_host=", "?db=", 1)


def changed_since(session: Session, since: datetime, limit: int = 500) -> list[tuple[str, datetime]]:
    """Ids of events that gained a report after a time, and when, the oldest first; what came at one time comes whole."""
    changed = select(_documents.c.event_id, _documents.c.finished_at).where(_documents.c.event_id.is_not(None))
    ordered = changed.order_by(_documents.c.finished_at, _documents.c.event_id)
    found = session.execute(ordered.where(_documents.c.finished_at > since).limit(limit)).all()
    if len(found) == limit:
        last = found[-1].finished_at
        together = session.execute(ordered.where(_documents.c.finished_at == last)).all()
        found = [row for row in found if row.finished_at != last] + list(together)
    return [(row.event_id, row.finished_at) for row in found]


class Publisher:
    """Tells of events after they were saved. Never raises, never waits long."""

    def __init__(self, redis_url: str = "") -> None:
        self._client: redis.Redis | None = None
        if redis_url:
            patience = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
            self._client = redis.Redis.from_url(socket_url(redis_url), **patience)
        self._deaf_until = 0.0

    def publish(self, event_ids: Sequence[str]) -> None:
        """Event ids told to whoever listens; call it after the commit."""
        ids = list(dict.fromkeys(event_ids))
        if self._client is None or not ids or time.monotonic() < self._deaf_until:
            return
        try:
            for start in range(0, len(ids), MOST):
                self._client.publish(CHANNEL, "\n".join(ids[start : start + MOST]))
        except redis.RedisError:
            self._deaf_until = time.monotonic() + DEAF_SECONDS


async def subscribe(store: Store, redis_url: str = "", every: float = POLL_SECONDS) -> AsyncGenerator[tuple[str, ...]]:
    """Ids of events that were founded or grew from now on, in groups, for as long as the caller goes on.

    An empty group comes when nothing happened for `every` seconds, so that the caller can see whether its client is
    still there. Where Redis is set and does not answer, the store is asked in its place until it does. Use it with
    `contextlib.aclosing`: a listener that is left open keeps its connection.
    """
    polled = _Polled(store)
    while True:
        if redis_url:
            try:
                async with aclosing(_heard(redis_url, every)) as heard:
                    async for ids in heard:
                        yield ids
            except (redis.RedisError, OSError):
                pass
        await asyncio.sleep(every)
        yield await asyncio.to_thread(polled.fresh)


async def _heard(redis_url: str, every: float) -> AsyncGenerator[tuple[str, ...]]:
    client: Any = redis.asyncio.Redis.from_url(socket_url(redis_url), socket_connect_timeout=2)
    async with client, client.pubsub(ignore_subscribe_messages=True) as listener:
        await listener.subscribe(CHANNEL)
        while True:
            message = await listener.get_message(timeout=every)
            yield tuple(message["data"].decode().split("\n")) if message else ()


class _Polled:
    """What the store says has finished since the last look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._since = datetime.now(UTC)
        self._told: dict[tuple[str, datetime], None] = dict.fromkeys(self._finished(self._since - LATE))

    def fresh(self) -> tuple[str, ...]:
        """Events not told yet, in the order in which they changed."""
        found = self._finished(self._since - LATE)
        new = [pair for pair in found if pair not in self._told]
        if found:
            self._since = max(self._since, found[-1][1])
        self._told = dict.fromkeys(found)
        return tuple(dict.fromkeys(event_id for event_id, _ in new))

    def _finished(self, since: datetime) -> list[tuple[str, datetime]]:
        query = select(_documents.c.event_id, _documents.c.finished_at).distinct()
        query = query.where(_documents.c.finished_at > since, _documents.c.event_id.is_not(None))
        newest = query.order_by(_documents.c.finished_at.desc(), _documents.c.event_id).limit(MOST)
        with self._store.reading() as session:
            return [(row.event_id, row.finished_at) for row in session.execute(newest)][::-1]

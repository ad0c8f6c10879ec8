"""Open pages hear of what has just been saved: over Redis where it is, from the store where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from storage import live
from storage.engine import Store, open_store
from tests import servers
from tests.storage.factories import finish, make_raw, take

SECONDS = 10.0


async def next_of(heard: AsyncIterator[tuple[str, ...]]) -> tuple[str, ...]:
    """The next group that is not empty."""
    async with asyncio.timeout(SECONDS):
        async for ids in heard:
            if ids:
                return ids
    raise AssertionError("the stream ended")


def save(store: Store, number: int, event_id: str) -> None:
    with store.writing() as session:
        taken = take(session, make_raw(number))
        finish(session, taken, event_id=event_id, now=datetime.now(UTC))


def test_without_redis_the_store_is_asked_and_each_change_is_told_once(store: Store) -> None:
    async def listen() -> None:
        save(store, 1, "before")
        async with aclosing(live.subscribe(store, every=0.05)) as heard:
            assert await anext(heard) == ()
            save(store, 2, "e2")
            assert await next_of(heard) == ("e2",)
            save(store, 3, "e3")
            assert await next_of(heard) == ("e3",)
            assert await anext(heard) == ()

    asyncio.run(listen())


def test_what_is_published_is_heard_at_once(redis_server: servers.Redis, sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    teller = live.Publisher(redis_server.broker_url)

    async def listen() -> None:
        async with aclosing(live.subscribe(store, redis_server.broker_url, every=0.2)) as heard:
            assert await anext(heard) == ()
            teller.publish(["e1", "e2", "e1"])
            assert await next_of(heard) == ("e1", "e2")

    asyncio.run(listen())
    store.close()


def test_a_lost_redis_costs_neither_the_writer_nor_the_listener(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    nowhere = "redis://127.0.0.1:1/0"
    live.Publisher(nowhere).publish(["e1"])

    async def listen() -> None:
        async with aclosing(live.subscribe(store, nowhere, every=0.05)) as heard:
            assert await anext(heard) == ()
            save(store, 1, "e1")
            assert await next_of(heard) == ("e1",)

    asyncio.run(listen())
    store.close()


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:1/0"])
def test_telling_nobody_is_fine(url: str) -> None:
    live.Publisher(url).publish([])


@pytest.mark.parametrize(
    ("broker", "client"),
    [
        ("redis://:secret@redis:6379/2", "redis://:secret@redis:6379/2"),
        ("redis+socket:///run/redis.sock?virtual_host=3", "unix:///run/redis.sock?db=3"),
    ],
)
def test_a_broker_is_reached_by_its_own_address(broker: str, client: str) -> None:
    assert live.socket_url(broker) == client

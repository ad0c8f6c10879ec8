"""Bodies are read under caps on memory, and a large one that dribbles gives way to others."""

from __future__ import annotations

import asyncio
import time

import pytest

from crawlers.answer import TooSlow
from crawlers.body import LARGE_AT_ONCE, LARGE_BYTES, GaveWay, Room
from crawlers.fetch import Fetcher
from crawlers.limits import FEED
from tests.crawlers.conftest import with_fetcher
from tests.site.misdeeds import GOOD, PAGES
from tests.site.server import Answer, Asked, Misdeed, Site


async def dribbles(_: Asked, answer: Answer) -> None:
    """Large, and then hardly a byte more."""
    await answer.raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGE_BYTES + 1))
    while True:
        await asyncio.sleep(0.05)
        await answer.raw(b"x")


async def large(_: Asked, answer: Answer) -> None:
    await answer.send(GOOD + " " * 2 * LARGE_BYTES)


DRIBBLING: dict[str, Misdeed] = {**PAGES, "/dribbles": dribbles, "/large": large}


def test_large_answers_that_dribble_give_way_to_others() -> None:
    async def work(fetcher: Fetcher) -> tuple[int, list[BaseException]]:
        fetcher._bodies._room = Room(LARGE_AT_ONCE, 0.4)
        slow = [asyncio.create_task(fetcher.get(f"{site.base}/dribbles?{n}")) for n in range(LARGE_AT_ONCE)]
        await asyncio.sleep(0.2)
        fetched = await fetcher.get(f"{site.base}/large")
        ended = await asyncio.gather(*slow, return_exceptions=True)
        return len(fetched.body), [error for error in ended if isinstance(error, BaseException)]

    started = time.monotonic()
    with Site(DRIBBLING) as site:
        size, ended = with_fetcher(site, work, per_host=9)
    assert size > 2 * LARGE_BYTES
    assert len(ended) == LARGE_AT_ONCE
    assert all(isinstance(error, TooSlow) for error in ended)
    assert time.monotonic() - started < FEED.total_seconds / 2


def test_a_place_is_kept_as_long_as_nobody_waits() -> None:
    async def go() -> None:
        room = Room(1, patience_seconds=0.05)
        async with room.place():
            await asyncio.sleep(0.15)

    asyncio.run(go())


def test_who_waits_gets_a_place_in_time() -> None:
    async def go() -> float:
        room = Room(1, patience_seconds=0.1)

        async def sit() -> None:
            async with room.place():
                await asyncio.sleep(60)

        sitting = asyncio.create_task(sit())
        await asyncio.sleep(0.01)
        started = time.monotonic()
        async with room.place():
            waited = time.monotonic() - started
        with pytest.raises(GaveWay):
            await sitting
        return waited

    assert 0.05 < asyncio.run(go()) < 10

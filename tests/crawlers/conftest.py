"""What the crawler's tests share: the hostile site, a warm cage, a fetcher that may reach the site alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from tests.site.hostile import EVERYTHING
from tests.site.server import Site

T = TypeVar("T")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(EVERYTHING) as running:
        yield running


@pytest.fixture(scope="session")
def cage() -> Iterator[Cage]:
    with Cage() as warm:
        yield warm


def with_fetcher(site: Site, work: Callable[[Fetcher], Awaitable[T]], *, delay: float = 0.0, per_host: int = 2) -> T:
    """What some work with a fetcher for the site gives."""

    async def go() -> T:
        async with Fetcher(
            Guard(allow=site.allow), contact="mailto:tests@example.org", delay=delay, per_host=per_host
        ) as fetcher:
            return await work(fetcher)

    return asyncio.run(go())

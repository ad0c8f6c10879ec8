"""What the crawler's tests share: the hostile site, a warm cage, a fetcher that may reach the site alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
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


def cpu_seconds(cage: Cage) -> float:
    """What the cage's children have used so far: unlike the time that passes, a busy machine leaves it as it is."""
    processes = [child._process for child in cage._children if child._process is not None]
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")

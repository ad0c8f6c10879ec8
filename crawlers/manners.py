"""What we owe each host: its turn, its pace, the rest it asks for, and what its robots.txt says."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import yarl
from protego import Protego

from crawlers.answer import (
    BadAnswer,
    BadStatus,
    Fetched,
    FetchFailed,
    NotAllowed,
    Resting,
    TooLarge,
    TooSlow,
    Unreachable,
)
from crawlers.budget import Budget, HostBusy

ROBOTS_SECONDS = 24 * 3600.0
ROBOTS_ERROR_SECONDS = 3600.0
ROBOTS_UNREACHED_SECONDS = 60.0
LONGEST_REST_SECONDS = 24 * 3600.0
LONGEST_CRAWL_DELAY = 30.0
TOO_MANY_SECONDS = 60.0
"""The rest after a 429 that does not say how long."""
KNOWN_HOSTS = 10_000

ReadsRobots = Callable[[str, yarl.URL], Awaitable[Fetched]]
"""Fetches a robots.txt on behalf of a source."""


@dataclass(slots=True)
class _Host:
    """What we owe one host: its turn, its pace, its rest."""

    turn: asyncio.Semaphore
    busy: int = 0
    next_at: float = 0.0
    rest_until: float = 0.0


@dataclass(slots=True)
class _Robots:
    """A site's robots.txt as known until a time; without rules everything is allowed, unless it could not be read."""

    until: float = 0.0
    rules: Protego | None = None
    unread: str = ""
    failure: type[FetchFailed] = NotAllowed
    delay: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Manners:
    """What we owe each host and know of its robots.txt. Outlives a fetcher, so that the next one is as polite."""

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget
        self._hosts: dict[str, _Host] = {}
        self._robots: dict[str, _Robots] = {}
        self._per_host, self._delay = 1, 0.0

    def begin(self, per_host: int, delay: float) -> None:
        """Ready for another event loop: no turn is taken, no lock is held."""
        self._per_host, self._delay = per_host, delay
        for host in self._hosts.values():
            host.turn, host.busy = asyncio.Semaphore(per_host), 0
        for robots in self._robots.values():
            robots.lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, source_id: str, url: str, target: yarl.URL) -> AsyncIterator[None]:
        """Waits until the host may be asked again, and holds one of its few connections. Raises Resting."""
        host = self._host(target)
        host.busy += 1
        try:
            async with host.turn:
                now = time.monotonic()
                if host.rest_until > now:
                    raise Resting(source_id, url, host.rest_until - now)
                start = max(now, host.next_at)
                robots = self._robots.get(str(target.origin()))
                pace = max(self._delay, robots.delay if robots else 0.0)
                host.next_at = start + pace
                await asyncio.sleep(start - now)
                async with self._among_all(source_id, url, target, pace):
                    yield
        finally:
            host.busy -= 1

    def rest(self, target: yarl.URL, status: int, after: float | None) -> None:
        """Note the rest that a host asks for by an error status and, with `after` seconds, its Retry-After."""
        if status == 429 or (status == 503 and after is not None):
            seconds = min(after if after is not None else TOO_MANY_SECONDS, LONGEST_REST_SECONDS)
            host = self._host(target)
            host.rest_until = max(host.rest_until, time.monotonic() + seconds)
            if self._budget is not None:
                self._budget.rest(_name(target), seconds)

    async def ask_robots(self, source_id: str, target: yarl.URL, product: str, read: ReadsRobots) -> None:
        """Raises NotAllowed where the site's robots.txt keeps us from a URL, or why it could not be read."""
        robots = await self._robots_of(source_id, target.origin(), product, read)
        if robots.unread:
            reason = f"robots.txt could not be read ({robots.unread}): asked again later"
            raise robots.failure(source_id, str(target), reason)
        if robots.rules is not None and not robots.rules.can_fetch(str(target), product):
            raise NotAllowed(source_id, str(target), "the site's robots.txt asks us to stay out")

    @asynccontextmanager
    async def _among_all(self, source_id: str, url: str, target: yarl.URL, pace: float) -> AsyncIterator[None]:
        """A turn among all our machines, where they share a budget."""
        if self._budget is None:
            yield
            return
        try:
            async with self._budget.turn(_name(target), self._per_host, pace):
                yield
        except HostBusy as busy:
            raise Resting(source_id, url, busy.seconds) from busy

    def _host(self, target: yarl.URL) -> _Host:
        name = _name(target)
        if name not in self._hosts:
            if len(self._hosts) >= KNOWN_HOSTS:
                now = time.monotonic()
                self._hosts = {n: h for n, h in self._hosts.items() if h.busy or h.rest_until > now}
            self._hosts[name] = _Host(asyncio.Semaphore(self._per_host))
        return self._hosts[name]

    async def _robots_of(self, source_id: str, origin: yarl.URL, product: str, read: ReadsRobots) -> _Robots:
        if len(self._robots) >= KNOWN_HOSTS:
            self._robots = {k: r for k, r in self._robots.items() if r.until > time.monotonic()}
        robots = self._robots.setdefault(str(origin), _Robots())
        async with robots.lock:
            if robots.until <= time.monotonic():
                await _refresh(robots, product, read(source_id, origin / "robots.txt"))
        return robots


def _name(target: yarl.URL) -> str:
    return f"{target.host}:{target.port}"


async def _refresh(robots: _Robots, product: str, reading: Awaitable[Fetched]) -> None:
    """RFC 9309: 4xx allows all; a server error or no answer forbids all until it is asked again."""
    robots.rules, robots.unread, robots.failure, robots.delay = None, "", NotAllowed, 0.0
    lasting = ROBOTS_SECONDS
    try:
        answer = await reading
    except BadStatus as error:
        if error.status >= 500 or error.status == 429:
            robots.unread, lasting = error.reason, ROBOTS_ERROR_SECONDS
    except (TooLarge, BadAnswer):
        pass  # a robots.txt that nobody can read forbids nothing
    except (Unreachable, TooSlow, NotAllowed) as error:
        robots.unread, robots.failure, lasting = error.reason, type(error), ROBOTS_UNREACHED_SECONDS
    else:
        robots.rules = parse_robots(answer.body)
        robots.delay = min(robots.rules.crawl_delay(product) or 0.0, LONGEST_CRAWL_DELAY)
    robots.until = time.monotonic() + lasting


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, in either form; None without one that can be read."""
    if value is None:
        return None
    if re.fullmatch(r"\s*\d{1,9}\s*", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def parse_robots(body: bytes) -> Protego:
    """The rules of a robots.txt; lines that only cost time are left out."""
    lines = body.decode("utf-8", "replace").splitlines()
    return Protego.parse("\n".join(line for line in lines[:10_000] if len(line) < 2_048 and line.count("*") < 10))

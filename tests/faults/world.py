"""The world outside: sites whose feeds tell stories, and a receiver of alerts that keeps a journal of what it was sent."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from aiohttp import web

from crawlers.sources import Source
from tests.faults.stories import Story, feed, off_topic, stories_of

WINDOW = 60
"""Entries that a feed shows."""


@dataclass(frozen=True)
class Received:
    """One message as the receiver took it."""

    id: str
    at: float
    """Of the monotonic clock."""


@dataclass
class World:
    """Sites on loopback addresses of their own, and the receiver; use it as a context."""

    sources: int = 24
    clock: Callable[[], datetime] = field(default=lambda: datetime.now().astimezone())
    journal: list[Received] = field(default_factory=list)
    told: list[Story] = field(default_factory=list)
    fetches: int = 0
    port: int = 0
    slow_hook: float = 0.0
    """Seconds that the receiver takes to answer."""
    _shown: dict[int, list[Story]] = field(default_factory=lambda: defaultdict(list))
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _next: int = 1

    def tell(self, happenings: int) -> list[Story]:
        """So many new happenings told by the sites from now on."""
        made: list[Story] = []
        for number in range(self._next, self._next + happenings):
            for story in stories_of(number, self.sources, self.clock()):
                self._shown[story.source].append(story)
                made.append(story)
        self._next += happenings
        self.told += made
        return made

    def open_sites(self) -> list[Story]:
        """What every site shows at the collector's first visit: recipes, so that all news comes later."""
        made: list[Story] = []
        for source in range(self.sources):
            for _ in range(2):
                made.append(off_topic(self._next, source, self.clock()))
                self._shown[source].append(made[-1])
                self._next += 1
        self.told += made
        return made

    def hosts(self) -> list[str]:
        """The loopback address of each site."""
        return [f"127.0.1.{number + 1}" for number in range(self.sources)]

    def allowed(self) -> list[tuple[str, int]]:
        """What a guard must allow for the world to be reached."""
        return [(host, self.port) for host in ("127.0.0.1", *self.hosts())]

    def base(self, source: int) -> str:
        """A site's address, without a last slash."""
        return f"http://{self.hosts()[source]}:{self.port}"

    @property
    def hook(self) -> str:
        """The receiver, as a watch names a destination."""
        return f"webhook+http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the world did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(5)

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/feed/{source}.xml", self._feed)
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        first = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await first.start()
        self.port = self._runner.addresses[0][1]
        for host in self.hosts():
            await web.TCPSite(self._runner, host, self.port).start()

    async def _feed(self, request: web.Request) -> web.Response:
        self.fetches += 1
        source = int(request.match_info["source"])
        body = feed(f"Site {source}", self.base(source), self._shown[source][-WINDOW:])
        return web.Response(body=body, content_type="application/rss+xml")

    async def _take(self, request: web.Request) -> web.Response:
        await request.read()
        self.journal.append(Received(request.headers["webhook-id"], time.monotonic()))
        if self.slow_hook:
            await asyncio.sleep(self.slow_hook)
        return web.json_response({})


def sources_at(hosts: list[str], port: int) -> list[Source]:
    """The sites as sources that our collector reads."""
    return [
        Source(
            id=f"site-{number}",
            name=f"Site {number}",
            url=f"http://{host}:{port}/feed/{number}.xml",
            kind="rss",
            tier=2,
            language="en",
            cadence_hours=0.01,
            pages="never",
        )
        for number, host in enumerate(hosts)
    ]

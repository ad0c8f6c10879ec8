"""The collector: takes what is due, visits several sources at once, and begins the next as soon as one has ended."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from crawlers.answer import Gets
from crawlers.archive import Archive, KeepingFetcher
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.manners import Manners
from crawlers.sources import Source
from storage import queue, sources
from storage.subscriptions import PUSH
from worker.collect import RETRY, UNREAD_PAGE, Tools, Visit, read_page, read_push, visit
from worker.desk import Desk
from worker.watchdog import BROKEN
from worker.websub import subscribe_due

log = structlog.get_logger()

AT_ONCE = 32
"""Visits under way together, the slow ones not counted."""
SLOW_SECONDS = 4.0
"""A visit that takes longer only waits for its server: it must not keep a hand from the others."""
MOST = 256
"""Visits under way together, the slow ones counted."""
PER_HOST = 3
"""Of them to one host: its own budget is two connections, and many sources of a slow host must not fill our hands."""
READERS = 4
"""Children that read at most: one does, as long as nothing hostile holds it up."""
HANDFUL = 8
"""So many free hands are worth a look before its time: a look costs more the more sources there are."""
PAGES = 4
"""Pages read at another try in one look: they must not keep news waiting."""
LOOK_SECONDS = 1.0
"""Between two looks at what is due: `collect now` waits no longer than this."""
GLANCE_SECONDS = 0.1
"""Between two glances at whether a hub has pushed: an alert waits for that, and a glance is one look-up in an index."""
BEAT_SECONDS = 15.0
LEASE = timedelta(minutes=10)
"""How long a visit is ours; an index of sitemaps with thirty pages on a slow host takes minutes."""


@dataclass
class Collector:
    """One process's collector. Several may run over one store: what one took, no other takes before its lease ends."""

    desk: Desk
    guard: Guard
    clock: Callable[[], datetime]
    contact: str = ""
    archive: Archive | None = None
    public_url: str = ""
    delay: float = 1.0
    manners: Manners = field(default_factory=Manners)
    _under_way: dict[asyncio.Task[Visit | None], tuple[str, float]] = field(default_factory=dict)
    """Each visit under way, its host, and when it began (of the monotonic clock)."""
    _looked_at: float = 0.0

    async def run(self, go_on: Callable[[], bool], *, forever: bool = False) -> list[Visit]:
        """Do what is due until nothing is, or `forever`; begin nothing once `go_on` says no. What the visits brought."""
        visits: list[Visit] = []
        async with AsyncExitStack() as stack:
            cage = stack.enter_context(Cage(most=READERS))
            fetcher = await stack.enter_async_context(
                Fetcher(self.guard, contact=self.contact, delay=self.delay, total=MOST, manners=self.manners)
            )
            gets: Gets = KeepingFetcher(fetcher, self.archive) if self.archive else fetcher
            tools = Tools(self.desk, gets, cage, self.clock, hubs=bool(self.public_url))
            beat = asyncio.create_task(self._beat())
            stack.callback(beat.cancel)
            if self.public_url:
                self._start(HUBS, self._ask_hubs(tools, go_on if forever else lambda: False))
            while go_on() or self._under_way:
                begun = await self._begin(tools) if go_on() else 0
                if self._under_way:
                    ended = await self._first_ended()
                    visits += [] if forever else ended
                elif forever:
                    await self._wait()
                elif not begun:
                    break
        return visits

    # taking

    async def _begin(self, tools: Tools) -> int:
        """Begin what is due, as much as there is room for; how much that was. Looks when a second or some hands are free."""
        now = time.monotonic()
        quick = sum(now - began < SLOW_SECONDS for _, began in self._under_way.values())
        room = min(AT_ONCE - quick, MOST - len(self._under_way))
        if room <= 0 or (room < HANDFUL and now < self._looked_at + LOOK_SECONDS):
            return 0
        self._looked_at = now
        works, due = await asyncio.to_thread(self._take, room)
        for work in works:
            self._start(self._host_of(work), self._work(tools, work))
        for source in due:
            self._start(source.host, self._visit(tools, source))
        return len(works) + len(due)

    def _take(self, room: int) -> tuple[list[queue.Work], list[Source]]:
        now = self.clock()
        with self.desk.store.reading() as session:
            waiting = queue.due(session, (PUSH, sources.VISIT, UNREAD_PAGE), now, 1)
            enabled = [source.id for source in self.desk.sources.values() if source.enabled]
            chosen = list(self._within_budget(sources.due(session, now, enabled), room))
        if not waiting and not chosen:
            return [], []
        with self.desk.store.writing() as session:
            works = queue.claim(session, (PUSH, sources.VISIT), now, LEASE, room, silent=queue.SILENT)
            pages = min(room - len(works), PAGES)
            works += queue.claim(session, (UNREAD_PAGE,), now, LEASE, pages, silent=queue.SILENT)
            ours = sources.claim(session, now, chosen[: room - len(works)], LEASE)
        return works, [self.desk.sources[source_id] for source_id in ours]

    def _within_budget(self, source_ids: list[str], room: int) -> Iterator[str]:
        """The first of the sources whose host has not its share of visits under way."""
        busy = Counter(host for host, _ in self._under_way.values())
        for source_id in source_ids:
            host = self.desk.sources[source_id].host
            if busy[host] < PER_HOST and room > 0:
                busy[host] += 1
                room -= 1
                yield source_id

    def _host_of(self, work: queue.Work) -> str:
        source = self.desk.sources.get(work.subject)
        return source.host if source else work.kind

    # doing

    def _start(self, host: str, job: Coroutine[Any, Any, Visit | None]) -> None:
        self._under_way[asyncio.create_task(job)] = host, time.monotonic()

    async def _first_ended(self) -> list[Visit]:
        """What the visits brought that end first, within a second, or until a hub pushes."""
        done = await self._wait()
        for task in done:
            del self._under_way[task]
        return [made for task in done if (made := task.result()) is not None]

    async def _wait(self) -> set[asyncio.Task[Visit | None]]:
        """The visits that ended first; none after a second, or as soon as a hub has pushed."""
        until = time.monotonic() + LOOK_SECONDS
        while (left := until - time.monotonic()) > 0:
            pause = min(left, GLANCE_SECONDS) if self.public_url else left
            if not self._under_way:
                await asyncio.sleep(pause)
            elif done := (await asyncio.wait(self._under_way, timeout=pause, return_when=asyncio.FIRST_COMPLETED))[0]:
                return done
            is_pushed = await asyncio.to_thread(self._is_pushed) if self.public_url else False
            if is_pushed:
                break
        return set()

    def _is_pushed(self) -> bool:
        with self.desk.store.reading() as session:
            return bool(queue.due(session, (PUSH,), self.clock(), 1))

    async def _visit(self, tools: Tools, source: Source) -> Visit | None:
        try:
            return await visit(tools, source)
        except Exception as error:  # the top of a visit: its lease makes it come back, its neighbours go on
            log.exception("visit broke off", source=source.id)
            reason = f"{source.name} ({source.id}): its visit broke off: {type(error).__name__}: {error}"
            await asyncio.to_thread(self._tell, source, reason[:500])
            return None

    async def _work(self, tools: Tools, work: queue.Work) -> Visit | None:
        """A piece of work, which three failures set aside with their reason."""
        try:
            return await self._do(tools, work)
        except Exception as error:  # noqa: BLE001  the top of a job: whatever it was becomes the work's reason
            reason = f"{type(error).__name__}: {error}"
            log.warning("work failed", kind=work.kind, subject=work.subject, error=reason, attempt=work.attempts)
            await asyncio.to_thread(self._failed, work, reason)
            return None

    async def _do(self, tools: Tools, work: queue.Work) -> Visit | None:
        if work.kind == UNREAD_PAGE:
            await read_page(tools, work)
            return None
        if work.kind == PUSH:
            return await read_push(tools, work)
        source = self.desk.sources.get(work.subject)
        if source is None:
            raise LookupError(f"no source is called {work.subject!r}")
        return await visit(tools, source, work)

    def _tell(self, source: Source, reason: str) -> None:
        with self.desk.store.writing() as session:
            sources.notify(session, BROKEN, source.id, reason, self.clock())

    def _failed(self, work: queue.Work, reason: str) -> None:
        with self.desk.store.writing() as session:
            queue.failed(session, work, reason, self.clock() + RETRY)

    async def _ask_hubs(self, tools: Tools, go_on: Callable[[], bool]) -> Visit | None:
        """Ask hubs as their turn comes: once, or as long as `go_on` says so."""
        while True:
            try:
                await subscribe_due(self.desk, tools.fetcher, self.public_url, self.clock)
            except Exception:  # hubs are a convenience: whatever breaks there, polling goes on
                log.exception("asking hubs broke off")
            if not go_on():
                return None
            await asyncio.sleep(LOOK_SECONDS)

    async def _beat(self) -> None:
        """Say that the collector lives as long as its event loop turns."""
        while True:
            await asyncio.to_thread(self.desk.beat, "collect", self.clock())
            await asyncio.sleep(BEAT_SECONDS)


HUBS = "hubs"
"""In place of a host, where hubs are asked."""

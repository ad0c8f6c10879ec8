"""A fault's stage: an installation with a store, a world to read and a receiver to tell; set up the same for every fault."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.records import Watch
from storage import subscriptions, watches
from storage.engine import Store
from storage.subscriptions import Subscription
from tests import servers
from tests.faults.nursery import Nursery, nursery
from tests.faults.plan import Plan
from tests.faults.stories import Story, feed
from tests.faults.verdict import Tally, progress
from tests.faults.world import World

EMBEDDED = ("collector", "worker", "sender", "web")
SCALED = ("collector", "worker", "sender", "web", "beat")
DRAIN_SECONDS = 300.0
PUSH_SHARE = 0.4
"""Of the news, how much a hub pushes as well."""


@dataclass
class Stage:
    """Where a fault happens."""

    plan: Plan
    world: World
    store: Store
    redis: servers.Redis | None = None
    acked: list[str] = field(default_factory=list)
    """Stories whose push the web side took with a 202."""
    _stop: threading.Event = field(default_factory=threading.Event)

    def revive_until(self, parts: Nursery, is_so: Callable[[], bool], seconds: float) -> bool:
        """Whether something came true in time, ended parts being started again meanwhile."""
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                return False
            parts.revive()
            time.sleep(0.1)
        return True

    def is_quiet(self) -> bool:
        """Whether all that was told is stored, settled and sent."""
        found = progress(self.store)
        return found.is_quiet and found.stored >= len(self.world.told)

    def drain(self, parts: Nursery, tally: Tally, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until nothing waits."""
        began = time.monotonic()
        if not self.revive_until(parts, self.is_quiet, seconds):
            tally.remarks.append(f"not quiet after {seconds:.0f} s: {progress(self.store)}")
        else:
            tally.remarks.append(f"quiet {time.monotonic() - began:.1f} s after the last fault")

    def push(self, stories: Sequence[Story]) -> None:
        """Push stories as a hub does: again and again until the web side takes them."""
        for story in stories:
            body = feed(f"Site {story.source}", self.world.base(story.source), [story])
            signature = hmac.new(_secret(story.source).encode(), body, hashlib.sha256).hexdigest()
            headers = {"X-Hub-Signature": f"sha256={signature}", "Content-Type": "application/rss+xml"}
            while not self._stop.is_set():
                if self._post(f"/websub/{_token(story.source)}", body, headers) == 202:
                    self.acked.append(story.key)
                    break
                time.sleep(0.05)

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.plan.web_port, timeout=5)
            try:
                connection.request("POST", path, body, headers)
                return connection.getresponse().status
            finally:
                connection.close()
        return 0

    def close(self) -> None:
        """Hubs give up; the store is closed."""
        self._stop.set()
        self.store.close()


@contextmanager
def stage(
    *,
    database_url: str = "",
    redis: servers.Redis | None = None,
    sources: int = 24,
    **planned: Any,
) -> Iterator[Stage]:
    """An installation with an empty store, a watch that everything meets, and sites that hubs push for."""
    folder = Path(tempfile.mkdtemp(prefix="lw-faults-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        world = stack.enter_context(World(sources=sources))
        plan = Plan(
            home=folder,
            database_url=database_url,
            redis_url=redis.broker_url if redis else "",
            hosts=world.hosts(),
            port=world.port,
            web_port=servers.free_port(),
            began=datetime.now(UTC),
            log=folder / "parts.log",
            **planned,
        )
        world.clock = plan.now
        store = plan.store()
        made = Stage(plan, world, store, redis)
        stack.callback(made.close)
        _furnish(made)
        yield made


@contextmanager
def running(made: Stage, roles: Sequence[str]) -> Iterator[Nursery]:
    """The installation at work, every site visited once."""
    with nursery(made.plan, roles) as parts:
        if "collector" in roles:
            made.world.open_sites()
            if not made.revive_until(parts, made.is_quiet, 90):
                raise RuntimeError(f"the sites' first visit did not end: {progress(made.store)}")
        yield parts


def _furnish(made: Stage) -> None:
    now = made.plan.now()
    with made.store.writing() as session:
        watches.save(session, Watch(id="everything", name="everything", destinations=(made.world.hook,)))
        for number in range(made.world.sources):
            topic = f"{made.world.base(number)}/feed/{number}.xml"
            fields: dict[str, Any] = {
                "source_id": f"site-{number}",
                "hub": "http://127.0.0.1/",
                "topic": topic,
                "state": "verified",
            }
            fields |= {"token": _token(number), "secret": _secret(number), "next_due": now.replace(year=now.year + 1)}
            subscriptions.save(session, Subscription.model_validate(fields))


def _token(source: int) -> str:
    return f"token-{source}"


def _secret(source: int) -> str:
    return f"secret-{source}"


def pushed(stories: Sequence[Story], dice: random.Random) -> list[Story]:
    """The stories that a hub pushes as well."""
    return [story for story in stories if story.kind == "news" and dice.random() < PUSH_SHARE]

"""WebSub end to end: a hub, the web side and a collector that meet over HTTP and one store."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import uvicorn

from api.app import create_app
from crawlers.guard import Guard
from crawlers.sources import Source
from pipeline.lexicon import Lexicon
from settings import Settings
from storage import documents, sources, subscriptions
from storage.engine import Store
from tests.site.hub import Hub
from tests.site.misdeeds import PAGES
from tests.site.server import Site
from worker.collector import Collector
from worker.desk import Desk

FIRST, PUSHED, FORGED = "A model that was there before", "A model is pushed at once", "A model that nobody announced"


@dataclass
class Ahead:
    """The time, and as much more as a test wants."""

    by: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.fixture
def web(tmp_path: Path, lexicon: Lexicon, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The whole web side over the test's store, behind a real server; its address. What it knows was read before."""
    monkeypatch.setattr("api.deps.load", lambda *_: lexicon.knowledge)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(Settings(home=tmp_path, public_url=base, bundled_sources=False))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            wait_for(lambda: server.started)
            yield base
        finally:
            server.should_exit = True
            thread.join(60)
            app.state.desk.store.close()


@contextmanager
def collecting(desk: Desk, site: Site, clock: Ahead, public_url: str) -> Iterator[None]:
    """A collector at work in a thread, as another process beside the web's."""
    stop = threading.Event()
    collector = Collector(desk, Guard(allow=site.allow), clock, delay=0.0, public_url=public_url)
    thread = threading.Thread(
        target=lambda: asyncio.run(collector.run(lambda: not stop.is_set(), forever=True)), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)


def wait_for(is_so: Callable[[], bool], seconds: float = 60.0) -> float:
    """The seconds until something is so."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.05)
    return time.monotonic() - began


def test_news_that_a_hub_pushes_is_here_within_seconds(
    web: str, lexicon: Lexicon, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.collector.LOOK_SECONDS", 0.1)
    hub, clock = Hub(), Ahead()
    with Site({**PAGES, **hub.pages}) as site:
        acme = Source.model_validate(
            {"id": "acme", "name": "Acme", "url": f"{site.base}/hubbed", "kind": "rss", "tier": 1, "language": "en"}
            | {"pages": "never"}
        )
        desk = Desk(store=store, lexicon=lexicon, sources={"acme": acme}, zone=ZoneInfo("Asia/Shanghai"))

        def titles() -> list[str]:
            with store.reading() as session:
                return sorted(d.title for d in documents.several(session, documents.ids(session)))

        def subscription() -> subscriptions.Subscription | None:
            with store.reading() as session:
                return subscriptions.get(session, "acme")

        with collecting(desk, site, clock, web):
            wait_for(lambda: bool(hub.subscribers))  # it asked back, and was answered by the web side
            (subscriber,) = hub.subscribers.values()
            assert subscriber.topic == acme.url
            assert hub.publish(PUSHED) == [202]
            took = wait_for(lambda: titles() == sorted([FIRST, PUSHED]))
            assert took < 15, took  # a second or so on a quiet machine
            assert site.paths().count("/hubbed") == 1  # nobody had to ask the feed

            assert hub.publish(FORGED, secret="a guess") == [202]  # the web side is no oracle of signatures
            hub.publish("A model that comes after")
            wait_for(lambda: len(titles()) == 3)
            assert FORGED not in titles()

            kept = subscription()
            assert kept is not None
            assert kept.state == "verified"
            assert kept.lease_until is not None
            clock.by = timedelta(minutes=31)  # half of the hour that the hub granted, and more
            wait_for(lambda: next(iter(hub.subscribers.values())).confirmed == 2)
            with store.reading() as session:
                due = sources.state(session, "acme").next_due
            assert due is not None  # polling goes on
            clock.by = max(timedelta(), due - datetime.now(UTC)) + timedelta(minutes=1)
            wait_for(lambda: site.paths().count("/hubbed") == 2)
        assert hub.refused == []

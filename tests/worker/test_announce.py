from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from pipeline.lexicon import Lexicon
from pipeline.records import RawDocument
from storage import feeds
from storage.engine import Store
from worker import jobs
from worker.announce import announce
from worker.deliver.outcome import Answer, NoAnswer, Request
from worker.desk import Desk

NOW = datetime(2024, 3, 18, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HUB = "https://hub.example/"


class Hub:
    """Takes pings as a hub does, or fails to."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.status: int | None = 204

    def post(self, request: Request) -> Answer:
        if self.status is None:
            raise NoAnswer("reset")
        asked = parse_qs(request.body.decode())
        assert (request.url, asked["hub.mode"]) == (HUB, ["publish"])
        if self.status < 300:
            self.told += asked["hub.url"]
        return Answer(status=self.status, headers={}, body=b"")


@pytest.fixture
def desk(store: Store, lexicon: Lexicon) -> Desk:
    with store.writing() as session:
        for kind, subject in (("company", "moonshot-ai"), ("company", "baidu"), ("all", "")):
            feeds.give(session, kind, subject, "zh", NOW)  # type: ignore[arg-type]
    return Desk(store, lexicon, {}, ZoneInfo("Asia/Shanghai"))


def bring(desk: Desk, number: int, title: str, at: datetime) -> None:
    raw = RawDocument(
        source_id="daily", title=title, text=title, tier=2, url=f"https://news.example/{number}", first_seen_at=at
    )
    jobs.receive(desk, [raw.model_copy(update={"published_at": at, "published_precision": "time"})], at)
    jobs.process_due(desk, at)


def subjects(desk: Desk, hub: Hub) -> list[str]:
    with desk.store.reading() as session:
        known = {feed.token: feed.subject for feed in feeds.given(session)}
    told = sorted(known[url.rpartition("/")[2].partition(".")[0]] for url in hub.told)
    hub.told.clear()
    return told


def test_the_hub_is_told_once_of_each_feed_that_has_something_new(desk: Desk) -> None:
    hub = Hub()
    assert announce(desk, hub, HUB, "https://watch.example", NOW) == 0
    bring(desk, 1, "月之暗面 Kimi 启动 200 万字无损上下文内测", NOW + MINUTE)
    assert announce(desk, hub, HUB, "https://watch.example", NOW + 2 * MINUTE) == 2
    assert subjects(desk, hub) == ["", "", "moonshot-ai", "moonshot-ai"]
    assert announce(desk, hub, HUB, "https://watch.example", NOW + 3 * MINUTE) == 0
    bring(desk, 2, "百度发布文心大模型 5.0", NOW + 4 * MINUTE)
    announce(desk, hub, HUB, "https://watch.example", NOW + 5 * MINUTE)
    assert subjects(desk, hub) == ["", "", "baidu", "baidu"]


@pytest.mark.parametrize("status", [None, 500, 404])
def test_a_hub_that_did_not_take_it_is_told_again(desk: Desk, status: int | None) -> None:
    hub = Hub()
    hub.status = status
    bring(desk, 1, "月之暗面 Kimi 启动 200 万字无损上下文内测", NOW + MINUTE)
    assert announce(desk, hub, HUB, "https://watch.example", NOW + 2 * MINUTE) == 0
    hub.status = 202
    assert announce(desk, hub, HUB, "https://watch.example", NOW + 3 * MINUTE) == 2

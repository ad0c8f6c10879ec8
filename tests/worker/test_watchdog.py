"""Silence is the worst failure: what goes wrong is told to the operator, once, and taken back when it is over."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.crawl import FetchState, Health
from crawlers.guard import Guard
from crawlers.sources import Source
from storage import outbox, queue, sources, watches
from tests.site.misdeeds import PAGES, XML, rss
from tests.site.server import Answer, Asked, Site
from worker.collector import Collector
from worker.deliver import Answer as Said
from worker.deliver import Request
from worker.delivery import deliver_due
from worker.desk import Desk
from worker.watchdog import tell_health, watch_over

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
OPERATOR = "webhook+https://ops.example.org/hook"


class Mailbox:
    """Takes every request."""

    def __init__(self) -> None:
        self.got: list[Request] = []

    def post(self, request: Request) -> Said:
        self.got.append(request)
        return Said(status=200, headers={}, body=b"ok")


def acme(url: str = "http://acme.example/feed") -> Source:
    return Source(
        id="acme", name="Acme blog", url=url, kind="rss", tier=1, language="en", pages="never", cadence_hours=99
    )


def test_a_source_that_fails_is_told_once_and_taken_back_when_it_recovers(desk: Desk) -> None:
    clock, box, works = [NOW], Mailbox(), [False]

    async def feed(_: Asked, answer: Answer) -> None:
        await answer.send(rss("One"), kind=XML) if works[0] else await answer.send("no", 502)

    with Site({**PAGES, "/feed": feed}) as site:
        known = replace(desk, sources={"acme": acme(site.base + "/feed")})

        def visit() -> None:
            collector = Collector(known, Guard(allow=site.allow), lambda: clock[0], delay=0.0)
            asyncio.run(collector.run(lambda: True))
            clock[0] += timedelta(hours=25)

        for expected in (0, 0, 1, 0, 0):
            visit()
            assert watch_over(desk, OPERATOR, clock[0] - timedelta(hours=25)) == expected
        deliver_due(desk, box, lambda: clock[0])
        (sent,) = box.got
        assert b"Acme blog (acme) is failing: HTTP status 502; last read never" in sent.body
        works[0] = True
        visit()
        assert _notices(desk) == []
        works[0] = False
        for _ in range(3):
            visit()
        assert watch_over(desk, OPERATOR, clock[0] - timedelta(hours=25)) == 1  # it failed anew


@pytest.mark.parametrize("health", [Health.FAILING, Health.BLOCKED, Health.GONE, Health.LATE])
def test_every_bad_health_raises_a_notice_and_every_good_one_settles_it(desk: Desk, health: Health) -> None:
    with desk.store.writing() as session:
        state = FetchState(failures=3, last_error="said so", first_success=NOW - timedelta(days=90))
        state = state.model_copy(update={"last_new_item": NOW - timedelta(days=60)})
        tell_health(session, acme(), health, state, NOW)
        (notice,) = sources.notices(session)
        assert health.value in notice.text
        tell_health(session, acme(), Health.QUIET, FetchState(), NOW)
        assert sources.notices(session) == []


def test_one_refusal_is_no_news(desk: Desk) -> None:
    with desk.store.writing() as session:
        tell_health(session, acme(), Health.BLOCKED, FetchState(failures=1, blocked=True), NOW)
        assert sources.notices(session) == []


def test_a_source_that_slept_before_we_came_is_no_news(desk: Desk) -> None:
    with desk.store.writing() as session:
        asleep = FetchState(first_success=NOW, last_new_item=NOW - timedelta(days=300))
        tell_health(session, acme(), Health.LATE, asleep, NOW)
        assert sources.notices(session) == []


def test_a_collector_without_a_heartbeat_is_told_and_taken_back(desk: Desk) -> None:
    desk.beat("collect", NOW)
    assert watch_over(desk, OPERATOR, NOW + timedelta(minutes=2)) == 0
    assert watch_over(desk, OPERATOR, NOW + timedelta(minutes=4)) == 1
    assert watch_over(desk, OPERATOR, NOW + timedelta(minutes=5)) == 0
    desk.beat("collect", NOW + timedelta(minutes=6))
    watch_over(desk, OPERATOR, NOW + timedelta(minutes=6))
    assert _notices(desk) == []


def test_work_set_aside_is_told_and_taken_back_when_replayed(desk: Desk) -> None:
    with desk.store.writing() as session:
        queue.push(session, "page", "d1", NOW)
        (work,) = queue.claim(session, ["page"], NOW, timedelta(minutes=1))
        queue.failed(session, work, "too much memory")
    assert watch_over(desk, OPERATOR, NOW) == 1
    assert "too much memory" in _notices(desk)[0].text
    with desk.store.writing() as session:
        queue.replay(session, NOW)
    watch_over(desk, OPERATOR, NOW)
    assert _notices(desk) == []


def test_a_visit_that_breaks_off_by_a_fault_of_ours_is_told_and_taken_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [NOW]

    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    with Site(PAGES) as site:
        known = replace(desk, sources={"acme": acme(site.base + "/good")})

        def run() -> None:
            asyncio.run(Collector(known, Guard(allow=site.allow), lambda: clock[0], delay=0.0).run(lambda: True))
            clock[0] += timedelta(hours=1)

        with monkeypatch.context() as patch:
            patch.setattr("worker.collect.crawl_source", broken)
            run()
        (notice,) = _notices(desk)
        assert "a fault of ours" in notice.text
        run()
        assert _notices(desk) == []


def test_a_storm_is_one_message_that_says_how_many(desk: Desk) -> None:
    with desk.store.writing() as session:
        for number in range(60):
            sources.notify(session, "source", f"s{number}", f"source {number} is failing", NOW)
    assert watch_over(desk, OPERATOR, NOW) == 60
    with desk.store.reading() as session:
        (delivery,) = outbox.recent(session)
        alert = watches.alert(session, delivery.alert_id)
    assert alert is not None
    assert "(+59)" in alert.title
    assert "40 more" in alert.body


def test_without_an_operator_notices_wait_for_one(desk: Desk) -> None:
    with desk.store.writing() as session:
        sources.notify(session, "gap", "acme", "missed some", NOW)
    assert watch_over(desk, "", NOW) == 0
    assert watch_over(desk, OPERATOR, NOW + timedelta(minutes=1)) == 1
    assert Counter(n.kind for n in _notices(desk)) == {"gap": 1}
    watch_over(desk, OPERATOR, NOW + timedelta(days=15))
    assert _notices(desk) == []  # what happened once does not stand for ever


def _notices(desk: Desk) -> list[sources.Notice]:
    with desk.store.reading() as session:
        return sources.notices(session)

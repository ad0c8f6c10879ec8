"""From document to message: at once or in a bundle, each destination once, and the same when rehearsed from the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from pipeline import rehearsal
from pipeline.records import RawDocument, Watch
from storage import alert_history, events, outbox, watches
from storage import rehearsal as past
from storage.tables import EventKeyRow
from worker import jobs
from worker.deliver import Answer, Request
from worker.delivery import deliver_due
from worker.desk import Desk

NOW = datetime(2024, 3, 18, 4, 20, tzinfo=UTC)
ROBOT = "wecom://12345678-key"
KIMI = "Kimi 智能助手启动 200 万字无损上下文内测"
SORA = "OpenAI 发布视频生成模型 Sora 正式版"


class Robot:
    """Takes every message."""

    def __init__(self) -> None:
        self.got: list[Request] = []

    def post(self, request: Request) -> Answer:
        self.got.append(request)
        return Answer(200, {}, b'{"errcode": 0}')


def watch(desk: Desk, id: str = "w", **given: Any) -> Watch:
    made = Watch(id=id, name=id, **{"companies": ("moonshot-ai", "openai"), "destinations": (ROBOT,), **given})
    with desk.store.writing() as session:
        watches.save(session, made)
    return made


def entry(title: str = KIMI, at: datetime = NOW, **given: Any) -> RawDocument:
    fields = {"source_id": "daily", "tier": 2, "url": f"https://example.com/{hash((title, at))}", "title": title}
    times = {"published_at": at, "published_precision": "time", "first_seen_at": at}
    return RawDocument(**{**fields, **times, "text": f"月之暗面与 OpenAI：{title}。", **given})


def come(desk: Desk, *entries: RawDocument, at: datetime = NOW) -> None:
    jobs.receive(desk, entries, at)
    jobs.process_due(desk, at)


def deliver(desk: Desk, at: datetime) -> list[str]:
    robot = Robot()
    clock: Callable[[], datetime] = lambda: at  # noqa: E731
    deliver_due(desk, robot, clock)
    return [request.body.decode() for request in robot.got]


def test_two_watches_with_one_destination_tell_it_once_and_name_both(desk: Desk) -> None:
    watch(desk, "first")
    watch(desk, "second", destinations=(ROBOT, "wecom://87654321-key"))
    come(desk, entry())
    told = deliver(desk, NOW)
    assert len(told) == 2  # one for each robot
    assert any("first" in body and "second" in body for body in told)


def test_an_hour_s_alerts_are_one_message_at_the_hour(desk: Desk) -> None:
    watch(desk, cadence="hourly")
    come(desk, entry(), entry(SORA))
    assert deliver(desk, NOW + timedelta(minutes=39)) == []
    [told] = deliver(desk, NOW + timedelta(minutes=40))
    assert "Kimi" in told
    assert "Sora" in told
    assert deliver(desk, NOW + timedelta(days=1)) == []


def test_a_bundle_reads_the_same_when_it_is_sent_again(desk: Desk) -> None:
    class Deaf(Robot):
        def post(self, request: Request) -> Answer:
            super().post(request)
            return Answer(200, {}, b'{"errcode": 45009}')

    watch(desk, cadence="hourly")
    come(desk, entry())
    robot = Deaf()
    deliver_due(desk, robot, lambda: NOW + timedelta(hours=1))
    come(desk, entry(SORA, NOW + timedelta(minutes=30)), at=NOW + timedelta(minutes=30))
    [again] = deliver(desk, NOW + timedelta(hours=1, minutes=1))
    assert again == robot.got[0].body.decode()


def test_quiet_hours_hold_what_comes_until_their_end(desk: Desk) -> None:
    watch(desk, quiet="12:00-13:00")  # 04:20 UTC is 12:20 in Shanghai
    come(desk, entry())
    assert deliver(desk, NOW + timedelta(minutes=39)) == []
    assert len(deliver(desk, NOW + timedelta(minutes=40))) == 1


def test_a_bundle_of_a_watch_that_was_removed_is_not_sent(desk: Desk) -> None:
    watch(desk, cadence="hourly")
    come(desk, entry())
    with desk.store.writing() as session:
        watches.remove(session, "w")
    assert deliver(desk, NOW + timedelta(hours=1)) == []
    with desk.store.reading() as session:
        [told] = alert_history.find(session)
    assert [d.state for d in told.deliveries] == ["dead"]


def test_a_change_of_watches_is_seen_by_the_next_batch(desk: Desk) -> None:
    come(desk, entry())
    standing = watch(desk)
    come(desk, entry(SORA, NOW + timedelta(minutes=1)), at=NOW + timedelta(minutes=1))
    with desk.store.writing() as session:
        watches.save(session, standing.model_copy(update={"paused": True}))
    come(desk, entry("OpenAI 宣布完成 66 亿美元融资", NOW + timedelta(minutes=2)), at=NOW + timedelta(minutes=2))
    with desk.store.reading() as session:
        assert len(outbox.recent(session)) == 1


def test_a_fresh_report_of_what_a_first_fetch_brought_is_news_once(desk: Desk) -> None:
    watch(desk)
    come(desk, entry(history=True))
    assert deliver(desk, NOW) == []
    later = NOW + timedelta(minutes=5)
    come(desk, entry("月之暗面 Kimi 启动 200 万字无损上下文内测", later, source_id="other"), at=later)
    assert len(deliver(desk, later)) == 1
    later += timedelta(minutes=5)
    come(desk, entry("Kimi 智能助手 200 万字无损上下文启动内测", later, source_id="third"), at=later)
    assert deliver(desk, later) == []


@pytest.mark.parametrize(
    "asked", [{}, {"companies": (), "words": ("内测",)}, {"companies": (), "securities": ("300364.SZ",)}]
)
def test_a_rehearsal_from_the_store_raises_the_alerts_that_were_raised(desk: Desk, asked: dict[str, Any]) -> None:
    standing = watch(desk, **asked)
    later = NOW + timedelta(hours=3)
    come(desk, entry(), entry(SORA), entry("OpenAI 收购初创公司", history=True))
    come(desk, entry("月之暗面：Kimi 200 万字无损上下文内测启动", later, source_id="official", tier=1), at=later)
    with desk.store.reading() as session:
        raised = {told.alert.id for told in alert_history.find(session)}
        found = past.histories(session, standing, NOW - timedelta(days=30))
        rehearsed = rehearsal.rehearse(found, [standing], desk.lexicon.knowledge, desk.zone)
    assert raised
    assert {alert.id for alert in rehearsed} == raised
    assert [alert.made_at for alert in rehearsed] == sorted(alert.made_at for alert in rehearsed)


def test_a_release_that_founds_two_events_is_told_once_and_so_it_is_when_rehearsed(desk: Desk) -> None:
    standing = watch(desk, companies=("cognition",), language="en")
    later = NOW + timedelta(hours=20)
    first = entry("Cognition Labs unveiled Devin", text="Cognition Labs unveiled Devin, a software engineer.")
    second = entry("程序员的饭碗一夜被砸", later, text="华人团队 Cognition 的 Devin 通过了公司面试，会写代码。")
    come(desk, first)
    with desk.store.writing() as session:
        session.execute(delete(EventKeyRow))  # clustering finds it no more
    come(desk, second, at=later)
    with desk.store.reading() as session:
        assert events.count(session) == 2
        raised = [told.alert for told in alert_history.find(session)]
        found = past.histories(session, standing, NOW - timedelta(days=30))
        rehearsed = rehearsal.rehearse(found, [standing], desk.lexicon.knowledge, desk.zone)
    assert [told.title for told in raised] == ["Cognition Labs unveiled Devin"]
    assert [told.id for told in rehearsed] == [told.id for told in raised]

"""A document's trip: in at the door, through every step, to one recorded end, however often it is rung."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import flow
from pipeline.query import plain
from pipeline.records import RawDocument, State
from storage import documents, events, finding, outbox, queue, watches
from storage.engine import open_store
from tests.factories import make_watch
from worker import jobs
from worker.desk import Desk

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
KIMI = "月之暗面宣布 Kimi 智能助手启动 200 万字无损上下文内测，去年 10 月发布时支持 20 万汉字。"


def raw(title: str, text: str = "", *, at: datetime = NOW, source: str = "daily", **given: object) -> RawDocument:
    return RawDocument(
        source_id=source,
        title=title,
        text=text,
        tier=2,
        published_at=at,
        published_precision="time",
        first_seen_at=NOW,
    ).model_copy(update=given)


def take_in(desk: Desk, raws: Sequence[RawDocument], now: datetime = NOW) -> tuple[str, ...]:
    ids = jobs.receive(desk, raws, now).ids
    while jobs.process_due(desk, now):
        pass
    return ids


def test_a_report_becomes_a_searchable_event_with_facts_and_reasoned_links(desk: Desk) -> None:
    (document_id,) = take_in(desk, [raw("Kimi 智能助手启动 200 万字无损上下文内测", KIMI)])
    with desk.store.reading() as session:
        fate = documents.fate(session, document_id)
        assert fate is not None
        assert fate.state is State.DONE
        event = events.get(session, fate.event_id or "")
        assert event is not None
        assert "moonshot-ai" in [c.id for c in event.companies]
        assert any(f.kind == "context_length" and f.value == 2_000_000 for f in event.facts)
        links = events.links_of(session, event.id)
        assert links
        assert all(link.reason.zh and link.reason.en and link.evidence and link.as_of for link in links)
        assert [hit.subject for hit in finding.find(session, plain("无损上下文"), kind="event")] == [event.id]


def test_the_same_report_again_adds_nothing(desk: Desk) -> None:
    report = raw("Kimi 智能助手启动 200 万字无损上下文内测", KIMI)
    take_in(desk, [report])
    again = jobs.receive(desk, [report], NOW + timedelta(hours=1))
    assert (again.new, again.known) == (0, 1)
    with desk.store.reading() as session:
        assert events.count(session) == 1


def test_an_item_about_something_else_is_rejected_with_its_reason(desk: Desk) -> None:
    (document_id,) = take_in(desk, [raw("周末北京有小雨，气温下降", "周末出门请带伞。")])
    with desk.store.reading() as session:
        fate = documents.fate(session, document_id)
    assert fate is not None
    assert (fate.state, fate.event_id) == (State.REJECTED, None)
    assert fate.reason


def test_a_batch_is_placed_in_order_of_time_whatever_order_it_came_in(desk: Desk) -> None:
    late = raw("月之暗面 Kimi 开启 200 万字上下文内测", KIMI, at=NOW + timedelta(hours=3), source="second")
    early = raw("Kimi 智能助手启动 200 万字无损上下文内测", KIMI + "今日开放申请。", source="first")
    take_in(desk, [late, early])
    with desk.store.reading() as session:
        (event,) = events.recent(session)
    assert event.published_at == early.published_at


def test_a_document_that_breaks_a_step_is_tried_three_times_and_its_neighbours_go_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(raw: RawDocument, lexicon: object, _read: object = flow.read) -> object:
        if raw.title.startswith("poison"):
            raise RuntimeError("boom")
        return _read(raw, lexicon)  # type: ignore[operator]  # the step itself

    monkeypatch.setattr(flow, "read", breaks)
    bad, good = jobs.receive(
        desk, [raw("poison"), raw("OpenAI releases GPT-5", "OpenAI released GPT-5 today.")], NOW
    ).ids
    tries = 0
    for minutes in range(0, 60, 5):
        tries += jobs.process_due(desk, NOW + timedelta(minutes=minutes))[State.PENDING]
    with desk.store.reading() as session:
        broken, fine = documents.fate(session, bad), documents.fate(session, good)
        aside = queue.quarantined(session)
    assert broken is not None
    assert fine is not None
    assert (broken.state, broken.step, fine.state) == (State.FAILED, "read", State.DONE)
    assert "boom" in broken.reason
    assert tries + 1 == queue.STRIKES
    assert [work.subject for work in aside] == [bad]


def test_a_watch_is_told_once_of_one_event_however_many_report_it(desk: Desk) -> None:
    with desk.store.writing() as session:
        watches.save(
            session, make_watch(id="kimi", companies=("moonshot-ai",), destinations=("wecom://0123456789abcdef",))
        )
    take_in(desk, [raw("Kimi 智能助手启动 200 万字无损上下文内测", KIMI, source="first")])
    later = NOW + timedelta(minutes=30)
    again = raw(
        "月之暗面：Kimi 智能助手启动 200 万字无损上下文内测", KIMI, at=later, source="second", first_seen_at=later
    )
    take_in(desk, [again], later)
    with desk.store.reading() as session:
        alerts = watches.alerts(session)
        deliveries = outbox.recent(session)
    assert len(alerts) == len(deliveries) == 1


def test_old_news_of_a_first_visit_is_filed_and_told_to_nobody(desk: Desk) -> None:
    with desk.store.writing() as session:
        watches.save(
            session, make_watch(id="kimi", companies=("moonshot-ai",), destinations=("wecom://0123456789abcdef",))
        )
    take_in(desk, [raw("Kimi 智能助手启动 200 万字无损上下文内测", KIMI, history=True)])
    with desk.store.reading() as session:
        assert events.count(session) == 1
        assert watches.alerts(session) == []


def test_a_claim_that_nobody_finished_comes_back_when_its_lease_is_over(desk: Desk) -> None:
    jobs.receive(desk, [raw("OpenAI releases GPT-5", "OpenAI released GPT-5 today.")], NOW)
    with desk.store.writing() as session:
        assert len(queue.claim(session, [documents.PROCESS], NOW, jobs.LEASE)) == 1
    assert jobs.process_due(desk, NOW + timedelta(minutes=1)).total() == 0
    assert jobs.process_due(desk, NOW + jobs.LEASE + timedelta(seconds=1))[State.DONE] == 1


def test_the_trip_is_the_same_on_postgresql(desk: Desk, postgres_url: str) -> None:
    reports = [
        raw("Kimi 智能助手启动 200 万字无损上下文内测", KIMI),
        raw("xAI open-sources Grok-1", "xAI released the weights of Grok-1, a 314B parameter model, under Apache 2.0."),
        raw("周末北京有小雨，气温下降", "周末出门请带伞。"),
    ]
    at_scale = Desk(store=open_store(postgres_url), lexicon=desk.lexicon, sources={}, zone=desk.zone)
    try:
        seen = []
        for one in (desk, at_scale):
            take_in(one, reports)
            with one.store.reading() as session:
                found = events.recent(session)
                seen.append(([e.model_dump() for e in found], documents.counts_by_state(session)))
        assert seen[0] == seen[1]
    finally:
        at_scale.store.close()


def test_a_document_that_kills_its_worker_each_time_ends_as_failed(desk: Desk) -> None:
    (document_id,) = jobs.receive(desk, [raw("OpenAI releases GPT-5", "OpenAI released GPT-5 today.")], NOW).ids
    at = NOW
    for _ in range(queue.SILENT):
        with desk.store.writing() as session:
            assert queue.claim(session, [documents.PROCESS], at, jobs.LEASE, silent=queue.SILENT)
        at += jobs.LEASE + timedelta(seconds=1)
    assert jobs.process_due(desk, at).total() == 0
    with desk.store.reading() as session:
        fate = documents.fate(session, document_id)
    assert fate is not None
    assert fate.state is State.FAILED
    assert fate.reason

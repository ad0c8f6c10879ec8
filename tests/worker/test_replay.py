"""Replay: today's rules beside what stands; shown first, taken over only when asked, ids and people's word kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline import flow
from pipeline.query import plain
from pipeline.records import Placement, RawDocument
from storage import events, finding
from storage.engine import open_store
from tests.worker.test_correct import (
    ANNA,
    LATER,
    NOW,
    assert_every_document_sits_in_exactly_one_event,
    event_of,
    held,
    raw,
    take_in,
)
from worker import correct
from worker.desk import Desk
from worker.replay import StoreMovedOn, rehearse, take

START = NOW - timedelta(days=1)
AFTER = datetime(2024, 4, 1, tzinfo=UTC)
OFF_TOPIC = RawDocument(
    source_id="first",
    title="周末北京有小雨，气温下降",
    text="周末出门请带伞。",
    tier=2,
    published_at=NOW,
    published_precision="time",
    first_seen_at=NOW,
)


def fill(desk: Desk) -> tuple[str, ...]:
    return take_in(desk, raw(0), raw(0, "second", 1), raw(1), raw(1, "second", 2), raw(2), OFF_TOPIC)


def founds(reading: flow.Reading, candidates: Any, lexicon: Any) -> Placement:
    """Rules of today that hold every document for an event of its own."""
    return Placement(event_id=reading.sketch.event_id, new=True)


def test_the_same_rules_change_nothing(desk: Desk) -> None:
    fill(desk)
    before = held(desk)
    replayed = rehearse(desk, START)
    found = replayed.changes
    assert (found.documents, found.events_before, found.events_after) == (6, 3, 3)
    assert [found.moved, found.appear, found.vanish, found.differ] == [(), (), (), ()]
    take(desk, replayed, START, None, AFTER)
    after = held(desk)
    for kept in ("events", "sketches", "event_keys", "event_tags", "links", "scores", "found"):
        assert after[kept] == before[kept]


def test_a_rehearsal_shows_what_would_change_and_touches_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kimi, again, *_ = fill(desk)
    before = held(desk)
    event = event_of(desk, kimi)
    monkeypatch.setattr(flow, "place", founds)
    found = rehearse(desk, START).changes
    assert held(desk) == before
    assert [moved.document_id for moved in found.moved if moved.before.event_id == event.id] == [again]
    assert len(found.appear) == 2
    assert found.vanish == ()
    assert {differ.event_id for differ in found.differ} >= {event.id}


def test_what_is_taken_over_keeps_the_id_of_the_founding_document(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kimi, again, *_ = fill(desk)
    event = event_of(desk, kimi)
    monkeypatch.setattr(flow, "place", founds)
    take(desk, rehearse(desk, START), START, None, AFTER)
    assert event_of(desk, kimi).id == event.id
    assert event_of(desk, again).id not in (event.id, None)
    assert_every_document_sits_in_exactly_one_event(desk)


def test_an_event_that_vanishes_leads_to_the_one_that_took_its_founding_document(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kimi, _, grok, *_ = fill(desk)
    old = event_of(desk, grok).id
    first = event_of(desk, kimi).id
    monkeypatch.setattr(
        flow, "place", lambda r, c, x: Placement(event_id=first, new=r.sketch.event_id == first, follows=None)
    )
    replayed = rehearse(desk, START)
    assert {gone.event_id: gone.leads_to for gone in replayed.changes.vanish}[old] == first
    take(desk, replayed, START, None, AFTER)
    with desk.store.reading() as session:
        found = events.get(session, old)
        assert found is not None
        assert found.id == first
        assert [hit.subject for hit in finding.find(session, plain(""), kind="event")] == [first]
    assert_every_document_sits_in_exactly_one_event(desk)


def test_a_persons_word_stands_against_todays_rules(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kimi, again, grok, _, nvidia, _ = fill(desk)
    survivor = event_of(desk, kimi).id
    correct.merge(desk, survivor, event_of(desk, grok).id, ANNA)
    correct.move(desk, again, event_of(desk, nvidia).id, ANNA)
    correct.retitle(desk, event_of(desk, nvidia).id, None, "Chips", ANNA)
    correct.mark(desk, survivor, "noise", ANNA)
    before = (event_of(desk, kimi), event_of(desk, nvidia))
    monkeypatch.setattr(flow, "place", founds)
    replayed = rehearse(desk, START)
    assert replayed.changes.moved == ()
    take(desk, replayed, START, None, AFTER)
    assert (event_of(desk, kimi), event_of(desk, nvidia)) == before
    assert event_of(desk, grok).id == survivor
    assert_every_document_sits_in_exactly_one_event(desk)


def test_what_is_off_topic_by_todays_rules_leaves_its_event(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kimi, again, *_ = fill(desk)
    event = event_of(desk, kimi)
    read = flow.read

    def doubts(one: RawDocument, lexicon: Any) -> flow.Reading:
        reading = read(one, lexicon)
        is_off = reading.document.id == again
        tags = reading.tags.model_copy(update={"relevant": False, "reason": "not today"}) if is_off else reading.tags
        return reading.model_copy(update={"tags": tags})

    monkeypatch.setattr(flow, "read", doubts)
    replayed = rehearse(desk, START)
    assert [(m.document_id, m.after.state) for m in replayed.changes.moved] == [(again, "rejected")]
    take(desk, replayed, START, None, AFTER)
    assert [report.document_id for report in event_of(desk, kimi).reports] == [kimi]
    assert event_of(desk, kimi).id == event.id
    assert_every_document_sits_in_exactly_one_event(desk)


def test_only_the_time_asked_for_is_made_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kimi, again, *_ = fill(desk)
    monkeypatch.setattr(flow, "place", founds)
    replayed = rehearse(desk, NOW + timedelta(minutes=90))
    assert replayed.changes.documents == 1
    take(desk, replayed, NOW + timedelta(minutes=90), None, AFTER)
    assert event_of(desk, kimi).id == event_of(desk, again).id
    assert_every_document_sits_in_exactly_one_event(desk)


def test_a_document_that_comes_in_meanwhile_stops_the_taking_over(desk: Desk) -> None:
    fill(desk)
    replayed = rehearse(desk, START)
    take_in(desk, raw(0, "third", 3), now=LATER)
    before = held(desk)
    with pytest.raises(StoreMovedOn):
        take(desk, replayed, START, None, AFTER)
    assert held(desk) == before


def test_corrections_and_replay_are_the_same_on_postgresql(desk: Desk, postgres_url: str) -> None:
    at_scale = Desk(store=open_store(postgres_url), lexicon=desk.lexicon, sources={}, zone=desk.zone)
    seen = []
    try:
        for one in (desk, at_scale):
            kimi, again, grok, *_, nvidia, _ = fill(one)
            before = held(one, but=("search_rows",))
            merged = correct.merge(one, event_of(one, kimi).id, event_of(one, grok).id, ANNA)
            correct.undo(one, merged.id, ANNA)
            assert held(one, but=("search_rows",)) == before
            correct.move(one, again, event_of(one, nvidia).id, ANNA)
            correct.merge(one, event_of(one, kimi).id, event_of(one, grok).id, ANNA)
            take(one, rehearse(one, START), START, None, AFTER)
            seen.append(held(one, but=("search_rows",)))
        assert seen[0] == seen[1]
    finally:
        at_scale.store.close()

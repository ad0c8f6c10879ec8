"""What a store says of how the product fares."""

from __future__ import annotations

from datetime import timedelta

from pipeline.records import State
from storage import documents, gauges, outbox, queue, sources
from storage.engine import Store
from storage.readiness import SILENT, reasons_against
from storage.sources import SourceState
from tests.factories import make_alert
from tests.storage.factories import DAY, MINUTE, NOW, finish, make_raw, take


def read(store: Store) -> gauges.Gauges:
    with store.reading() as session:
        return gauges.read(session, NOW)


def test_an_empty_store_has_nothing_to_tell(store: Store) -> None:
    found = read(store)
    assert [delay.count for delay in found.delays] == [0, 0, 0]
    assert (found.work, found.sources, found.deliveries, found.waiting_since) == ((), {}, {}, None)


def test_delays_are_taken_stage_by_stage_from_what_ended_lately(store: Store) -> None:
    with store.writing() as session:
        for number, late in enumerate((1, 3, 60 * 30)):
            seen = NOW - 10 * MINUTE
            raw = make_raw(number, first_seen_at=seen, published_at=seen - late * MINUTE)
            finish(session, take(session, raw), event_id="e1", now=NOW - 4 * MINUTE)
        old = make_raw(9, first_seen_at=NOW - DAY)
        finish(session, take(session, old), State.REJECTED, now=NOW - 2 * gauges.LATELY)
    found = read(store)
    collect, process, _ = found.delays
    assert (collect.count, collect.seconds[1.0]) == (2, 180)
    assert (process.count, process.seconds[0.5]) == (3, 360)
    assert found.finished == {state.value: 0 for state in State} | {"done": 3}
    assert found.events_touched == 1


def test_queue_sources_and_deliveries_are_counted(store: Store) -> None:
    with store.writing() as session:
        documents.receive(session, [make_raw(1), make_raw(2)], NOW - 5 * MINUTE)
        for name, health in (("a", "fine"), ("b", "failing"), ("c", "failing")):
            sources.save_state(session, SourceState(source_id=name, health=health, last_success_at=NOW - DAY))
        outbox.push(session, make_alert(), ["mailto:a@b.example", "mailto:c@d.example"], NOW - MINUTE)
        (first, _) = outbox.claim(session, NOW - MINUTE, timedelta(hours=1))
        outbox.finish(session, first, "sent", "ok", NOW)
        queue.beat(session, "collect", NOW - MINUTE)
    found = read(store)
    (work,) = found.work
    assert (work.count, work.due, work.oldest) == (2, 2, NOW - 5 * MINUTE)
    assert found.sources == {"fine": 1, "failing": 2}
    assert found.deliveries == {"sent": 1, "sending": 1}
    assert found.delays[2].seconds[1.0] == 60
    assert found.heartbeats == {"collect": NOW - MINUTE}


def test_an_installation_is_ready_until_a_part_that_ran_falls_silent(store: Store) -> None:
    assert reasons_against(store, NOW) == []
    with store.writing() as session:
        queue.beat(session, "collect", NOW)
    assert reasons_against(store, NOW + SILENT) == []
    (reason,) = reasons_against(store, NOW + SILENT + MINUTE)
    assert "collect has been silent since" in reason

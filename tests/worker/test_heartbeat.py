"""A daily word that all is quiet, which nobody could take for a collector that is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.records import Alert, Watch
from storage import outbox, sources, watches
from storage.sources import SourceState
from tests.factories import make_alert
from worker.desk import Desk
from worker.heartbeat import tell_quiet

MORNING = datetime(2024, 3, 20, 0, 1, tzinfo=UTC)
"""A minute past eight in Shanghai."""
TO = "mailto:a@example.com"


def asked(desk: Desk, id: str = "w", **given: Any) -> None:
    fields = {"destinations": (TO,), "heartbeat": True, "language": "en"}
    with desk.store.writing() as session:
        watches.save(session, Watch(id=id, name=id, **{**fields, **given}))


def lives(desk: Desk, at: datetime = MORNING) -> None:
    for part in ("collect", "process"):
        desk.beat(part, at)
    with desk.store.writing() as session:
        sources.save_state(session, SourceState(source_id="acme", last_success_at=at - timedelta(hours=1)))


def told(desk: Desk) -> list[Alert]:
    with desk.store.reading() as session:
        found = [watches.alert(session, delivery.alert_id) for delivery in outbox.recent(session)]
    return [alert for alert in found if alert and alert.id.startswith("quiet-")]


def test_a_quiet_day_is_said_once_to_each_destination(desk: Desk) -> None:
    asked(desk)
    asked(desk, "same destination")
    asked(desk, "nobody asked", heartbeat=False, destinations=("mailto:b@example.com",))
    lives(desk)
    assert [tell_quiet(desk, MORNING + timedelta(minutes=n)) for n in range(3)] == [1, 0, 0]
    [alert] = told(desk)
    assert alert.title.startswith("All quiet")
    assert "1 sources read" in alert.body
    lives(desk, MORNING + timedelta(days=1))
    assert tell_quiet(desk, MORNING + timedelta(days=1)) == 1


def test_a_collector_that_is_down_is_never_called_quiet(desk: Desk) -> None:
    asked(desk)
    lives(desk, MORNING - timedelta(minutes=30))
    assert tell_quiet(desk, MORNING) == 1
    [alert] = told(desk)
    assert "Cannot say" in alert.title
    assert "collect: silent since" in alert.body


def test_a_day_on_which_no_source_was_read_is_never_called_quiet(desk: Desk) -> None:
    asked(desk)
    for part in ("collect", "process"):
        desk.beat(part, MORNING)
    tell_quiet(desk, MORNING)
    assert "no source was read" in told(desk)[0].body


def test_who_was_told_something_is_not_told_of_quiet(desk: Desk) -> None:
    asked(desk)
    lives(desk)
    with desk.store.writing() as session:
        watches.save_alert(session, make_alert())
        outbox.push(session, make_alert(), [TO], MORNING - timedelta(hours=5))
    assert tell_quiet(desk, MORNING) == 0
    lives(desk, MORNING + timedelta(days=1))
    assert tell_quiet(desk, MORNING + timedelta(days=1)) == 1


def test_a_morning_long_past_is_let_go(desk: Desk) -> None:
    asked(desk)
    lives(desk)
    assert tell_quiet(desk, MORNING + timedelta(hours=9)) == 0

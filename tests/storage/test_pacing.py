"""What may go to a destination when, on both stores."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage import outbox, pacing
from storage.engine import Store
from storage.pacing import Limit, Parcel
from tests.factories import make_alert
from tests.storage.factories import DAY, MINUTE, NOW


def two_a_minute(_address: str) -> tuple[Limit, ...]:
    return (Limit(most=2, seconds=60),)


def take(store: Store, now: datetime, busy: frozenset[bytes] = frozenset()) -> Parcel | None:
    with store.writing() as session:
        return pacing.take(session, now, MINUTE, two_a_minute, busy)


def push(store: Store, *ids: str, importance: float = 10) -> None:
    with store.writing() as session:
        for id in ids:
            outbox.push(session, make_alert(id=id, importance=importance), ["a"], NOW)


def test_a_limit_leaves_room_for_the_important_and_the_rest_go_together(store: Store) -> None:
    push(store, "one", "two", "three")
    first = take(store, NOW)
    assert first is not None
    assert [delivery.alert_id for delivery in first.deliveries] == ["one", "two", "three"]
    push(store, "bulk")
    assert take(store, NOW + timedelta(seconds=1)) is None
    push(store, "urgent", importance=90)
    second = take(store, NOW + timedelta(seconds=2))
    assert second is not None
    assert [delivery.alert_id for delivery in second.deliveries] == ["urgent"]
    push(store, "urgent too", importance=90)
    assert take(store, NOW + timedelta(seconds=3)) is None
    third = take(store, NOW + timedelta(seconds=70))
    assert third is not None
    assert [delivery.alert_id for delivery in third.deliveries] == ["urgent too"]


def test_a_destination_at_rest_or_busy_is_left_alone_each_rest_longer(store: Store) -> None:
    push(store, "one")
    rests = []
    with store.writing() as session:
        first = pacing.take(session, NOW, MINUTE, lambda _address: ())
        assert first is not None
        outbox.finish(session, first.deliveries[0], "failed", "no route", NOW, NOW)
        for _ in range(9):
            pacing.rest(session, first.mark, NOW)
            seconds = range(0, 700, 5)
            rests.append(next(n for n in seconds if outbox.due(session, NOW + timedelta(seconds=n), 1)))
    assert rests == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert take(store, NOW + DAY, frozenset({first.mark})) is None
    assert take(store, NOW + DAY) is not None


def test_what_failed_to_reach_a_destination_is_due_once_it_is_back(store: Store) -> None:
    push(store, "one")
    first = take(store, NOW)
    assert first is not None
    with store.writing() as session:
        outbox.finish(session, first.deliveries[0], "failed", "no route", NOW, NOW + DAY)
        pacing.rest(session, first.mark, NOW)
        pacing.answered(session, first.mark, NOW + MINUTE)
        assert outbox.next_due(session) == NOW + MINUTE


def test_a_closed_destination_says_so_until_it_is_opened(store: Store) -> None:
    push(store, "one", "two")
    with store.writing() as session:
        mark = outbox.mark(session, "a")
        assert pacing.close(session, mark, "410", NOW)
        assert not pacing.close(session, mark, "410 again", NOW)
    closed = take(store, NOW)
    assert closed is not None
    assert closed.closed == "410 again"
    with store.writing() as session:
        outbox.reopen(session, mark)
    opened = take(store, NOW)
    assert opened is not None
    assert opened.closed == ""

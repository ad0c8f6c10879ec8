from __future__ import annotations

import pytest

from storage import outbox
from storage.engine import Store
from tests.factories import make_alert
from tests.storage.factories import DAY, MINUTE, NOW


def test_an_alert_goes_to_each_destination_once(store: Store) -> None:
    with store.writing() as session:
        assert outbox.push(session, make_alert(), ["mailto:a@example.com", "mailto:b@example.com"], NOW) == 2
        assert outbox.push(session, make_alert(), ["mailto:a@example.com"], NOW) == 0
        claimed = outbox.claim(session, NOW, MINUTE)
        assert {d.destination for d in claimed} == {"mailto:a@example.com", "mailto:b@example.com"}
        assert {(d.state, d.attempts, d.repeat) for d in claimed} == {("sending", 1, False)}
        assert outbox.claim(session, NOW, MINUTE) == []


def test_a_message_id_names_its_alert_and_destination(store: Store) -> None:
    long = "webhook+https://example.com/" + "x" * 5000
    with store.writing() as session:
        outbox.push(session, make_alert(), [long, "a"], NOW)
        outbox.push(session, make_alert(id="another"), ["a"], NOW)
        by_destination = {(d.alert_id, d.destination): d.message_id for d in outbox.recent(session)}
    assert by_destination[make_alert().id, long] == "msg_2def4c09d71d11f3547bb2e7"
    assert len(set(by_destination.values())) == 3


def test_a_sent_delivery_is_over(store: Store) -> None:
    with store.writing() as session:
        outbox.push(session, make_alert(), ["a"], NOW)
        (delivery,) = outbox.claim(session, NOW, MINUTE)
        assert outbox.finish(session, delivery, "sent", "200 ok", NOW + MINUTE)
        assert outbox.claim(session, NOW + DAY, MINUTE) == []
        (kept,) = outbox.recent(session, ["sent"])
        assert (kept.answer, kept.finished_at) == ("200 ok", NOW + MINUTE)
        assert outbox.counts_by_state(session) == {"sent": 1}
        assert outbox.next_due(session) is None


@pytest.mark.parametrize(("state", "is_repeat"), [("failed", False), ("unknown", True)])
def test_a_delivery_that_did_not_surely_arrive_is_tried_again_at_its_time(
    store: Store, state: str, is_repeat: bool
) -> None:
    with store.writing() as session:
        outbox.push(session, make_alert(), ["a"], NOW)
        (first,) = outbox.claim(session, NOW, MINUTE)
        outbox.finish(session, first, state, "timeout", NOW, NOW + DAY)  # type: ignore[arg-type]
        assert outbox.next_due(session) == NOW + DAY
        assert outbox.claim(session, NOW + DAY - MINUTE, MINUTE) == []
        (again,) = outbox.claim(session, NOW + DAY, MINUTE)
        assert (again.message_id, again.attempts, again.repeat) == (first.message_id, 2, is_repeat)


def test_a_sender_that_vanished_leaves_a_marked_repeat(store: Store) -> None:
    with store.writing() as session:
        outbox.push(session, make_alert(), ["a"], NOW)
        (vanished,) = outbox.claim(session, NOW, MINUTE)
        (again,) = outbox.claim(session, NOW + MINUTE, MINUTE)
        assert (again.repeat, again.attempts) == (True, 2)
        assert not outbox.finish(session, vanished, "sent", "late", NOW + MINUTE)
        assert outbox.finish(session, again, "sent", "ok", NOW + MINUTE)
        tried = [(a.attempt, a.state, a.answer) for a in outbox.history(session, again.id)]
    assert tried == [(1, "unknown", "sender vanished"), (2, "sent", "ok")]


def test_a_dead_delivery_waits_for_a_person(store: Store) -> None:
    with store.writing() as session:
        outbox.push(session, make_alert(), ["a"], NOW)
        (delivery,) = outbox.claim(session, NOW, MINUTE)
        assert outbox.finish(session, delivery, "failed", "410 gone", NOW)
        assert outbox.recent(session)[0].state == "dead"
        assert outbox.claim(session, NOW + DAY, MINUTE) == []
        assert outbox.revive(session, delivery.id, NOW + DAY)
        assert not outbox.revive(session, delivery.id, NOW + DAY)
        assert len(outbox.claim(session, NOW + DAY, MINUTE)) == 1


def test_an_alert_and_a_digest_of_one_name_are_two(store: Store) -> None:
    with store.writing() as session:
        assert outbox.push_one(session, "alert", "x", "a", NOW)
        assert outbox.push_one(session, "digest", "x", "a", NOW)
        assert len(outbox.of_alert(session, "x", "digest")) == 1
        assert len({d.message_id for d in outbox.recent(session)}) == 2

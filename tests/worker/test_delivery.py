"""The outbox over a destination that answers, refuses, keeps silent: nothing lost, nothing told twice unmarked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.records import Alert
from storage import outbox, watches
from tests.factories import make_alert
from worker.deliver import Answer, NoAnswer, NotReached, Request
from worker.delivery import LADDER, LEASE, deliver_due
from worker.desk import Desk

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
ROBOT = "wecom://0123456789abcdef"


class Vendor:
    """A robot's side of the wire: answers as told, and keeps what it was sent."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.taken: list[Request] = []

    def post(self, request: Request) -> Answer:
        answer = self.answers.pop(0) if self.answers else said(0)
        if isinstance(answer, Exception):
            raise answer
        self.taken.append(request)
        return answer


def said(code: int) -> Answer:
    return Answer(200, {}, b'{"errcode": %d, "errmsg": "as told"}' % code)


@pytest.fixture
def alert(desk: Desk) -> Alert:
    made = make_alert()
    with desk.store.writing() as session:
        watches.save_alert(session, made)
        outbox.push(session, made, [ROBOT], NOW)
    return made


def at(now: datetime) -> Callable[[], datetime]:
    return lambda: now


def state(desk: Desk) -> outbox.Delivery:
    with desk.store.reading() as session:
        (delivery,) = outbox.recent(session)
    return delivery


def test_a_taken_alert_is_sent_once(desk: Desk, alert: Alert) -> None:
    vendor = Vendor()
    assert deliver_due(desk, vendor, at(NOW)) == {"sent": 1}
    assert deliver_due(desk, vendor, at(NOW + timedelta(days=9))).total() == 0
    assert len(vendor.taken) == 1


def test_a_200_that_means_no_is_tried_again_later_under_the_same_message_id(desk: Desk, alert: Alert) -> None:
    vendor = Vendor(said(45009))
    deliver_due(desk, vendor, at(NOW))
    waiting = state(desk)
    assert waiting.state == "failed"
    assert waiting.not_before >= NOW + LADDER[0]
    assert deliver_due(desk, vendor, at(NOW)).total() == 0
    assert deliver_due(desk, vendor, at(waiting.not_before)) == {"sent": 1}
    assert state(desk).message_id == waiting.message_id


def test_a_destination_out_of_reach_is_tried_for_three_days_and_then_given_up(desk: Desk, alert: Alert) -> None:
    vendor = Vendor(*(NotReached("no route") for _ in range(20)))
    now, tries = NOW, 0
    while (found := state(desk)).state != "dead":
        now = max(now, found.not_before)
        tries += deliver_due(desk, vendor, at(now)).total()
    assert tries == len(LADDER) + 1
    assert timedelta(hours=75) <= now - NOW <= timedelta(hours=84)
    with desk.store.writing() as session:
        assert outbox.revive(session, found.id, now)
    assert deliver_due(desk, Vendor(), at(now)) == {"sent": 1}


def test_a_sender_that_vanished_is_followed_by_one_marked_repeat(desk: Desk, alert: Alert) -> None:
    with desk.store.writing() as session:
        assert len(outbox.claim(session, NOW, LEASE)) == 1
    vendor = Vendor()
    assert deliver_due(desk, vendor, at(NOW)).total() == 0
    assert deliver_due(desk, vendor, at(NOW + LEASE + timedelta(seconds=1))) == {"sent": 1}
    assert state(desk).repeat


def test_only_the_delivery_on_the_wire_is_under_way(desk: Desk, alert: Alert) -> None:
    """A slow or killed sender must not make a repeat of what it never began: its lease would end, and another send it too."""
    with desk.store.writing() as session:
        outbox.push(session, alert, ["wecom://second-0123456789", "wecom://third-0123456789"], NOW)

    class Cut(Vendor):
        """A robot during whose first answer the sender is killed."""

        def post(self, request: Request) -> Answer:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(desk, Cut(), at(NOW))
    with desk.store.reading() as session:
        assert outbox.counts_by_state(session) == {"sending": 1, "new": 2}
    deliver_due(desk, Vendor(), at(NOW + LEASE + timedelta(seconds=1)))
    with desk.store.reading() as session:
        assert sorted(delivery.repeat for delivery in outbox.recent(session)) == [False, False, True]


def test_an_answer_that_never_came_is_asked_for_once_more_at_most(desk: Desk, alert: Alert) -> None:
    vendor = Vendor(NoAnswer("cut off"), NoAnswer("cut off again"), NoAnswer("and again"))
    now = NOW
    for _ in range(6):
        deliver_due(desk, vendor, at(now))
        now += timedelta(days=2)
    assert len(vendor.answers) == 1


def test_a_bad_destination_hinders_no_other(desk: Desk, alert: Alert) -> None:
    with desk.store.writing() as session:
        outbox.push(session, alert, ["carrier-pigeon://loft"], NOW)
    assert deliver_due(desk, Vendor(), at(NOW)) == {"sent": 1, "dead": 1}

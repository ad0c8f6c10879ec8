"""Bursts, limits and destinations that are down or gone, on a clock of the test's own: nobody is lost, told twice or kept waiting."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.records import Alert, Watch
from storage import outbox, sources, watches
from tests.factories import make_alert
from worker.deliver import Answer, NotReached, Outcome, Refused, Request, Sent
from worker.deliver.limits import limits_of
from worker.deliver.mail import Server
from worker.delivery import deliver_due
from worker.desk import Desk

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
KEY = "0123456789abcdef"
VENDORS = {
    "wecom": (
        f"wecom://{KEY}",
        b'{"errcode": 0, "errmsg": "ok"}',
        b'{"errcode": 45009, "errmsg": "api freq out of limit"}',
    ),
    "feishu": (f"feishu://{KEY}", b'{"code": 0, "msg": "success"}', b'{"code": 11232, "msg": "frequency limited"}'),
    "lark": (f"lark://{KEY}", b'{"code": 0, "msg": "success"}', b'{"code": 11232, "msg": "frequency limited"}'),
    "dingtalk": (f"dingtalk://{KEY}", b'{"errcode": 0, "errmsg": "ok"}', b'{"errcode": 130101, "errmsg": "too fast"}'),
    "slack": ("slack://T000AAA/B000BBB/XXXXXXXXXXXX", b"ok", b"rate_limited"),
    "telegram": (
        "telegram://123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11/-100123",
        b'{"ok": true}',
        b'{"ok": false, "error_code": 429}',
    ),
    "webhook": ("webhook+https://example.com/hook", b"", b""),
}


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Limited:
    """A vendor that lets through what it documents, and refuses the rest."""

    def __init__(self, address: str, yes: bytes, no: bytes, clock: Clock) -> None:
        self.rules, self.yes, self.no, self.clock = limits_of(address), yes, no, clock
        self.taken: list[tuple[datetime, str]] = []
        self.refused = 0

    def post(self, request: Request) -> Answer:
        self.clock.now += timedelta(milliseconds=20)
        for rule in self.rules:
            since = self.clock.now - timedelta(seconds=rule.seconds)
            if sum(at > since for at, _ in self.taken) >= rule.most:
                self.refused += 1
                return Answer(429 if self.no == b"rate_limited" else 200, {}, self.no)
        self.taken.append((self.clock.now, json.dumps(json.loads(request.body), ensure_ascii=False)))
        return Answer(200, {}, self.yes)


def queue_alerts(desk: Desk, addresses: list[str], many: int, important: frozenset[int] = frozenset()) -> None:
    with desk.store.writing() as session:
        for number in range(many):
            score = 90.0 if number in important else 20.0
            alert = make_alert(id=f"alert-{number:04}", title=f"News №{number:04}.", importance=score, made_at=NOW)
            watches.save_alert(session, alert)
            outbox.push(session, alert, addresses, NOW)


def run(desk: Desk, vendor: object, clock: Clock, until: timedelta, step: Callable[[], timedelta]) -> None:
    """Deliver until nothing is left, or a time has passed."""
    while clock.now - NOW < until:
        deliver_due(desk, vendor, clock, Server("mail.example.com"))  # type: ignore[arg-type]
        with desk.store.reading() as session:
            if outbox.next_due(session) is None:
                return
        clock.now += step()


@pytest.mark.parametrize("channel", VENDORS)
def test_500_alerts_at_once_reach_a_limited_vendor_the_important_first(desk: Desk, channel: str) -> None:
    address, yes, no = VENDORS[channel]
    clock = Clock()
    vendor = Limited(address, yes, no, clock)
    queue_alerts(desk, [address], 500, important=frozenset({250, 499}))
    run(desk, vendor, clock, timedelta(minutes=10), lambda: timedelta(milliseconds=250))
    named = Counter(number for _, text in vendor.taken for number in set(re.findall(r"№(\d{4})", text)))
    assert len(named) == 500
    assert set(named.values()) == {1}
    assert vendor.refused == 0
    first = next(at for at, text in vendor.taken if "№0250" in text)
    assert first - NOW < timedelta(seconds=2)
    assert vendor.taken[-1][0] - NOW < timedelta(minutes=4)


def test_500_alerts_at_once_reach_a_mailbox_at_its_pace(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    box = Limited("mailto:analyst@example.com", b"250 taken", b"450 too many", clock)

    def hand_over(alert: Alert, *_: object, **__: object) -> Outcome:
        answer = box.post(Request("", {}, json.dumps({"title": alert.title, "body": alert.body}).encode()))
        return Sent() if answer.body == box.yes else Refused(answer.text, retry=True)

    monkeypatch.setattr("worker.deliver.mail.send", hand_over)
    queue_alerts(desk, ["mailto:analyst@example.com"], 500, important=frozenset({250}))
    run(desk, box, clock, timedelta(minutes=10), lambda: timedelta(milliseconds=250))
    assert Counter(re.findall(r"№(\d{4})", " ".join(text for _, text in box.taken))).total() == 500
    assert box.refused == 0
    assert "№0250" in box.taken[0][1]


def test_an_important_alert_finds_room_though_bulk_has_used_its_share(desk: Desk) -> None:
    address, yes, no = VENDORS["wecom"]
    clock = Clock()
    vendor = Limited(address, yes, no, clock)
    queue_alerts(desk, [address], 500)
    deliver_due(desk, vendor, clock)
    assert len(vendor.taken) == 15
    with desk.store.writing() as session:
        alert = make_alert(id="late", title="Important №9999.", importance=95)
        watches.save_alert(session, alert)
        outbox.push(session, alert, [address], clock.now)
    deliver_due(desk, vendor, clock)
    assert "№9999" in vendor.taken[-1][1]
    assert clock.now - NOW < timedelta(seconds=2)


def test_a_few_alerts_are_each_a_message_of_their_own(desk: Desk) -> None:
    address, yes, no = VENDORS["wecom"]
    clock = Clock()
    vendor = Limited(address, yes, no, clock)
    queue_alerts(desk, [address], 5)
    deliver_due(desk, vendor, clock)
    assert len(vendor.taken) == 5


def test_one_of_ten_destinations_down_for_a_day_keeps_no_other_waiting_and_hears_all_once(desk: Desk) -> None:
    addresses = [f"wecom://robot-number-{number}" for number in range(10)]
    clock, heard = Clock(), Counter[tuple[str, str]]()
    late: list[tuple[str, str]] = []

    class Network:
        """Ten robots; the one numbered 3 cannot be reached for a day, and each try to reach it takes five seconds."""

        tries = 0

        def post(self, request: Request) -> Answer:
            robot = parse_qs(urlsplit(request.url).query)["key"][0]
            if robot.endswith("3") and clock.now - NOW < timedelta(days=1):
                self.tries += 1
                clock.now += timedelta(seconds=5)
                raise NotReached("no route")
            for number in set(re.findall(r"№(\d{4})", request.body.decode())):
                heard[robot, number] += 1
                if not robot.endswith("3") and clock.now - made[number] > timedelta(seconds=60):
                    late.append((robot, number))
            return Answer(200, {}, VENDORS["wecom"][1])

    network, made = Network(), {f"{number:04}": NOW + timedelta(hours=number) for number in range(24)}
    for number, at in made.items():
        clock.now = max(clock.now, at)
        with desk.store.writing() as session:
            alert = make_alert(id=f"alert-{number}", title=f"News №{number}.", made_at=at)
            watches.save_alert(session, alert)
            outbox.push(session, alert, addresses, clock.now)
        for minutes in range(0, 60, 10):
            clock.now = max(clock.now, at + timedelta(minutes=minutes))
            deliver_due(desk, network, clock)
    clock.now = NOW + timedelta(days=1, minutes=11)
    for _ in range(40):
        deliver_due(desk, network, clock)
        clock.now += timedelta(minutes=15)
    assert heard == Counter({(address[8:], number): 1 for address in addresses for number in made})
    assert late == []
    assert network.tries < 200


def test_a_slow_destination_keeps_only_itself_waiting(desk: Desk) -> None:
    going, done = threading.Event(), []

    class Slow:
        """A robot that thinks until the others are done."""

        def post(self, request: Request) -> Answer:
            if "slow" in request.url:
                assert going.wait(10)
            done.append(request.url)
            if sum("quick" in url for url in done) == 6:
                going.set()
            return Answer(200, {}, VENDORS["wecom"][1])

    queue_alerts(desk, ["wecom://slow-robot-one", "wecom://quick-robot-1", "wecom://quick-robot-2"], 3)
    began = time.monotonic()
    assert deliver_due(desk, Slow(), Clock(), hands=3) == {"sent": 9}
    assert time.monotonic() - began < 9
    assert [url for url in done if "slow" in url] == done[-3:]


def test_too_fast_holds_the_whole_destination_for_as_long_as_it_says(desk: Desk) -> None:
    clock, calls = Clock(), []

    class Busy:
        def post(self, request: Request) -> Answer:
            calls.append(clock.now)
            return Answer(429, {"retry-after": "120"}, b"") if len(calls) == 1 else Answer(204, {}, b"")

    queue_alerts(desk, ["webhook+https://example.com/hook"], 3)
    deliver_due(desk, Busy(), clock)
    clock.now += timedelta(seconds=119)
    deliver_due(desk, Busy(), clock)
    assert len(calls) == 1
    clock.now += timedelta(seconds=200)
    assert deliver_due(desk, Busy(), clock) == {"sent": 3}


def test_a_destination_that_is_gone_is_switched_off_told_of_and_opened_again_by_a_replay(desk: Desk) -> None:
    hook, clock = "webhook+https://example.com/secret-path", Clock()

    class Gone:
        calls = 0

        def post(self, request: Request) -> Answer:
            self.calls += 1
            return Answer(410 if self.calls == 1 else 204, {}, b"secret-path is gone")

    with desk.store.writing() as session:
        watches.save(session, Watch(id="mine", name="mine", destinations=(hook,)))
    queue_alerts(desk, [hook], 3)
    vendor = Gone()
    assert deliver_due(desk, vendor, clock) == {"dead": 3}
    assert vendor.calls == 1
    with desk.store.writing() as session:
        [notice] = sources.notices(session, ["destination"])
        assert "watches test mine" in notice.text
        assert "secret-path" not in notice.text
        dead = outbox.recent(session, ["dead"])
        assert "secret-path" not in "".join(delivery.answer for delivery in dead)
        assert all(outbox.revive(session, delivery.id, clock.now) for delivery in dead)
    assert deliver_due(desk, vendor, clock) == {"sent": 3}

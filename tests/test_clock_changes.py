"""Whenever clocks are put forward or back, each instant stands in one period and each slot comes once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pipeline import timing
from pipeline.digest.period import Day, Month, Week
from tests.factories import make_watch
from worker.schedule import latest_slot

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut")
"""By an hour, in either hemisphere; by half an hour; at midnight, so that a day has no beginning."""
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)


def changes(name: str) -> list[datetime]:
    """The instants of 2026 to 2030 at which a zone's clocks change, to the minute."""
    zone, found = ZoneInfo(name), []
    for days in range((LAST - FIRST).days):
        early, late = FIRST + timedelta(days=days), FIRST + timedelta(days=days + 1)
        if early.astimezone(zone).utcoffset() == late.astimezone(zone).utcoffset():
            continue
        while late - early > timedelta(minutes=1):
            middle = early + (late - early) // 2
            same = middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset()
            early, late = (middle, late) if same else (early, middle)
        found.append(late)
    return found


def around(change: datetime) -> Iterator[datetime]:
    """Two days before and after a change by quarters of an hour, and the minutes next to it."""
    yield from sorted(
        {change + timedelta(minutes=15 * n) for n in range(-192, 193)}
        | {change + timedelta(minutes=n) for n in range(-3, 4)}
    )


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_instant_is_in_one_week_one_day_and_one_month(zone: str) -> None:
    found = changes(zone)
    assert len(found) == 10
    for change in found:
        for when in around(change):
            day = when.astimezone(ZoneInfo(zone)).date()
            week = Week.of(day, zone)
            beside = [week.previous(), week, Week.of(day + timedelta(days=7), zone)]
            assert [one.holds(when) for one in beside] == [False, True, False], when
            assert [one.end for one in beside[:2]] == [one.start for one in beside[1:]]
            days = [Day.parse(f"{day + timedelta(days=n)}", zone) for n in (-1, 0, 1)]
            assert [one.holds(when) for one in days] == [False, True, False], when
            assert Month.parse(f"{day:%Y-%m}", zone).holds(when)


@pytest.mark.parametrize("kind", ["day", "week"])
def test_each_slot_of_a_digest_comes_once_at_eight(zone: str, kind: str) -> None:
    for change in changes(zone):
        slots = [latest_slot(kind, when, ZoneInfo(zone)).astimezone(UTC) for when in around(change)]
        assert slots == sorted(slots)
        instants = list(around(change))
        came = [(instants[n], slots[n]) for n in range(1, len(slots)) if slots[n] != slots[n - 1]]
        assert all(timedelta() <= when - slot < timedelta(minutes=15) for when, slot in came)
        hours = [slot.astimezone(ZoneInfo(zone)) for _, slot in came]
        assert all((at.hour, at.minute) == (8, 0) for at in hours)
        assert len({at.date() for at in hours}) == len(hours)
        assert len(hours) == 4 if kind == "day" else len(hours) <= 1


def test_a_watch_is_told_each_day_and_each_hour_once(zone: str) -> None:
    daily = make_watch(cadence="daily", daily_at="02:30", timezone=zone)  # a time that is skipped, or comes twice
    hourly = make_watch(cadence="hourly", timezone=zone)
    for change in changes(zone):
        briefs = sorted({_held(timing.slot(daily, when, ())) for when in around(change)})
        days: list[date] = [at.astimezone(ZoneInfo(zone)).date() for at in briefs]
        assert len(days) == len(set(days))
        assert all(late - early <= timedelta(hours=25) for early, late in pairwise(briefs))
        for when in around(change):
            assert timedelta() < _held(timing.slot(hourly, when, ())) - when <= timedelta(hours=1), when


def _held(at: datetime | None) -> datetime:
    assert at is not None
    return at

"""When a watch is told: at once, at the hour, in the morning, around trading; never in its quiet hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.load import load
from pipeline import markets, timing
from pipeline.hours import Market
from tests.factories import make_watch

SHANGHAI = ZoneInfo("Asia/Shanghai")
MARKETS = load().taxonomy.markets
BY_ID: dict[str, Any] = {market.id: market for market in MARKETS}


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("watch", "made", "told"),
    [
        ({}, "2024-03-18 23:30", None),
        ({"quiet": "22:00-07:30"}, "2024-03-18 12:00", None),
        ({"quiet": "22:00-07:30"}, "2024-03-18 22:00", "2024-03-19 07:30"),
        ({"quiet": "22:00-07:30"}, "2024-03-19 07:29", "2024-03-19 07:30"),
        ({"quiet": "22:00-07:30"}, "2024-03-19 07:30", None),
        ({"quiet": "12:00-13:00"}, "2024-03-18 12:59", "2024-03-18 13:00"),
        ({"cadence": "hourly"}, "2024-03-18 12:00", "2024-03-18 13:00"),
        ({"cadence": "hourly"}, "2024-03-18 12:59:59", "2024-03-18 13:00"),
        ({"cadence": "hourly", "quiet": "22:00-07:30"}, "2024-03-18 21:30", "2024-03-19 07:30"),
        ({"cadence": "daily"}, "2024-03-18 07:59", "2024-03-18 08:00"),
        ({"cadence": "daily"}, "2024-03-18 08:00", "2024-03-19 08:00"),
        ({"cadence": "daily", "daily_at": "18:30"}, "2024-03-18 18:29", "2024-03-18 18:30"),
        ({"sessions": ("shanghai:before_open",)}, "2024-03-18 08:00", "2024-03-18 09:00"),
        ({"sessions": ("shanghai:midday", "shanghai:before_open")}, "2024-03-18 09:00", "2024-03-18 11:35"),
        ({"sessions": ("shanghai:before_open",)}, "2024-03-15 16:00", "2024-03-18 09:00"),  # over a weekend
        ({"sessions": ("shanghai:before_open",)}, "2024-02-08 16:00", "2024-02-19 09:00"),  # over New Year
        ({"sessions": ("shanghai:before_open",)}, "2024-02-17 16:00", "2024-02-19 09:00"),  # offices work, markets rest
        ({"sessions": ("new_york:before_open",)}, "2024-03-08 21:30", "2024-03-08 22:00"),  # winter time there
        ({"sessions": ("new_york:before_open",)}, "2024-03-11 20:30", "2024-03-11 21:00"),  # summer time there
        ({"sessions": ("new_york:after_close",)}, "2024-11-29 22:00", "2024-11-30 02:05"),  # closes at one
        ({"sessions": ("new_york:midday",)}, "2024-03-18 22:00", "2024-03-19 00:50"),  # no break: half of the day
        ({"sessions": ("hong_kong:after_close",)}, "2024-12-24 10:00", "2024-12-24 12:15"),  # closes at noon
        ({"sessions": ("hong_kong:midday",)}, "2024-12-24 10:00", "2024-12-27 12:05"),  # and has no midday
    ],
)
def test_an_alert_is_told_at_the_time_that_its_watch_asks_for(
    watch: dict[str, Any], made: str, told: str | None
) -> None:
    cadence = {"cadence": "sessions"} if "sessions" in watch else {}
    asked = make_watch(**(cadence | watch))
    assert timing.slot(asked, at(made), MARKETS) == (at(told) if told else None)


def test_quiet_hours_go_by_the_zone_of_the_watch() -> None:
    watch = make_watch(quiet="22:00-07:00", timezone="America/New_York")
    assert timing.slot(watch, at("2024-03-18 12:00"), MARKETS) is not None  # midnight in New York
    assert timing.slot(watch, at("2024-03-18 23:00"), MARKETS) is None


@settings(max_examples=200, deadline=None)
@given(
    made=st.datetimes(datetime(2023, 1, 1), datetime(2027, 1, 1)),
    cadence=st.sampled_from(["at_once", "hourly", "daily", "sessions"]),
    quiet=st.sampled_from(["", "22:00-07:30", "01:00-05:00", "00:00-23:59"]),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]),
    session=st.sampled_from([f"{m}:{s}" for m in get_args(Market) for s in ("before_open", "midday", "after_close")]),
)
def test_what_is_held_is_held_for_a_later_time_outside_the_quiet_hours(
    made: datetime, cadence: str, quiet: str, zone: str, session: str
) -> None:
    sessions = (session,) if cadence == "sessions" else ()
    watch = make_watch(cadence=cadence, quiet=quiet, timezone=zone, sessions=sessions)
    now = made.replace(tzinfo=UTC)
    slot = timing.slot(watch, now, MARKETS)
    if slot is not None:
        assert now < slot < now + timedelta(days=22)
        assert timing.quiet_until(watch, slot) == slot
        assert timing.slot_after(watch, slot, MARKETS) > slot
    else:
        assert cadence == "at_once"
        assert timing.quiet_until(watch, now) == now


def test_the_brief_that_has_come_is_the_latest_one() -> None:
    watch = make_watch(daily_at="08:00")
    assert timing.daily_slot(watch, at("2024-03-18 07:59")) == at("2024-03-17 08:00")
    assert timing.daily_slot(watch, at("2024-03-18 08:00")) == at("2024-03-18 08:00")


@pytest.mark.parametrize(
    ("market", "day", "opens"),
    [
        ("shanghai", "2024-10-01", False),
        ("shanghai", "2024-10-12", False),  # a Saturday that offices work
        ("hong_kong", "2024-10-01", False),
        ("hong_kong", "2024-10-02", True),
        ("new_york", "2024-10-01", True),
        ("new_york", "2024-07-04", False),
    ],
)
def test_a_market_rests_on_its_own_holidays(market: str, day: str, opens: bool) -> None:
    assert markets.is_trading_day(BY_ID[market], date.fromisoformat(day)) is opens

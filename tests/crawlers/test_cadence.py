"""When to ask a source again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.cadence import LONGEST, SHORTEST, after_failure, asked_for, by_ttl, counted, observed_gap, shares, wait

NOW = datetime(2024, 3, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MORNING = tuple(50 if 8 <= h < 11 else 0 for h in range(24))


@pytest.mark.parametrize("tier", [1, 2, 3])
@pytest.mark.parametrize("gap_hours", [0.01, 0.2, 1, 6, 24, 168, 5000])
def test_a_wait_is_between_five_minutes_and_a_day(tier: int, gap_hours: float) -> None:
    assert SHORTEST <= wait(tier, gap_hours, (), NOW) <= LONGEST


def test_busy_sources_are_asked_more_often_but_not_in_proportion() -> None:
    slow, busy = wait(2, 16, (), NOW), wait(2, 1, (), NOW)
    assert 2.3 < slow / busy < 2.7  # the cube root of 16


def test_official_sources_are_asked_more_often_than_others() -> None:
    assert wait(1, 24, (), NOW) < wait(2, 24, (), NOW) < wait(3, 24, (), NOW)


def test_a_source_is_asked_more_often_in_its_usual_hours() -> None:
    morning, night = NOW.replace(hour=8), NOW.replace(hour=20)
    assert wait(1, 24, MORNING, morning) < wait(1, 24, (), morning) < wait(1, 24, MORNING, night)


def test_a_long_wait_ends_when_the_usual_hours_begin() -> None:
    before = NOW.replace(hour=7, minute=0)
    assert before + wait(2, 12, MORNING, before) <= NOW.replace(hour=8, minute=45)


def test_thrift_asks_less() -> None:
    assert wait(2, 1, (), NOW, thrift=10) > 5 * wait(2, 1, (), NOW)
    assert wait(3, 5000, (), NOW, thrift=100) == LONGEST


def test_a_profile_has_mean_one_and_a_few_items_do_not_make_a_habit() -> None:
    assert sum(shares(MORNING)) == pytest.approx(24)
    assert max(shares((0,) * 8 + (1,) + (0,) * 15)) < 2
    assert shares(()) == pytest.approx([1.0] * 24)


def test_hours_are_counted_in_utc_and_forgotten_slowly() -> None:
    counts = counted((), [datetime(2024, 3, 18, 10, tzinfo=UTC)] * 300)
    assert counts[10] == 300
    assert counted(counts, [datetime(2024, 3, 18, 11, tzinfo=UTC)] * 200)[10] == 150


def test_the_gap_follows_what_is_seen() -> None:
    gap = 72.0
    for _ in range(30):
        gap = observed_gap(gap, HOUR, 2)
    assert gap == pytest.approx(0.5, rel=0.1)
    assert observed_gap(24, HOUR, 0) == 24


def test_failures_double_the_wait_up_to_a_day() -> None:
    waits = [after_failure(n, HOUR) for n in range(1, 40)]
    assert waits == sorted(waits)
    assert waits[1] == 2 * waits[0]
    assert waits[-1] == LONGEST


def test_a_wish_is_honoured_up_to_a_day() -> None:
    assert after_failure(1, HOUR, asked=7200) == 2 * HOUR
    assert after_failure(1, HOUR, asked=1e9) == LONGEST


@pytest.mark.parametrize(
    ("headers", "hours"),
    [
        ({"cache-control": "public, max-age=3600"}, 1),
        ({"cache-control": "max-age=7200", "age": "3600"}, 1),
        ({"cache-control": "max-age=31536000"}, 6),
        ({"cache-control": "no-cache", "expires": "Wed, 20 Mar 2024 14:00:00 GMT"}, 0),
        ({"expires": "Wed, 20 Mar 2024 14:00:00 GMT"}, 2),
        ({"expires": "0"}, 0),
        ({"expires": "Wed, 20 Mar 2024 10:00:00 GMT"}, 0),
        ({}, 0),
    ],
)
def test_cache_headers_are_a_wish_too(headers: dict[str, str], hours: float) -> None:
    assert asked_for(headers, NOW) == hours * HOUR


def test_a_feeds_own_ttl_is_a_wish_of_an_hour_at_most() -> None:
    assert by_ttl(30) == timedelta(minutes=30)
    assert by_ttl(1440) == HOUR
    assert by_ttl(None) == timedelta()

"""Markets: the trading days of a market, and the moments of a day at which its people read. Hours of trade are knowledge; holidays
and half days come from the `holidays` package's financial calendars.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from knowledge.schema import Market
from pipeline.hours import clock

DAYS_AHEAD = 21
"""Longer than any market closes: Shanghai's longest holiday so far was ten days."""

BEFORE = timedelta(minutes=30)
"""How long before the first trade people read."""
AFTER = timedelta(minutes=5)
"""How long after trading paused or ended there is time to."""


def is_trading_day(market: Market, day: date) -> bool:
    """Whether a market opens that day. Weekends are closed, also those that Chinese offices work through."""
    return day.weekday() < 5 and day not in _days(market.calendar, "public", day.year)


def is_half_day(market: Market, day: date) -> bool:
    """Whether a market closes early that day, as far as its calendar tells."""
    return market.half_day_closes is not None and day in _days(market.calendar, "half_day", day.year)


def next_session(sessions: Sequence[str], after: datetime, markets: Iterable[Market]) -> datetime | None:
    """The first of some moments, as `shanghai:before_open`, that comes after a time; None without any."""
    known = {market.id: market for market in markets}
    asked = [(known[market], moment) for market, _, moment in (s.partition(":") for s in sessions) if market in known]
    return min((at for market, moment in asked for at in _coming(market, moment, after)), default=None)


def _coming(market: Market, moment: str, after: datetime) -> Iterator[datetime]:
    """The next time of one moment: at most one."""
    today = after.astimezone(ZoneInfo(market.zone)).date()
    for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD)):
        at = _moment(market, moment, day) if is_trading_day(market, day) else None
        if at is not None and at > after:
            yield at
            return


def _moment(market: Market, moment: str, day: date) -> datetime | None:
    """When a moment of a trading day is; a day that ends before the midday break has no midday."""
    half = market.half_day_closes if is_half_day(market, day) else None
    opens, closes = (_on(day, of_day, market) for of_day in (market.opens, half or market.closes))
    if moment == "before_open":
        return opens - BEFORE
    if moment == "after_close":
        return closes + AFTER
    pause = (
        _on(day, market.break_from, market)
        if market.break_from
        else opens + (_on(day, market.closes, market) - opens) / 2
    )
    return pause + AFTER if not half or pause + BEFORE < closes else None


def _on(day: date, of_day: str, market: Market) -> datetime:
    return datetime.combine(day, clock(of_day), ZoneInfo(market.zone)).astimezone(UTC)


@cache
def _days(calendar: str, category: str, year: int) -> frozenset[date]:
    kinds = holidays.financial_holidays(calendar).supported_categories
    if category not in kinds:
        return frozenset()
    return frozenset(holidays.financial_holidays(calendar, years=year, categories=(category,)))

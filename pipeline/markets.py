"""Markets: the trading days of Shanghai, Hong Kong and New York, and the moments of a day at which their people read.

Holidays and half days come from the `holidays` package's financial calendars (XSHG, XHKG, XNYS). Hours of trade as the
exchanges' rules give them: Shanghai 9:30-11:30 and 13:00-15:00, Hong Kong 9:30-12:00 and 13:00-16:00 with a closing auction
until 16:10, New York 9:30-16:00; a half day ends at noon in Hong Kong and at 13:00 in New York.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

DAYS_AHEAD = 21
"""Longer than any market closes: Shanghai's longest holiday so far was ten days."""


class Exchange(NamedTuple):
    """A market's calendar, and when its moments are: half an hour before the first trade, the midday break, after the last."""

    calendar: str
    zone: ZoneInfo
    before_open: time
    midday: time
    after_close: time
    half_day_close: time | None = None


MARKETS = {
    "shanghai": Exchange("XSHG", ZoneInfo("Asia/Shanghai"), time(9, 0), time(11, 35), time(15, 5)),
    "hong_kong": Exchange("XHKG", ZoneInfo("Asia/Hong_Kong"), time(9, 0), time(12, 10), time(16, 15), time(12, 10)),
    "new_york": Exchange("XNYS", ZoneInfo("America/New_York"), time(9, 0), time(12, 30), time(16, 5), time(13, 5)),
}


def is_trading_day(market: str, day: date) -> bool:
    """Whether a market opens that day. Weekends are closed, also those that Chinese offices work through."""
    return day.weekday() < 5 and day not in _days(MARKETS[market].calendar, "public", day.year)


def is_half_day(market: str, day: date) -> bool:
    """Whether a market closes early that day, as far as its calendar tells."""
    return day in _days(MARKETS[market].calendar, "half_day", day.year)


def next_session(sessions: tuple[str, ...], after: datetime) -> datetime | None:
    """The first of some moments, as `shanghai:before_open`, that comes after a time; None without any."""
    return min((at for session in sessions for at in _coming(session, after)), default=None)


def _coming(session: str, after: datetime) -> Iterator[datetime]:
    """The next time of one moment: at most one."""
    market, _, moment = session.partition(":")
    exchange = MARKETS[market]
    today = after.astimezone(exchange.zone).date()
    for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD)):
        at = _moment(market, moment, day) if is_trading_day(market, day) else None
        if at is not None and at > after:
            yield at
            return


def _moment(market: str, moment: str, day: date) -> datetime | None:
    """When a moment of a trading day is; a half day that ends at noon has no midday."""
    exchange = MARKETS[market]
    at = {"before_open": exchange.before_open, "midday": exchange.midday, "after_close": exchange.after_close}[moment]
    if exchange.half_day_close and is_half_day(market, day):
        if moment == "midday" and exchange.midday >= exchange.half_day_close:
            return None
        at = exchange.half_day_close if moment == "after_close" else at
    return datetime.combine(day, at, exchange.zone).astimezone(UTC)


@cache
def _days(calendar: str, category: str, year: int) -> frozenset[date]:
    kinds = holidays.financial_holidays(calendar).supported_categories
    if category not in kinds:
        return frozenset()
    return frozenset(holidays.financial_holidays(calendar, years=year, categories=(category,)))

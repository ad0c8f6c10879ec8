"""When to ask a source again: adapted to how often it brings something new, and to what its server asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=24)
FULL_FETCH_EVERY = timedelta(hours=24)
"""Validators lie (a frozen ETag, a date in 2041): once a day an answer is asked for without them."""

_TIER_FLOOR = {1: timedelta(minutes=5), 2: timedelta(minutes=10), 3: timedelta(minutes=15)}
_TIER_CEILING = {1: timedelta(minutes=60), 2: timedelta(minutes=90), 3: timedelta(hours=3)}
"""Between these, by tier: an official page is asked often however seldom it brings news: most answers are 304."""
_ASKS_PER_ITEM = 6.0
"""How many times to ask between two items as they usually come: the delay is then a twelfth of their distance."""
_FIRST_RETRY = timedelta(minutes=5)
_ASKED_FOR_CEILING = timedelta(hours=6)
"""A server that says `max-age=31536000` of a feed is mistaken."""


def interval(tier: int, gap_hours: float) -> timedelta:
    """How long to wait where an item is expected every `gap_hours`."""
    wanted = timedelta(hours=gap_hours / _ASKS_PER_ITEM)
    return min(max(wanted, _TIER_FLOOR[tier], SHORTEST), _TIER_CEILING[tier], LONGEST)


def after_failure(failures: int, ordinary: timedelta, asked: float | None = None) -> timedelta:
    """How long to wait after so many failures in a row: doubling up to a day, and never for good.

    `asked` is the Retry-After in seconds, honoured up to a day.
    """
    wait = min(max(_FIRST_RETRY, ordinary / 4) * float(2 ** min(failures - 1, 12)), LONGEST)
    return min(max(wait, timedelta(seconds=asked or 0)), LONGEST)


def observed_gap(before: float, since_last_new: timedelta, fresh: int) -> float:
    """The hours between items as now believed, after `fresh` items came in `since_last_new`: a moving average."""
    if fresh <= 0:
        return before
    latest = max(since_last_new / timedelta(hours=1) / fresh, 0.05)
    return 0.7 * before + 0.3 * latest


def asked_for(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long the server asks to wait by Cache-Control or Expires; six hours at most."""
    control = headers.get("cache-control", "")
    if match := re.search(r"max-age\s*=\s*\"?(\d{1,9})", control, re.I):
        age = re.fullmatch(r"\s*(\d{1,9})\s*", headers.get("age", ""))
        wait = timedelta(seconds=max(0, int(match.group(1)) - (int(age.group(1)) if age else 0)))
    elif "no-cache" in control or "no-store" in control or "expires" not in headers:
        return timedelta()
    else:
        wait = _until(headers["expires"], now)
    return min(wait, _ASKED_FOR_CEILING)


def _until(text: str, now: datetime) -> timedelta:
    try:
        until: datetime = parsedate_to_datetime(text)
        return max(until - now, timedelta())
    except (ValueError, TypeError):
        return timedelta()

"""When to ask a source again: by how often, and at which hours, it brings something new, and by what its server asks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import cbrt

SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=24)
FULL_FETCH_EVERY = timedelta(hours=24)
"""Validators lie (a frozen ETag, a date in 2041): once a day an answer is asked for without them."""

HOURS = 24
_CEILING = {1: timedelta(hours=2), 2: timedelta(hours=4), 3: timedelta(hours=8)}
"""By tier: an official page is asked often however seldom it brings news; most answers are a 304."""
_PATIENCE = {1: 0.37, 2: 0.48, 3: 0.72}
"""By tier, how many hours we wait with a source that brings an item an hour (see `wait`)."""
_HOUR = timedelta(hours=1)
_SMOOTHING = 12.0
"""Items' worth of even hours mixed into a profile: a few items do not make a habit."""
_FIRST_RETRY = timedelta(minutes=5)
_ASKED_FOR_CEILING = timedelta(hours=6)
"""A server that says `max-age=31536000` of a feed is mistaken."""


def wait(tier: int, gap_hours: float, hours: Sequence[int], now: datetime, thrift: float = 1.0) -> timedelta:
    """How long to wait where an item is expected every `gap_hours`, at the hours of the day (UTC) that items came.

    Long waits hurt more than short ones: of all ways to spend a number of visits, the mean of items' squared waits is least
    if a source that is n times as busy is asked the cube root of n times as often. (The square root makes the plain mean
    least, at the expense of the slow tenth.) So the cube root of the rate, as it goes through the day, is added up until
    patience ends. `thrift` of 11 asks about a tenth as often, for a collector of very many sources.
    """
    profile = shares(hours)
    ceiling = min(_CEILING[tier] * thrift, LONGEST) / _HOUR
    start = now.astimezone(UTC)
    hour, left = start.hour, 1.0 - (start - start.replace(minute=0, second=0, microsecond=0)) / _HOUR
    patience, waited = _PATIENCE[tier] * thrift, 0.0
    while waited < ceiling:
        pace = cbrt(profile[hour] / gap_hours)
        if patience <= pace * left:
            waited += patience / pace
            break
        patience, waited = patience - pace * left, waited + left
        hour, left = (hour + 1) % HOURS, 1.0
    return min(max(waited * _HOUR, SHORTEST), ceiling * _HOUR)


def shares(hours: Sequence[int]) -> list[float]:
    """For each hour of the day how busy it is: 1 is the mean. Neighbouring hours lend each other their counts."""
    counts = list(hours) if len(hours) == HOURS else [0] * HOURS
    even = [
        0.5 * counts[h] + 0.25 * counts[h - 1] + 0.25 * counts[(h + 1) % HOURS] + _SMOOTHING / HOURS
        for h in range(HOURS)
    ]
    mean = sum(even) / HOURS
    return [value / mean for value in even]


def counted(hours: Sequence[int], times: Iterable[datetime]) -> tuple[int, ...]:
    """The hours of the day at which items came, with some more of them; halved before they grow stiff."""
    counts = list(hours) if len(hours) == HOURS else [0] * HOURS
    for time in times:
        counts[time.astimezone(UTC).hour] += 1
    return tuple(count // 2 for count in counts) if sum(counts) > 400 else tuple(counts)


def after_failure(failures: int, ordinary: timedelta, asked: float | None = None) -> timedelta:
    """How long to wait after so many failures in a row: doubling up to a day, and never for good.

    `asked` is the Retry-After in seconds, honoured up to a day.
    """
    pause = min(max(_FIRST_RETRY, ordinary / 4) * float(2 ** min(failures - 1, 12)), LONGEST)
    return min(max(pause, timedelta(seconds=asked or 0)), LONGEST)


def observed_gap(before: float, since_last_new: timedelta, fresh: int) -> float:
    """The hours between items as now believed, after `fresh` items came in `since_last_new`: a moving average."""
    if fresh <= 0:
        return before
    latest = max(since_last_new / timedelta(hours=1) / fresh, 0.05)
    weight = 1 - 0.85 ** min(fresh, 10)
    return (1 - weight) * before + weight * latest


def asked_for(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long the server asks to wait by Cache-Control or Expires; six hours at most."""
    control = headers.get("cache-control", "")
    if match := re.search(r"max-age\s*=\s*\"?(\d{1,9})", control, re.I):
        age = re.fullmatch(r"\s*(\d{1,9})\s*", headers.get("age", ""))
        pause = timedelta(seconds=max(0, int(match.group(1)) - (int(age.group(1)) if age else 0)))
    elif "no-cache" in control or "no-store" in control or "expires" not in headers:
        return timedelta()
    else:
        pause = _until(headers["expires"], now)
    return min(pause, _ASKED_FOR_CEILING)


def by_ttl(minutes: int | None) -> timedelta:
    """How long a feed's own `ttl` asks to wait; an hour at most, since templates write days."""
    return min(timedelta(minutes=minutes or 0), timedelta(hours=1))


def _until(text: str, now: datetime) -> timedelta:
    try:
        until: datetime = parsedate_to_datetime(text)
        return max(until - now, timedelta())
    except (ValueError, TypeError):
        return timedelta()

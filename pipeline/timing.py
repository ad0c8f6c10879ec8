"""Timing: when a watch is told of what met it. At once, in a bundle at the next full hour, in a daily brief, or in a bundle at
a moment of a trading day; and never within its quiet hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from knowledge.schema import Market
from pipeline.hours import clock, quiet_hours
from pipeline.markets import next_session
from pipeline.records import Alert, Watch


def slot(watch: Watch, at: datetime, markets: Sequence[Market]) -> datetime | None:
    """The time for which an alert made now is held, strictly later than now; None where it is told at once."""
    if watch.cadence == "at_once":
        end = quiet_until(watch, at)
        return None if end == at else end
    return quiet_until(watch, _bundle_time(watch, at, markets))


def slot_after(watch: Watch, closed: datetime, markets: Sequence[Market]) -> datetime:
    """The time for which an alert is held that came too late for a bundle just closed."""
    return slot(watch, closed, markets) or closed + timedelta(minutes=1)


def messages(watch: Watch, told: Sequence[Alert], markets: Sequence[Market]) -> int:
    """In how many messages some alerts would have been told."""
    slots = [slot(watch, alert.made_at, markets) for alert in told]
    return len({at for at in slots if at}) + slots.count(None)


def quiet_until(watch: Watch, at: datetime) -> datetime:
    """The time itself, or the end of the quiet hours that it falls in."""
    hours = quiet_hours(watch.quiet)
    if hours is None:
        return at
    zone = ZoneInfo(watch.timezone)
    local = at.astimezone(zone)
    start, end = hours
    now = local.time()
    is_quiet = start <= now < end if start < end else (now >= start or now < end)
    if not is_quiet:
        return at
    day = local.date() if now < end else local.date() + timedelta(days=1)
    return max(at, datetime.combine(day, end, zone).astimezone(UTC))


def daily_slot(watch: Watch, at: datetime) -> datetime:
    """The latest time of a watch's daily brief that has come."""
    return _daily(watch, at, -1)


def _bundle_time(watch: Watch, at: datetime, markets: Sequence[Market]) -> datetime:
    """When the next bundle of a watch is due, strictly after a time."""
    if watch.cadence == "hourly":
        return _next_hour(at, ZoneInfo(watch.timezone))
    if watch.cadence == "sessions" and (moment := next_session(watch.sessions, at, markets)):
        return moment
    return _daily(watch, at, 1)


def _next_hour(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at.astimezone(UTC) - past + timedelta(hours=1)


def _daily(watch: Watch, at: datetime, step: int) -> datetime:
    """The time of the brief next to a time: the first after it (1), or the last that has come (-1)."""
    zone, of_day = ZoneInfo(watch.timezone), clock(watch.daily_at)
    today = at.astimezone(zone).date()
    around = [_instant(today + timedelta(days=d), of_day, zone) for d in (-1, 0, 1)]
    return next(t for t in around if t > at) if step > 0 else max(t for t in around if t <= at)


def _instant(day: date, of_day: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, of_day, zone).astimezone(UTC)

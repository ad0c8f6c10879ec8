"""The time that a digest covers: a day, a week from Monday to Sunday or a month, in the report's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from pipeline.records import Record

P = TypeVar("P", bound="Period")


class WrongPeriod(ValueError):
    """A period that cannot be read, does not exist or has not begun."""

    def __init__(self, label: str, why: str) -> None:
        super().__init__(f"{label!r} is not a period to report on: {why}")
        self.label = label


class Period(Record):
    """Whole days in a zone, and the day on which the report of them is published."""

    kind: Literal["day", "week", "month"]
    label: str
    """`2024-03-18`, `2024-W12` or `2024-03`."""
    first_day: date
    last_day: date
    zone: str

    @property
    def start(self) -> datetime:
        """The first instant, aware UTC."""
        return _midnight(self.first_day, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant after it, aware UTC."""
        return _midnight(self.last_day + timedelta(days=1), self.zone)

    @property
    def published_on(self) -> date:
        """The day after the last: for a week, the Monday."""
        return self.last_day + timedelta(days=1)

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it, in order."""
        return tuple(self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1))

    def holds(self, when: datetime) -> bool:
        """Whether an instant falls in it."""
        return self.start <= when < self.end

    def local(self, when: datetime) -> datetime:
        """An instant on the report's clock."""
        return when.astimezone(ZoneInfo(self.zone))

    def day_of(self, when: datetime) -> date:
        """The calendar day of an instant in the report's zone."""
        return self.local(when).date()


class Week(Period):
    """Monday to Sunday."""

    kind: Literal["day", "week", "month"] = "week"

    @classmethod
    def of(cls, day: date, zone: str) -> Week:
        """The week that holds a day."""
        year, number, weekday = day.isocalendar()
        first = day - timedelta(days=weekday - 1)
        label = f"{year}-W{number:02}"
        return cls(label=label, first_day=first, last_day=first + timedelta(days=6), zone=zone)

    @classmethod
    def parse(cls, label: str, zone: str, today: date | None = None) -> Week:
        """The week of `2024-W12`. Raises WrongPeriod for other words, and for weeks that begin after `today`."""
        found = re.fullmatch(r"(\d{4})-?W(\d{1,2})", label.strip(), re.IGNORECASE | re.ASCII)
        if found is None:
            raise WrongPeriod(label, "write a week as 2024-W12")
        try:
            first = date.fromisocalendar(int(found[1]), int(found[2]), 1)
            week = cls.of(first, zone)
        except (ValueError, OverflowError):
            raise WrongPeriod(label, f"the year {found[1]} has no week {int(found[2])}") from None
        return _begun(week, today)

    def previous(self) -> Week:
        """The week before."""
        return Week.of(self.first_day - timedelta(days=7), self.zone)


class Day(Period):
    """One day, for the daily brief."""

    kind: Literal["day", "week", "month"] = "day"

    @classmethod
    def parse(cls, label: str, zone: str, today: date | None = None) -> Day:
        """The day of `2024-03-18`. Raises WrongPeriod for other words, and for days after `today`."""
        try:
            day = datetime.strptime(label.strip(), "%Y-%m-%d").date()
        except ValueError:
            raise WrongPeriod(label, "write a day as 2024-03-18") from None
        return _begun(cls(label=day.isoformat(), first_day=day, last_day=day, zone=zone), today)


class Month(Period):
    """One calendar month, for the monthly review."""

    kind: Literal["day", "week", "month"] = "month"

    @classmethod
    def parse(cls, label: str, zone: str, today: date | None = None) -> Month:
        """The month of `2024-03`. Raises WrongPeriod for other words, and for months that begin after `today`."""
        found = re.fullmatch(r"(\d{4})-(\d{2})", label.strip(), re.ASCII)
        if found is None or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[1]) < 9999:
            raise WrongPeriod(label, "write a month as 2024-03")
        first = date(int(found[1]), int(found[2]), 1)
        following = (first + timedelta(days=31)).replace(day=1)
        label = f"{first.year:04}-{first.month:02}"
        return _begun(cls(label=label, first_day=first, last_day=following - timedelta(days=1), zone=zone), today)


def parse_period(label: str, zone: str, today: date | None = None) -> Period:
    """The week, day or month that a label names. Raises WrongPeriod."""
    if "w" in label.lower():
        return Week.parse(label, zone, today)
    return Day.parse(label, zone, today) if label.count("-") == 2 else Month.parse(label, zone, today)


def _begun(period: P, today: date | None) -> P:
    if today is not None and period.first_day > today:
        raise WrongPeriod(period.label, f"it begins on {period.first_day}, and today is {today}")
    return period


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)

"""What is rung, and how often: one table for the embedded loop and for Celery beat.

A bell only says "look in the store": what is due stands there, and a lease or a slot makes it run once however often it rings.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from typing import NamedTuple


class Bell(NamedTuple):
    """A job's name, and the seconds between two rings."""

    job: str
    seconds: float


BELLS = (
    Bell("collect", 30),
    Bell("sweep", 15),
    Bell("deliver", 10),
    Bell("write", 60),
    Bell("watch", 60),
)

MORNING = time(8, 0)
"""When a digest of what has ended is due, in the report's zone: before the Shanghai market opens at 9:30."""


def latest_slot(kind: str, now: datetime, zone: tzinfo) -> datetime:
    """The latest morning slot that has come, as an instant: each `day`, each Monday for a `week`, each 1st for a `month`."""
    local = now.astimezone(zone)
    today = local.date() if local.timetz().replace(tzinfo=None) >= MORNING else local.date() - timedelta(days=1)
    first = {"day": today, "week": today - timedelta(days=today.weekday()), "month": today.replace(day=1)}[kind]
    return datetime.combine(first, MORNING, zone)

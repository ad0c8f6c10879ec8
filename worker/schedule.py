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

WEEKLY = time(8, 0)
"""When Monday's digest of the week before is due, in the report's zone: before the Shanghai market opens at 9:30."""


def weekly_slot(now: datetime, zone: tzinfo) -> datetime:
    """The latest Monday morning slot that has come, as an instant."""
    local = now.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    slot = datetime.combine(monday, WEEKLY, zone)
    return slot if slot <= local else slot - timedelta(days=7)

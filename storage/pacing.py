"""What is sent to which destination when: within its vendor's limits, the important first, a burst as few messages.

A destination that does not answer is left alone for a while, so that it hinders no other; one that is gone is switched off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipeline.records import Record
from storage import outbox, secrets, tables
from storage.engine import insert
from storage.outbox import Delivery

_destinations = tables.table(tables.DestinationRow)
_deliveries = tables.table(tables.DeliveryRow)

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN = 1.05
"""A vendor's clock is not ours: its seconds are taken a little longer."""
_BULK_SHARE = 0.75
"""Of a limit, what may be used up by messages that are not important: one that is never finds the whole minute spent."""
PATIENCE = timedelta(seconds=10)
"""What would wait longer than this for its turn is sent together."""
TOGETHER = 15
"""Alerts in one message at most: each is still named in the smallest message that a vendor takes."""
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=10)
"""How long a destination that does not answer is left alone: twice as long each time, up to this."""
_LOST_RACES = 20


class Limit(Record):
    """So many messages in so many seconds."""

    most: int
    seconds: float


class Parcel(Record):
    """What goes to the wire as one message: deliveries to one destination, leased."""

    mark: bytes
    deliveries: tuple[Delivery, ...]
    closed: str = ""
    """Why the destination was switched off; empty for one that is open."""


def take(
    session: Session,
    now: datetime,
    lease: timedelta,
    limits: Callable[[str], Sequence[Limit]],
    busy: Collection[bytes] = (),
) -> Parcel | None:
    """The next message that may go out now, ours until the lease ends; None while there is none. `busy` are left alone."""
    for _ in range(_LOST_RACES):
        found = outbox.due(session, now, 1, busy)
        if not found:
            return None
        [first] = found
        rules = limits(secrets.of(session).unseal(session, first.destination))
        known = _known(session, first.destination_hash)
        if rules and not known.closed_at:
            recent = _recent(known.recent, now, rules)
            if _free_at(recent, rules, first.priority) > now.timestamp():
                _note(session, first.destination_hash, recent, rules)
                continue
            found += _riders(session, first, now, recent, rules)
            _note(session, first.destination_hash, [*recent, now.timestamp()], rules)
        leased = tuple(outbox.lease(session, found, now, lease))
        return Parcel(mark=first.destination_hash, deliveries=leased, closed=known.reason if known.closed_at else "")
    return None


def rest(session: Session, mark: bytes, now: datetime, seconds: float | None = None) -> None:
    """A destination left alone for as long as it asked for, or longer each time that it does not answer."""
    known = _known(session, mark)
    span = min(LONGEST_REST, FIRST_REST * 2 ** min(known.failures, 20))
    until = now + (span if seconds is None else timedelta(seconds=seconds))
    values = {"bulk_at": max(until, known.bulk_at), "urgent_at": max(until, known.urgent_at)}
    failures = known.failures + (seconds is None)
    session.execute(update(_destinations).where(_destinations.c.mark == mark).values(**values, failures=failures))


def answered(session: Session, mark: bytes, now: datetime) -> None:
    """A destination that had not answered took a message: what failed to reach it is due now."""
    is_back = (_destinations.c.mark == mark) & (_destinations.c.failures > 0)
    result: Any = session.execute(update(_destinations).where(is_back).values(failures=0))
    if result.rowcount:
        waits = (_deliveries.c.destination_hash == mark) & (_deliveries.c.state == "failed")
        session.execute(update(_deliveries).where(waits, _deliveries.c.not_before > now).values(not_before=now))


def close(session: Session, mark: bytes, reason: str, now: datetime) -> bool:
    """A destination switched off, as it is gone: what waits for it ends when its turn comes. False when it was off."""
    known = _known(session, mark)
    values = {"closed_at": known.closed_at or now, "reason": reason}
    session.execute(update(_destinations).where(_destinations.c.mark == mark).values(values))
    waits = (_deliveries.c.destination_hash == mark) & _deliveries.c.state.in_(("new", "failed", "unknown"))
    session.execute(update(_deliveries).where(waits, _deliveries.c.not_before > now).values(not_before=now))
    return known.closed_at is None


def _known(session: Session, mark: bytes) -> Any:
    """What is known of a destination, nobody else's to change until the transaction ends."""
    row = {"mark": mark, "recent": "[]", "bulk_at": _EVER, "urgent_at": _EVER, "failures": 0, "reason": ""}
    query = select(_destinations).where(_destinations.c.mark == mark).with_for_update()
    if (found := session.execute(query).first()) is None:
        session.execute(insert(session, _destinations).values(row).on_conflict_do_nothing())
        found = session.execute(query).one()
    return found


def _recent(kept: str, now: datetime, rules: Sequence[Limit]) -> list[float]:
    since = now.timestamp() - max(rule.seconds for rule in rules) * _MARGIN
    return [at for at in json.loads(kept) if at > since]


def _note(session: Session, mark: bytes, recent: Sequence[float], rules: Sequence[Limit]) -> None:
    bulk, urgent = (_free_at(recent, rules, priority) for priority in (0, 1))
    values = {
        "recent": json.dumps([round(at, 3) for at in recent]),
        "bulk_at": datetime.fromtimestamp(bulk, UTC),
        "urgent_at": datetime.fromtimestamp(urgent, UTC),
    }
    session.execute(update(_destinations).where(_destinations.c.mark == mark).values(values))


def _most(rule: Limit, priority: int) -> int:
    return rule.most if priority else max(1, int(rule.most * _BULK_SHARE))


def _free_at(recent: Sequence[float], rules: Sequence[Limit], priority: int) -> float:
    """When the next message may go, in seconds since 1970; 0 for at once."""
    times = [recent[-most] + rule.seconds * _MARGIN for rule in rules if len(recent) >= (most := _most(rule, priority))]
    return max(times, default=0.0)


def _riders(session: Session, first: Any, now: datetime, recent: Sequence[float], rules: Sequence[Limit]) -> list[Any]:
    """What goes along in the first one's message: alerts like it, where they would wait too long for messages of their own."""
    if first.kind != "alert":
        return []
    waiting = outbox.alike(session, first, now)
    waits = (_wait(len(waiting), now.timestamp(), recent, rule, _most(rule, first.priority)) for rule in rules)
    return waiting[: TOGETHER - 1] if max(waits) > PATIENCE.total_seconds() else []


def _wait(waiting: int, now: float, recent: Sequence[float], rule: Limit, most: int) -> float:
    """How many seconds the last of those waiting would wait under one limit."""
    room = most - 1 - sum(at > now - rule.seconds * _MARGIN for at in recent)
    return max(0, waiting - room) / most * rule.seconds

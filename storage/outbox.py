"""The outbox: one row for each alert and destination, written with the alert, sent later, repeats marked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    RowMapping,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from pipeline.records import Alert, Record
from storage import secrets, tables
from storage.engine import added

DeliveryState = Literal["new", "sending", "sent", "failed", "unknown", "dead"]
"""`failed` and `unknown` (nobody knows whether it arrived) are tried again; `dead` waits for a person."""

DeliveryKind = Literal["alert", "bundle", "digest"]

IMPORTANT = 60.0
"""The importance from which an alert goes before others."""

_OPEN: BindParameter[Any] = bindparam(
    "open", ["new", "failed", "unknown", "sending"], expanding=True, literal_execute=True
)
"""States of what is still to be sent, written out in a statement: an index of these alone is found by no parameter."""

_deliveries = tables.table(tables.DeliveryRow)
_destinations = tables.table(tables.DestinationRow)
_attempts = tables.table(tables.AttemptRow)


class Delivery(Record):
    """An attempt series to bring an alert, a bundle or a digest to one destination, under one message id."""

    id: int
    kind: DeliveryKind
    alert_id: str
    """The alert's id, or the bundle's or digest's."""
    destination: str
    message_id: str
    state: DeliveryState
    attempts: int
    repeat: bool
    """Whether an earlier attempt may have arrived: say so in the message."""
    not_before: datetime
    lease_until: datetime | None
    made_at: datetime
    finished_at: datetime | None
    answer: str


class Attempt(Record):
    """One attempt of a delivery and what came of it."""

    delivery_id: int
    attempt: int
    at: datetime
    state: DeliveryState
    answer: str


def push(session: Session, alert: Alert, destinations: Iterable[str], now: datetime, *, urgent: bool = False) -> int:
    """An alert to bring to destinations, the same news once to each whichever watch it met. How many are new.

    An important one, or one that is urgent whatever it tells, goes before all that are not.
    """
    return push_all(session, [(alert, destinations)], now, urgent=urgent)


def push_all(
    session: Session, told: Iterable[tuple[Alert, Iterable[str]]], now: datetime, *, urgent: bool = False
) -> int:
    """Alerts to bring to the destinations of each, as one alone; how many deliveries are new."""
    rows = [
        _row(session, "alert", alert.id, destination, now, subject=alert.substance, priority=_priority(alert, urgent))
        for alert, destinations in told
        for destination in destinations
    ]
    return len(added(session, _deliveries, rows, "id"))


def push_one(
    session: Session,
    kind: DeliveryKind,
    about: str,
    destination: str,
    now: datetime,
    *,
    not_before: datetime | None = None,
) -> bool:
    """A bundle or a digest to bring to one destination; False when it is under way or was told there."""
    return bool(
        added(session, _deliveries, [_row(session, kind, about, destination, now, not_before=not_before)], "id")
    )


def _priority(alert: Alert, urgent: bool) -> int:
    return int(urgent or (alert.importance or 0) >= IMPORTANT)


def _row(
    session: Session,
    kind: DeliveryKind,
    about: str,
    destination: str,
    now: datetime,
    *,
    subject: str = "",
    not_before: datetime | None = None,
    priority: int = 0,
) -> dict[str, Any]:
    """A new delivery; what has the same subject is told to a destination once."""
    target = mark(session, destination)
    message = sha256(f"{kind}\n{about}\n{target.hex()}".encode()).hexdigest()
    return {
        "kind": kind,
        "alert_id": about,
        "subject": subject or about,
        "destination": secrets.of(session).seal(session, destination),
        "destination_hash": target,
        "message_id": f"msg_{message[:24]}",
        "state": "new",
        "attempts": 0,
        "repeat": False,
        "not_before": not_before or now,
        "made_at": now,
        "answer": "",
        "priority": priority,
    }


def claim(session: Session, now: datetime, lease_for: timedelta, limit: int = 10) -> list[Delivery]:
    """Deliveries that are due, ours until the lease ends, the important first, then the oldest due.

    One whose sender vanished in the middle of sending comes back marked as a repeat: nobody knows whether it arrived.
    """
    return lease(session, due(session, now, limit), now, lease_for)


def due(session: Session, now: datetime, limit: int, busy: Collection[bytes] = ()) -> list[Any]:
    """What may be sent now: not to a destination that is to be left alone for the moment, or is among the busy.

    Nobody else's to take until the transaction ends, which must be one that may write.
    """
    first = _sendable(now, busy).limit(limit)
    return list(session.execute(first.with_for_update(skip_locked=True, of=_deliveries)).all())


def is_due(session: Session, now: datetime, busy: Collection[bytes] = ()) -> bool:
    """Whether anything may be sent now: a look, which takes nothing."""
    return session.execute(_sendable(now, busy).limit(1)).first() is not None


def alike(session: Session, first: Any, now: datetime, limit: int = 500) -> list[Any]:
    """Other alerts due to the same destination, as important as the first and as surely not arrived, oldest first."""
    same = [_deliveries.c[name] == getattr(first, name) for name in ("destination_hash", "priority", "kind", "repeat")]
    is_other = and_(_deliveries.c.id != first.id, _deliveries.c.state.in_(("new", "failed", "unknown")), *same)
    query = select(_deliveries).where(_is_due(now), is_other).order_by(_deliveries.c.not_before, _deliveries.c.id)
    return list(session.execute(query.limit(limit).with_for_update(skip_locked=True)).all())


def lease(session: Session, due: Sequence[Any], now: datetime, lease_for: timedelta) -> list[Delivery]:
    """What was found due, under way: ours until the lease ends."""
    if not due:
        return []
    for row in due:
        if row.state == "sending":
            _note_lost(session, row.id, now)
    until = now + lease_for
    values = {"state": "sending", "attempts": _deliveries.c.attempts + 1, "lease_until": until, "not_before": until}
    statement = update(_deliveries).where(_deliveries.c.id.in_([row.id for row in due])).values(values)
    order = {row.id: place for place, row in enumerate(due)}
    taken = [as_delivery(session, row) for row in session.execute(statement.returning(_deliveries)).mappings()]
    return sorted(taken, key=lambda delivery: order[delivery.id])


def finish(
    session: Session,
    delivery: Delivery,
    state: Literal["sent", "failed", "unknown", "dead"],
    answer: str,
    now: datetime,
    retry_at: datetime | None = None,
) -> bool:
    """What came of an attempt; False when it was no longer ours. A failed one without a time to retry is dead."""
    ends_as = "dead" if state in ("failed", "unknown") and retry_at is None else state
    is_end = ends_as in ("sent", "dead")
    is_ours = and_(_deliveries.c.state == "sending", _deliveries.c.attempts == delivery.attempts)
    values: dict[str, Any] = {
        "state": ends_as,
        "answer": answer,
        "lease_until": None,
        "not_before": retry_at or now,
        "finished_at": now if is_end else None,
        "repeat": delivery.repeat or state == "unknown",
    }
    result: Any = session.execute(update(_deliveries).where(_deliveries.c.id == delivery.id, is_ours).values(values))
    if result.rowcount != 1:
        return False
    row = {"delivery_id": delivery.id, "attempt": delivery.attempts, "at": now, "state": state, "answer": answer}
    session.execute(_attempts.insert().values(row))
    return True


def revive(session: Session, delivery_id: int, now: datetime) -> bool:
    """A dead delivery due again, as a person asked for it; its destination is tried again, too."""
    is_dead = and_(_deliveries.c.id == delivery_id, _deliveries.c.state == "dead")
    mark = select(_deliveries.c.destination_hash).where(is_dead).scalar_subquery()
    reopen(session, mark)
    values = {"state": "failed", "not_before": now, "finished_at": None}
    result: Any = session.execute(update(_deliveries).where(is_dead).values(values))
    return bool(result.rowcount == 1)


def reopen(session: Session, mark: bytes | ScalarSelect[bytes]) -> None:
    """A destination that a person wants tried again, whatever came of it before."""
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    values = {"closed_at": None, "reason": "", "failures": 0, "bulk_at": long_ago, "urgent_at": long_ago}
    session.execute(update(_destinations).where(_destinations.c.mark == mark).values(values))


def get(session: Session, delivery_id: int) -> Delivery | None:
    """A delivery by its number."""
    row = session.execute(select(_deliveries).where(_deliveries.c.id == delivery_id)).mappings().first()
    return None if row is None else as_delivery(session, row)


def of_alert(session: Session, alert_id: str, kind: DeliveryKind = "alert") -> list[Delivery]:
    """The deliveries of an alert, a bundle or a digest by itself."""
    query = select(_deliveries).where(_deliveries.c.kind == kind, _deliveries.c.alert_id == alert_id)
    return [as_delivery(session, row) for row in session.execute(query.order_by(_deliveries.c.id)).mappings()]


def recent(session: Session, states: Sequence[DeliveryState] | None = None, limit: int = 50) -> list[Delivery]:
    """The newest deliveries, of all states or some."""
    query = select(_deliveries).order_by(_deliveries.c.id.desc()).limit(limit)
    query = query if states is None else query.where(_deliveries.c.state.in_(states))
    return [as_delivery(session, row) for row in session.execute(query).mappings()]


def told_since(session: Session, destination: str, since: datetime) -> bool:
    """Whether an alert or a bundle went, or is on its way, to a destination since a time."""
    target = mark(session, destination)
    is_news = and_(_deliveries.c.kind.in_(("alert", "bundle")), _deliveries.c.destination_hash == target)
    is_lately = or_(_deliveries.c.made_at >= since, _deliveries.c.finished_at >= since)
    query = select(_deliveries.c.id).where(is_news, is_lately, _deliveries.c.alert_id.not_like("quiet-%")).limit(1)
    return session.execute(query).first() is not None


def history(session: Session, delivery_id: int) -> list[Attempt]:
    """Every attempt of a delivery, in order."""
    query = select(_attempts).where(_attempts.c.delivery_id == delivery_id).order_by(_attempts.c.id)
    names = tuple(Attempt.model_fields)
    return [Attempt.model_validate({n: row[n] for n in names}) for row in session.execute(query).mappings()]


def counts_by_state(session: Session) -> dict[str, int]:
    """How many deliveries are in each state."""
    rows = session.execute(select(_deliveries.c.state, func.count().label("many")).group_by(_deliveries.c.state))
    return {row.state: row.many for row in rows}


def next_due(session: Session) -> datetime | None:
    """When the next delivery will be due, or was."""
    query = select(func.min(_deliveries.c.not_before)).where(_deliveries.c.state.in_(_OPEN))
    at: datetime | None = session.execute(query).scalar()
    return at


def _sendable(now: datetime, busy: Collection[bytes]) -> Select[Any]:
    """What is due and may go, the important first, then the oldest."""
    known = _destinations.alias()
    may_at = case((_deliveries.c.priority > 0, known.c.urgent_at), else_=known.c.bulk_at)
    is_known = and_(known.c.mark == _deliveries.c.destination_hash, known.c.closed_at.is_(None))
    query = select(_deliveries).where(_is_due(now), ~exists().where(is_known, may_at > now))
    query = query.where(_deliveries.c.destination_hash.not_in(list(busy))) if busy else query
    return query.order_by(_deliveries.c.priority.desc(), _deliveries.c.not_before, _deliveries.c.id)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(_deliveries.c.state.in_(_OPEN), _deliveries.c.not_before <= now)


def _note_lost(session: Session, delivery_id: int, now: datetime) -> None:
    """The attempt whose sender vanished goes on record, and the next one is marked as a repeat."""
    attempts = session.execute(select(_deliveries.c.attempts).where(_deliveries.c.id == delivery_id)).scalar_one()
    row = {"delivery_id": delivery_id, "attempt": attempts, "at": now, "state": "unknown", "answer": "sender vanished"}
    session.execute(_attempts.insert().values(row))
    session.execute(update(_deliveries).where(_deliveries.c.id == delivery_id).values(repeat=True))


def mark(session: Session, destination: str) -> bytes:
    """32 bytes by which a destination is known again in the store, without its address."""
    return secrets.of(session).mark(session, destination)


def as_delivery(session: Session, row: RowMapping) -> Delivery:
    """A delivery from its row, its destination opened."""
    kept = {name: row[name] for name in Delivery.model_fields}
    return Delivery.model_validate(kept | {"destination": secrets.of(session).unseal(session, kept["destination"])})

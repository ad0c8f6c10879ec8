"""The queue of record: work as rows. A timer or a broker only says "look"; a claim here decides who works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import Insert, Row, RowMapping, and_, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pipeline.records import Record
from storage import tables
from storage.engine import insert, is_new, is_postgres, upsert

STRIKES = 3
"""Attempts after which work is set aside for a person to look at."""
SILENT = 10
"""Attempts without any answer after which work is set aside whose dangerous part is done in a child that can be killed:
a worker that dies all the same was hardly killed by that work, and good work must not pay for a bad hour.
"""

_work = tables.table(tables.WorkRow)
_slots = tables.table(tables.SlotRow)
_beats = tables.table(tables.HeartbeatRow)


class Work(Record):
    """A piece of work. `attempts` counts this one, and proves to `done` and `failed` that it is still ours."""

    id: int
    kind: str
    subject: str
    state: Literal["ready", "leased", "quarantined"]
    attempts: int
    priority: int
    not_before: datetime
    lease_until: datetime | None
    pushed_at: datetime
    reason: str


class Depth(Record):
    """How much work of a kind is in a state, how much of it is due, and since when the oldest waits."""

    kind: str
    state: str
    count: int
    due: int
    oldest: datetime


# ---- pushing and claiming -------------------------------------------------------------------------------------------


def push(
    session: Session, kind: str, subject: str, now: datetime, *, not_before: datetime | None = None, priority: int = 0
) -> None:
    """Work to do, once per kind and subject. Pushed while somebody does it, it will be done once more after that."""
    push_all(session, kind, [subject], now, not_before=not_before, priority=priority)


def push_all(
    session: Session,
    kind: str,
    subjects: Sequence[str],
    now: datetime,
    *,
    not_before: datetime | None = None,
    priority: int = 0,
) -> None:
    """Work on several subjects, each as by `push`."""
    row = {"kind": kind, "state": "ready", "attempts": 0, "priority": priority, "again": False, "reason": ""}
    row |= {"not_before": not_before or now, "pushed_at": now}
    if subjects:
        session.execute(_push(is_postgres(session)), [row | {"subject": subject} for subject in subjects])


@cache
def _push(for_postgres: bool) -> Insert:
    """The statement, built once."""
    statement = postgresql.insert(_work) if for_postgres else sqlite.insert(_work)
    given = statement.excluded
    is_earlier = and_(_work.c.state == "ready", _work.c.not_before > given.not_before)
    return statement.on_conflict_do_update(
        index_elements=["kind", "subject"],
        set_={
            "again": case((_work.c.state == "leased", True), else_=_work.c.again),
            "priority": case((_work.c.priority < given.priority, given.priority), else_=_work.c.priority),
            "not_before": case((is_earlier, given.not_before), else_=_work.c.not_before),
        },
    )


def claim(
    session: Session,
    kinds: Iterable[str],
    now: datetime,
    lease: timedelta,
    limit: int = 1,
    *,
    subjects: Sequence[str] | None = None,
    silent: int = STRIKES,
    suspects_alone: bool = False,
) -> list[Work]:
    """Due work, ours until the lease ends; kinds in the order given, urgent and old first within one.

    The attempt is counted here, before any work starts, so that work which kills its worker is counted too. Work that
    ended `silent` attempts without an answer is set aside. With `suspects_alone`, work that comes back without an answer
    is handed out by itself: if it kills again, its neighbours are not blamed. `subjects` names what a message rang for.
    """
    taken: list[Work] = []
    for kind in kinds:
        if len(taken) >= limit:
            break
        _set_aside(session, kind, now, silent)
        due = select(_work.c.id, _work.c.state).where(_work.c.kind == kind, _is_due(now))
        due = due if subjects is None else due.where(_work.c.subject.in_(subjects))
        urgent = due.order_by(_work.c.priority.desc(), _work.c.not_before, _work.c.id).limit(limit - len(taken))
        found = session.execute(urgent.with_for_update(skip_locked=True)).all()
        chosen = _apart(found, bool(taken)) if suspects_alone else found
        taken += _take(session, [row.id for row in chosen], now + lease)
    return taken


def _apart(found: Sequence[Row[int, str]], has_company: bool) -> Sequence[Row[int, str]]:
    """The first where it is a suspect, and then alone; else those that are none."""
    if found and found[0].state == "leased":
        return [] if has_company else found[:1]
    return [row for row in found if row.state != "leased"]


def claim_one(session: Session, kind: str, subject: str, now: datetime, lease: timedelta) -> Work | None:
    """One piece of work by its name, if it is due."""
    return next(iter(claim(session, [kind], now, lease, subjects=[subject])), None)


def held(session: Session, works: Sequence[Work]) -> list[Work]:
    """Those of the works that are still ours: nobody else took them when our lease was over. Holds their rows."""
    rows = select(_work.c.id, _work.c.attempts).where(_work.c.id.in_([work.id for work in works]))
    ours = session.execute(rows.where(_work.c.state == "leased").order_by(_work.c.id).with_for_update())
    attempts = {row.id: row.attempts for row in ours}
    return [work for work in works if attempts.get(work.id) == work.attempts]


def renew(session: Session, work: Work, until: datetime) -> bool:
    """A longer lease; False when the work is no longer ours."""
    return _changed(session, update(_work).where(_is_ours(work)).values(lease_until=until, not_before=until))


def done(session: Session, work: Work, now: datetime | None = None) -> bool:
    """Work done and gone, or ready again if it was pushed meanwhile; False when it was no longer ours."""
    if _changed(session, delete(_work).where(_is_ours(work), _work.c.again.is_(False))):
        return True
    again = {"state": "ready", "attempts": 0, "again": False, "lease_until": None, "reason": ""}
    due = {"not_before": now or work.pushed_at}
    return _changed(session, update(_work).where(_is_ours(work)).values(again | due))


def done_all(session: Session, works: Sequence[Work], now: datetime) -> None:
    """Several pieces of work done, each as by `done`."""
    gone: set[int] = set()
    for attempts in {work.attempts for work in works}:
        ids = [work.id for work in works if work.attempts == attempts]
        is_ours = and_(_work.c.id.in_(ids), _work.c.state == "leased", _work.c.attempts == attempts)
        statement = delete(_work).where(is_ours, _work.c.again.is_(False))
        gone |= set(session.execute(statement.returning(_work.c.id)).scalars())
    for work in works:
        if work.id not in gone:
            done(session, work, now)


def failed(session: Session, work: Work, reason: str, retry_at: datetime | None = None) -> bool:
    """Work to try again at a time; without one, or after its last attempt, set aside. True when set aside."""
    is_over = retry_at is None or work.attempts >= STRIKES
    values: dict[str, Any] = {"reason": reason, "lease_until": None}
    values |= {"state": "quarantined"} if is_over else {"state": "ready", "not_before": retry_at}
    return _changed(session, update(_work).where(_is_ours(work)).values(values)) and is_over


def put_back(session: Session, work: Work, now: datetime) -> bool:
    """Work given back untouched, as by a worker that is asked to stop: the attempt does not count."""
    values = {"state": "ready", "attempts": work.attempts - 1, "lease_until": None, "not_before": now}
    return _changed(session, update(_work).where(_is_ours(work)).values(values))


def replay(session: Session, now: datetime, kind: str | None = None, subject: str | None = None) -> int:
    """Work that was set aside, ready again with all its attempts. How many pieces there were."""
    which = [_work.c.state == "quarantined"]
    which += [_work.c.kind == kind] if kind is not None else []
    which += [_work.c.subject == subject] if subject is not None else []
    values = {"state": "ready", "attempts": 0, "not_before": now, "lease_until": None}
    result: Any = session.execute(update(_work).where(*which).values(values))
    return int(result.rowcount)


# ---- looking --------------------------------------------------------------------------------------------------------


def depth(session: Session, now: datetime) -> list[Depth]:
    """How much work waits, by kind and state."""
    due = func.sum(case((_work.c.not_before <= now, 1), else_=0))
    oldest = func.min(_work.c.pushed_at)
    query = select(_work.c.kind, _work.c.state, func.count(), due, oldest).group_by(_work.c.kind, _work.c.state)
    rows = session.execute(query.order_by(_work.c.kind, _work.c.state))
    return [Depth(kind=k, state=s, count=n, due=d if s != "quarantined" else 0, oldest=o) for k, s, n, d, o in rows]


def due(session: Session, kinds: Sequence[str], now: datetime, limit: int = 1000) -> list[tuple[str, str]]:
    """Kind and subject of work that is due: what a sweeper rings the bell for. Decides nothing."""
    query = select(_work.c.kind, _work.c.subject).where(_work.c.kind.in_(kinds), _is_due(now))
    urgent = query.order_by(_work.c.priority.desc(), _work.c.not_before, _work.c.id).limit(limit)
    return [(row.kind, row.subject) for row in session.execute(urgent)]


def quarantined(session: Session, limit: int = 100, kind: str | None = None) -> list[Work]:
    """Work that was set aside, of all kinds or one, with its reason, the latest first."""
    query = select(_work).where(_work.c.state == "quarantined").order_by(_work.c.id.desc()).limit(limit)
    query = query if kind is None else query.where(_work.c.kind == kind)
    return [_as_work(row) for row in session.execute(query).mappings()]


def next_due(session: Session) -> datetime | None:
    """When the next work will be due, or was."""
    query = select(func.min(_work.c.not_before)).where(_work.c.state != "quarantined")
    at: datetime | None = session.execute(query).scalar()
    return at


# ---- schedules and heartbeats ---------------------------------------------------------------------------------------


def slot(session: Session, job: str, slot_utc: datetime) -> bool:
    """Whether a scheduled run is ours: of all who ask for a slot of a job, one gets True, ever."""
    return is_new(session, insert(session, _slots).values(job=job, slot=slot_utc).on_conflict_do_nothing())


def last_slot(session: Session, job: str) -> datetime | None:
    """The latest slot of a job that was taken."""
    at: datetime | None = session.execute(select(func.max(_slots.c.slot)).where(_slots.c.job == job)).scalar()
    return at


def beat(session: Session, name: str, now: datetime) -> None:
    """A process says that it lives."""
    upsert(session, _beats, ("name",), {"name": name, "at": now})


def heartbeats(session: Session) -> dict[str, datetime]:
    """When each process last said that it lives."""
    return {row.name: row.at for row in session.execute(select(_beats).order_by(_beats.c.name))}


# ---- inside ---------------------------------------------------------------------------------------------------------


def _is_due(now: datetime) -> Any:
    """Ready and not delayed, or leased by somebody whose time is over: a lease is a delay too."""
    return and_(_work.c.state.in_(("ready", "leased")), _work.c.not_before <= now)


def _is_ours(work: Work) -> Any:
    return and_(_work.c.id == work.id, _work.c.state == "leased", _work.c.attempts == work.attempts)


def _set_aside(session: Session, kind: str, now: datetime, silent: int) -> None:
    is_over = and_(_work.c.state == "leased", _work.c.not_before <= now, _work.c.attempts >= silent)
    reason = f"no answer from any of {silent} attempts: the work stops or kills its worker"
    statement = update(_work).where(_work.c.kind == kind, is_over)
    session.execute(statement.values(state="quarantined", lease_until=None, reason=reason))


def _take(session: Session, ids: Sequence[int], until: datetime) -> list[Work]:
    if not ids:
        return []
    values = {"state": "leased", "attempts": _work.c.attempts + 1, "lease_until": until, "not_before": until}
    rows = session.execute(update(_work).where(_work.c.id.in_(ids)).values(values).returning(_work)).mappings()
    return sorted((_as_work(row) for row in rows), key=lambda work: ids.index(work.id))


def _changed(session: Session, statement: Any) -> bool:
    result: Any = session.execute(statement)
    return bool(result.rowcount == 1)


def _as_work(row: RowMapping) -> Work:
    return Work.model_validate({name: row[name] for name in Work.model_fields})

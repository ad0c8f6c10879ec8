"""Sources: where reading each stands, when it is due again, how healthy it is; and notices to who runs the product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import Record
from storage import queue, tables
from storage.engine import alone, insert, upsert

VISIT = "visit"
"""The kind of work that a source waits for which is to be visited at once, whenever its turn would be."""

_sources = tables.table(tables.SourceRow)
_notices = tables.table(tables.NoticeRow)
_documents = tables.table(tables.DocumentRow)


class SourceState(Record):
    """How reading a source goes. `state` is the fetcher's own, as it wrote it."""

    source_id: str
    state: str = ""
    next_due: datetime | None = None
    health: str = "unknown"
    reason: str = ""
    failures: int = 0
    """In a row."""
    last_try_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None


class Notice(Record):
    """Something that a person who runs the product should know."""

    kind: str
    subject: str
    text: str
    first_at: datetime
    last_at: datetime
    times: int


def state(session: Session, source_id: str) -> SourceState:
    """Where reading a source stands; a source never read is due at once."""
    row = session.execute(select(_sources).where(_sources.c.source_id == source_id)).mappings().first()
    return SourceState(source_id=source_id) if row is None else _as_state(row)


def save_state(session: Session, state: SourceState) -> None:
    """Where reading a source stands now."""
    upsert(session, _sources, ("source_id",), state.model_dump())


def due(session: Session, now: datetime, source_ids: Iterable[str]) -> list[str]:
    """Which of the sources are due, those never read first, then the longest overdue."""
    wanted = list(dict.fromkeys(source_ids))
    known = {row.source_id: row.next_due for row in session.execute(select(_sources.c.source_id, _sources.c.next_due))}
    never = [source_id for source_id in wanted if known.get(source_id) is None]
    overdue = [(at, source_id) for source_id in wanted if (at := known.get(source_id)) is not None and at <= now]
    return never + [source_id for _, source_id in sorted(overdue)]


def claim(session: Session, now: datetime, source_ids: Iterable[str], lease: timedelta) -> list[str]:
    """Those of the sources that are due, ours until the lease ends or their new state is saved."""
    alone(session, "visits")
    ours = due(session, now, source_ids)
    for source_id in ours:
        upsert(session, _sources, ("source_id",), state(session, source_id).model_dump() | {"next_due": now + lease})
    return ours


def ask(session: Session, source_id: str, now: datetime) -> None:
    """A source to be visited at once: what a person or a hub asks for. The collector takes it within seconds."""
    queue.push(session, VISIT, source_id, now)


def all_states(session: Session) -> list[SourceState]:
    """Where reading every source stands."""
    query = select(_sources).order_by(_sources.c.source_id)
    return [_as_state(row) for row in session.execute(query).mappings()]


def document_counts(session: Session, since: datetime) -> dict[str, int]:
    """How many documents each source gave since a time."""
    query = select(_documents.c.source_id, func.count().label("many")).where(_documents.c.first_seen_at >= since)
    return {row.source_id: row.many for row in session.execute(query.group_by(_documents.c.source_id))}


# ---- notices --------------------------------------------------------------------------------------------------------


def notify(session: Session, kind: str, subject: str, text: str, now: datetime) -> bool:
    """A notice raised, or raised again; True when it is new."""
    values = {"kind": kind, "subject": subject, "text": text, "first_at": now, "last_at": now, "times": 1}
    statement: Any = insert(session, _notices).values(values)
    again = {"text": text, "last_at": now, "times": _notices.c.times + 1}
    raised = statement.on_conflict_do_update(index_elements=["kind", "subject"], set_=again)
    times: int = session.execute(raised.returning(_notices.c.times)).scalar_one()
    return times == 1


def settle(session: Session, kind: str, subject: str) -> bool:
    """A notice gone, as its cause is over; False when there was none."""
    statement = delete(_notices).where(_notices.c.kind == kind, _notices.c.subject == subject)
    return session.execute(statement.returning(_notices.c.id)).first() is not None


def notices(session: Session, kinds: Sequence[str] | None = None) -> list[Notice]:
    """Every notice that stands, or those of some kinds, the latest first."""
    query = select(_notices).order_by(_notices.c.last_at.desc(), _notices.c.id.desc())
    query = query if kinds is None else query.where(_notices.c.kind.in_(kinds))
    names = tuple(Notice.model_fields)
    return [Notice.model_validate({name: row[name] for name in names}) for row in session.execute(query).mappings()]


def untold(session: Session) -> list[Notice]:
    """The notices that the operator has not been told of, the first raised first."""
    query = select(_notices).where(_notices.c.told_at.is_(None)).order_by(_notices.c.first_at, _notices.c.id)
    names = tuple(Notice.model_fields)
    return [Notice.model_validate({name: row[name] for name in names}) for row in session.execute(query).mappings()]


def mark_told(session: Session, now: datetime) -> None:
    """Every notice that stands counts as told."""
    session.execute(update(_notices).where(_notices.c.told_at.is_(None)).values(told_at=now))


def forget_notices(session: Session, before: datetime) -> int:
    """Notices gone that were last raised before a time; how many."""
    result: Any = session.execute(delete(_notices).where(_notices.c.last_at < before))
    return int(result.rowcount)


def _as_state(row: RowMapping) -> SourceState:
    return SourceState.model_validate({name: row[name] for name in SourceState.model_fields})

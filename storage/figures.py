"""Events that carry figures of some kinds, for comparisons and charts: the newest ones, read from a bounded stretch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pipeline.records import Event
from storage import tables

LOOKED_AT = 5_000
"""Newest events that are looked through: facts have no index of their own."""
MOST = 1_000

_events = tables.table(tables.EventRow)


def with_kinds(session: Session, kinds: Iterable[str], until: datetime) -> list[Event]:
    """The newest events before a time with a fact of one of some kinds, oldest first."""
    wanted = sorted(set(kinds))
    if not wanted:
        return []
    newest = select(_events.c.id, _events.c.body, _events.c.filed_at).where(_events.c.filed_at < until)
    looked_at = newest.order_by(_events.c.filed_at.desc(), _events.c.id.desc()).limit(LOOKED_AT).subquery()
    holds = or_(*(looked_at.c.body.contains(f'"kind":"{kind}"', autoescape=True) for kind in wanted))
    query = select(looked_at.c.body).where(holds).order_by(looked_at.c.filed_at.desc(), looked_at.c.id.desc())
    found = [Event.model_validate_json(body) for body in session.execute(query.limit(MOST)).scalars()]
    return [event for event in reversed(found) if not event.is_noise]

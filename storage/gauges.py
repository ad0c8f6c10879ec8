"""How the product fares, read from the store alone, so that every process that is asked says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.records import Record, State
from storage import queue, sources, tables
from storage.queue import Depth

LATELY = timedelta(hours=1)
"""What delays and rates are taken over."""
A_DAY = timedelta(days=1)
MOST = 2_000
"""Newest documents or deliveries that a delay is taken over."""
QUANTILES = (0.5, 0.95, 1.0)

_documents = tables.table(tables.DocumentRow)
_deliveries = tables.table(tables.DeliveryRow)


class Delay(Record):
    """How long a stage took, in seconds, at some quantiles of what passed it lately."""

    stage: str
    count: int
    seconds: dict[float, float]


class Gauges(Record):
    """The figures of one moment."""

    delays: tuple[Delay, ...]
    finished: dict[str, int]
    """Documents whose trip ended lately, by state."""
    events_touched: int
    """Events that those of them that are done founded or joined."""
    work: tuple[Depth, ...]
    sources: dict[str, int]
    """How many sources are in each state of health."""
    source_success: dict[str, datetime]
    """When each source was last read."""
    deliveries: dict[str, int]
    """Deliveries of the last day, by state; of the newest 2,000."""
    waiting_since: datetime | None
    """Since when the oldest delivery that is due waits."""
    heartbeats: dict[str, datetime]
    notices: int
    """What a person should know and may not have seen."""


def read(session: Session, now: datetime) -> Gauges:
    """Everything, as of one moment. Each question is answered by an index."""
    finished = _finished(session, now)
    done = [row for row in finished if row.state == State.DONE.value]
    ends = {state.value: sum(row.state == state.value for row in finished) for state in State}
    states = sources.all_states(session)
    newest = _newest_deliveries(session)
    return Gauges(
        delays=(*_delays(finished), _sending(newest, now)),
        finished=ends,
        events_touched=len({row.event_id for row in done}),
        work=tuple(queue.depth(session, now)),
        sources=dict(Counter(one.health for one in states)),
        source_success={one.source_id: one.last_success_at for one in states if one.last_success_at},
        deliveries=dict(Counter(row.state for row in newest if row.made_at > now - A_DAY)),
        waiting_since=_waiting_since(session, now),
        heartbeats=queue.heartbeats(session),
        notices=len(sources.notices(session)),
    )


def _finished(session: Session, now: datetime) -> Sequence[Any]:
    columns = [_documents.c[name] for name in ("state", "event_id", "published_at", "first_seen_at", "finished_at")]
    lately = _documents.c.finished_at > now - LATELY
    newest = select(*columns).where(lately).order_by(_documents.c.finished_at.desc()).limit(MOST)
    return session.execute(newest).all()


def _delays(finished: Sequence[Any]) -> list[Delay]:
    """From a source's own time to ours, and from there to a searchable event. Old news of a first visit tells nothing."""
    dated = [row.first_seen_at - row.published_at for row in finished if row.published_at is not None]
    fresh = [late.total_seconds() for late in dated if timedelta(0) <= late < A_DAY]
    waits = [row.finished_at - row.first_seen_at for row in finished]
    took = [wait.total_seconds() for wait in waits if timedelta(0) <= wait < A_DAY]
    return [_delay("collect", fresh), _delay("process", took)]


def _sending(newest: Sequence[Any], now: datetime) -> Delay:
    sent = [row for row in newest if row.state == "sent" and row.finished_at > now - LATELY]
    return _delay("deliver", [(row.finished_at - row.made_at).total_seconds() for row in sent])


def _delay(stage: str, seconds: list[float]) -> Delay:
    ordered = sorted(seconds)
    at = {share: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in QUANTILES if ordered}
    return Delay(stage=stage, count=len(ordered), seconds=at)


def _newest_deliveries(session: Session) -> Sequence[Any]:
    query = select(_deliveries.c.state, _deliveries.c.made_at, _deliveries.c.finished_at)
    return session.execute(query.order_by(_deliveries.c.id.desc()).limit(MOST)).all()


def _waiting_since(session: Session, now: datetime) -> datetime | None:
    waits = _deliveries.c.state.in_(("new", "failed", "unknown", "sending"))
    query = select(func.min(_deliveries.c.not_before)).where(waits, _deliveries.c.not_before <= now)
    at: datetime | None = session.execute(query).scalar()
    return at

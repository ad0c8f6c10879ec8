"""Past events with their documents in the order they came: what a watch is tried on before it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from pipeline.records import Document, Event, Fact, Tags, Watch
from pipeline.rehearsal import History, Step
from storage import tables

MOST = 20_000
"""Events tried at most, the newest first."""
CHUNK = 400

_facts = TypeAdapter(tuple[Fact, ...])
_documents = tables.table(tables.DocumentRow)
_events = tables.table(tables.EventRow)
_readings = tables.table(tables.ReadingRow)
_tags = tables.table(tables.EventTagRow)


def histories(session: Session, watch: Watch, since: datetime, most: int = MOST) -> Iterator[History]:
    """Events seen since a time that a watch may want, the oldest first, each with its documents as they came."""
    query = select(_events.c.id).where(_events.c.first_seen_at >= since)
    if tags := _tags_of(watch):
        query = query.where(_events.c.id.in_(select(_tags.c.event_id).where(_tags.c.tag.in_(tags))))
    newest = query.order_by(_events.c.filed_at.desc(), _events.c.id).limit(most)
    ids = session.execute(newest).scalars().all()[::-1]
    for start in range(0, len(ids), CHUNK):
        yield from _histories(session, ids[start : start + CHUNK])


def _tags_of(watch: Watch) -> list[str]:
    """Tags of which an event that meets the watch has one; none where its lists are not kept as tags."""
    if watch.securities:
        return [f"{kind}:{security}" for kind in ("security", "linked") for security in watch.securities]
    if watch.products:
        return [f"product:{name.casefold()}" for name in watch.products]
    if watch.companies:
        return [f"company:{company}" for company in watch.companies]
    return [f"modality:{modality}" for modality in watch.modalities]


def _histories(session: Session, event_ids: Sequence[str]) -> Iterator[History]:
    bodies = session.execute(select(_events.c.body).where(_events.c.id.in_(event_ids))).scalars()
    events = {event.id: event for event in map(Event.model_validate_json, bodies) if not event.is_noise}
    query: Any = select(_documents, _readings.c.tags, _readings.c.facts)
    query = query.join(_readings, _readings.c.document_id == _documents.c.id)
    rows = session.execute(
        query.where(_documents.c.event_id.in_(list(events))).order_by(
            _documents.c.event_id, _documents.c.first_seen_at, _documents.c.filed_at, _documents.c.id
        )
    ).mappings()
    groups = {event_id: list(group) for event_id, group in groupby(rows, key=lambda row: row["event_id"])}
    for event_id in (id for id in event_ids if id in groups):
        event = events[event_id]
        old = {report.document_id for report in event.reports if report.history}
        steps = tuple(_step(row, old) for row in groups[event_id])
        yield History(event_id=event_id, follows=event.follows, steps=steps)


def _step(row: RowMapping, old: set[str]) -> Step:
    document = Document.model_validate({name: row[name] for name in Document.model_fields})
    tags, facts = Tags.model_validate_json(row["tags"]), _facts.validate_json(row["facts"])
    return Step(document=document, tags=tags, facts=facts, history=document.id in old)

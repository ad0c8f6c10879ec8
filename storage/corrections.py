"""Corrections by hand: who corrected what, when and why, with the events touched as they were before and after."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, TypeAdapter
from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.orm import Session

from pipeline.records import ByHand, CorrectionKind, Event, Link, Record, Score, Seats, Sketch, Told
from storage import documents, events, tables

_corrections = tables.table(tables.CorrectionRow)
_links = tables.table(tables.LinkRow)


class KeptLink(Record):
    """A link with the times between which it was drawn."""

    link: Link
    known_at: AwareDatetime
    withdrawn_at: AwareDatetime | None


class Kept(Record):
    """All that the store holds of an event, or that there was none under the id."""

    event_id: str
    event: Event | None = None
    sketch: Sketch | None = None
    documents: tuple[str, ...] = ()
    """Earliest first."""
    links: tuple[KeptLink, ...] = ()
    scores: tuple[Score, ...] = ()

    @property
    def seats(self) -> Seats:
        """The event as corrections see it."""
        said = self.event.by_hand if self.event else ByHand()
        return Seats(event_id=self.event_id, documents=self.documents, by_hand=said)


class Correction(Record):
    """One correction, and whether it still stands."""

    id: int
    kind: CorrectionKind
    event_ids: tuple[str, ...]
    """Every event touched; the one named first comes first."""
    detail: dict[str, Any]
    made_by: str
    made_at: AwareDatetime
    why: str
    undone_by: str | None
    undone_at: AwareDatetime | None
    undone_why: str


_kept = TypeAdapter(tuple[Kept, ...])


# ---- what is kept of an event ---------------------------------------------------------------------------------------


def keep(session: Session, event_id: str) -> Kept:
    """All that the store holds of an event now."""
    stored = events.several(session, [event_id])
    rows = session.execute(select(_links).where(_links.c.event_id == event_id)).mappings()
    links = [
        KeptLink(link=Link.model_validate_json(row["body"]), known_at=row["known_at"], withdrawn_at=row["withdrawn_at"])
        for row in rows
    ]
    return Kept(
        event_id=event_id,
        event=stored.get(event_id),
        sketch=events.sketches_of(session, [event_id]).get(event_id),
        documents=tuple(document.id for document in reversed(documents.of_event(session, event_id))),
        links=tuple(sorted(links, key=lambda kept: (kept.link.security_id, kept.link.relation, kept.link.path))),
        scores=tuple(events.scores_of(session, event_id)),
    )


def restore(session: Session, kept: Kept) -> None:
    """An event just as it was kept, with its documents, links and scores. Its place in the search index is the caller's."""
    assert kept.event is not None, "there was no such event"
    events.bring_back(session, kept.event_id)
    events.save(session, kept.event, kept.sketch)
    documents.seat(session, kept.documents, kept.event_id)
    session.execute(delete(_links).where(_links.c.event_id == kept.event_id))
    for one in kept.links:
        events.restore_link(session, one.link, one.known_at, one.withdrawn_at)
    events.save_linked_tags(session, kept.event_id)
    events.save_scores(session, kept.scores)


# ---- the record of corrections --------------------------------------------------------------------------------------


def next_id(session: Session) -> int:
    """The number that the next correction will have: one over the last; none is ever deleted."""
    last = session.execute(select(_corrections.c.id).order_by(_corrections.c.id.desc()).limit(1)).scalar()
    return (last or 0) + 1


def save(
    session: Session,
    kind: CorrectionKind,
    event_ids: Iterable[str],
    detail: Mapping[str, Any],
    by: str,
    why: str,
    now: datetime,
    before: Sequence[Kept],
    after: Sequence[Kept],
) -> Correction:
    """A correction put on record."""
    number = next_id(session)
    row = {
        "id": number,
        "kind": kind,
        "event_ids": json.dumps(list(event_ids)),
        "detail": json.dumps(dict(detail), ensure_ascii=False),
        "made_by": by,
        "made_at": now,
        "why": why,
        "before": _packed(before),
        "after": _packed(after),
        "undone_why": "",
    }
    session.execute(_corrections.insert().values(row))
    found = get(session, number)
    assert found is not None, "it was saved just now"
    return found


def undo(session: Session, correction_id: int, by: str, why: str, now: datetime) -> None:
    """A correction on record as undone."""
    values = {"undone_by": by, "undone_why": why, "undone_at": now}
    session.execute(update(_corrections).where(_corrections.c.id == correction_id).values(values))


def get(session: Session, correction_id: int) -> Correction | None:
    """A correction by its number."""
    row = session.execute(_listed().where(_corrections.c.id == correction_id)).mappings().first()
    return None if row is None else _correction(row)


def recent(session: Session, limit: int = 50) -> list[Correction]:
    """The newest corrections, undone ones too."""
    rows = session.execute(_listed().order_by(_corrections.c.id.desc()).limit(limit)).mappings()
    return [_correction(row) for row in rows]


def standing(session: Session) -> list[Correction]:
    """Every correction that was not undone, oldest first."""
    rows = session.execute(_listed().where(_corrections.c.undone_at.is_(None)).order_by(_corrections.c.id)).mappings()
    return [_correction(row) for row in rows]


def before_and_after(session: Session, correction_id: int) -> tuple[tuple[Kept, ...], tuple[Kept, ...]]:
    """The events that a correction touched, as they were before and after it."""
    query = select(_corrections.c.before, _corrections.c.after).where(_corrections.c.id == correction_id)
    row = session.execute(query).one()
    return _unpacked(row.before), _unpacked(row.after)


def told(session: Session) -> list[Told]:
    """What the corrections that stand say of who sits where, oldest first."""
    found = []
    for correction in standing(session):
        before, after = before_and_after(session, correction.id)
        found.append(
            Told(
                kind=correction.kind,
                before=tuple(kept.seats for kept in before if kept.event),
                after=tuple(kept.seats for kept in after if kept.event),
            )
        )
    return found


def _listed() -> Any:
    return select(*(_corrections.c[name] for name in Correction.model_fields))


def _correction(row: RowMapping) -> Correction:
    plain = {"event_ids": json.loads(row["event_ids"]), "detail": json.loads(row["detail"])}
    return Correction.model_validate(dict(row) | plain)


def _packed(kept: Sequence[Kept]) -> bytes:
    return zlib.compress(_kept.dump_json(tuple(kept)), 6)


def _unpacked(body: bytes) -> tuple[Kept, ...]:
    return _kept.validate_json(zlib.decompress(body))

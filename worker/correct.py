"""Corrections by hand, done: load the events, ask for the plan, make the events again, keep before and after. One transaction each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import structlog
from sqlalchemy.orm import Session

from pipeline import correct
from pipeline.correct import CorrectionRefused, Mark, Plan
from pipeline.records import CorrectionKind, Event, Seats
from storage import corrections, documents, events, search
from storage.corrections import Correction, Kept
from worker import jobs
from worker.desk import Desk

log = structlog.get_logger()


@dataclass(frozen=True)
class Author:
    """Who corrects, when and why."""

    name: str
    now: datetime
    why: str = ""


@dataclass
class _Asked:
    """A correction on its way: what was asked for, and the plan that came of it."""

    kind: CorrectionKind
    plan: Plan
    touched: list[str]
    """Every event concerned, the one named first before the others."""
    detail: Mapping[str, Any] = field(default_factory=dict)


def merge(desk: Desk, survivor_id: str, other_id: str, author: Author) -> Correction:
    """Two events as one: the first one's id stays, the other's leads to it."""
    with desk.store.writing() as session:
        survivor, other = _seats(session, survivor_id), _seats(session, other_id)
        plan = correct.merge(survivor, other)
        touched = [survivor.event_id, other.event_id]
        return _correct(session, desk, _Asked("merge", plan, touched), author)


def split(desk: Desk, event_id: str, document_ids: Iterable[str], author: Author) -> Correction:
    """Documents out of an event into one of their own, under a new id."""
    with desk.store.writing() as session:
        event, chosen = _seats(session, event_id), list(dict.fromkeys(document_ids))
        new_id = _new_id(corrections.next_id(session), chosen)
        plan = correct.split(event, chosen, new_id)
        asked = _Asked("split", plan, [event.event_id, new_id], {"documents": chosen, "new": new_id})
        return _correct(session, desk, asked, author)


def move(desk: Desk, document_id: str, event_id: str, author: Author) -> Correction:
    """A document into another event."""
    with desk.store.writing() as session:
        seat = documents.seat_of(session, document_id)
        if seat is None:
            raise CorrectionRefused(f"document {document_id} is in no event")
        source, target = _seats(session, seat), _seats(session, event_id)
        plan = correct.move(document_id, source, target)
        asked = _Asked("move", plan, [target.event_id, source.event_id], {"documents": [document_id]})
        return _correct(session, desk, asked, author)


def retitle(desk: Desk, event_id: str, title_zh: str | None, title_en: str | None, author: Author) -> Correction:
    """An event with a title by hand."""
    with desk.store.writing() as session:
        event = _seats(session, event_id)
        plan = correct.retitle(event, title_zh, title_en)
        given = {name: title for name, title in (("zh", title_zh), ("en", title_en)) if title}
        return _correct(session, desk, _Asked("retitle", plan, [event.event_id], given), author)


def mark(desk: Desk, event_id: str, as_what: Mark, author: Author) -> Correction:
    """An event marked as rumour, fact, denial or noise."""
    with desk.store.writing() as session:
        event = _seats(session, event_id)
        plan = correct.mark(event, as_what)
        return _correct(session, desk, _Asked("mark", plan, [event.event_id], {"as": as_what}), author)


def undo(desk: Desk, correction_id: int, author: Author) -> Correction:
    """A correction taken back: the events just as they were before it, with what has joined them since.

    Refused while a later correction of the same events stands: undo that one first.
    """
    with desk.store.writing() as session:
        events.placing(session)
        _check_undoable(session, correction_id)
        before, after = corrections.before_and_after(session, correction_id)
        now_kept = [corrections.keep(session, kept.event_id) for kept in after]
        if [_told(kept) for kept in now_kept] == [_told(kept) for kept in after]:
            _restore(session, before)
        else:
            _restore_around(session, desk, before, after, now_kept, author.now)
        corrections.undo(session, correction_id, author.name, author.why, author.now)
        log.info("correction undone", correction=correction_id, by=author.name)
        undone = corrections.get(session, correction_id)
        assert undone is not None, "corrections are never deleted"
        return undone


# ---- doing ----------------------------------------------------------------------------------------------------------


def _seats(session: Session, event_id: str) -> Seats:
    found = events.get(session, event_id)
    if found is None:
        raise CorrectionRefused(f"there is no event {event_id}")
    return corrections.keep(session, found.id).seats


def _new_id(number: int, document_ids: Iterable[str]) -> str:
    """An id that no founding document gives and no other correction gave."""
    name = f"correction {number} {' '.join(sorted(document_ids))}"
    return "e" + blake2b(name.encode(), digest_size=8).hexdigest()


def _correct(session: Session, desk: Desk, asked: _Asked, author: Author) -> Correction:
    events.placing(session)
    before = [corrections.keep(session, event_id) for event_id in asked.touched]
    sketches = [kept.sketch for kept in before if kept.sketch]
    stored = {kept.event_id: kept.event for kept in before}
    for seats in asked.plan.events:
        documents.seat(session, seats.documents, seats.event_id)
    for gone, survivor in asked.plan.leads_to.items():
        _remove(session, gone, survivor)
    for seats in asked.plan.events:
        own_first = [
            *(sketch for sketch in sketches if sketch.event_id == seats.event_id),
            *(sketch for sketch in sketches if sketch.event_id != seats.event_id),
        ]
        base = _led(stored.get(seats.event_id), asked.plan)
        jobs.settle_again(
            session, desk, seats.event_id, author.now, base=base, by_hand=seats.by_hand, sketches=own_first
        )
    after = [corrections.keep(session, event_id) for event_id in asked.touched]
    log.info("corrected", kind=asked.kind, events=asked.touched, by=author.name)
    return corrections.save(
        session, asked.kind, asked.touched, asked.detail, author.name, author.why, author.now, before, after
    )


def _led(event: Event | None, plan: Plan) -> Event | None:
    """The event, following what the one that it follows has become."""
    if event is None or event.follows is None:
        return event
    return event.model_copy(update={"follows": correct.end(event.follows, plan.leads_to)})


def _check_undoable(session: Session, correction_id: int) -> None:
    correction = corrections.get(session, correction_id)
    if correction is None:
        raise CorrectionRefused(f"there is no correction {correction_id}")
    if correction.undone_at is not None:
        raise CorrectionRefused(f"correction {correction_id} was undone by {correction.undone_by} already")
    for later in reversed(corrections.standing(session)):
        if later.id > correction.id and set(later.event_ids) & set(correction.event_ids):
            raise CorrectionRefused(f"correction {later.id} ({later.kind}) came after it: undo that first")


def _told(kept: Kept) -> object:
    return kept.event, kept.sketch, kept.documents


def _restore(session: Session, before: Iterable[Kept]) -> None:
    """Nothing has touched the events since: every row as it was."""
    home = next(kept.event_id for kept in before if kept.event)
    for kept in before:
        if kept.event is None:
            _remove(session, kept.event_id, home)
        else:
            corrections.restore(session, kept)
            jobs.index(session, kept.event)


def _restore_around(
    session: Session,
    desk: Desk,
    before: Iterable[Kept],
    after: Iterable[Kept],
    now_kept: Iterable[Kept],
    now: datetime,
) -> None:
    """Documents have joined, or were read again, since: the events as they were, with those in the one they joined."""
    home = next(kept.event_id for kept in before if kept.event)
    had = {kept.event_id: set(kept.documents) for kept in after}
    joined = {kept.event_id: [d for d in kept.documents if d not in had[kept.event_id]] for kept in now_kept}
    here = {document for kept in now_kept for document in kept.documents}
    for kept in before:
        into = kept.event_id if kept.event else home
        documents.seat(session, [*joined[kept.event_id], *(d for d in kept.documents if d in here)], into)
    for kept in before:
        if kept.event is None:
            _remove(session, kept.event_id, home)
        else:
            events.bring_back(session, kept.event_id)
            sketches = [kept.sketch] if kept.sketch else []
            jobs.settle_again(
                session, desk, kept.event_id, now, base=kept.event, by_hand=kept.event.by_hand, sketches=sketches
            )


def _remove(session: Session, event_id: str, leads_to: str) -> None:
    events.remove(session, event_id, leads_to)
    search.remove(session, "event", event_id)

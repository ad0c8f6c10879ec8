"""The trip of a batch of documents, in three beats: load, think, save. May run twice; what a kill cuts off comes back by its lease."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from pipeline import flow
from pipeline.records import RawDocument, Sketch, State, Watch
from pipeline.tag import Lexicon
from storage import documents, events, outbox, queue, search, watches
from worker.desk import Desk

log = structlog.get_logger()

BATCH = 50
"""Documents a transaction: on SQLite 50 rows a commit write four times as fast as one."""

LEASE = timedelta(minutes=5)
"""How long a claim holds: well over what a batch takes, short enough that a killed worker's work soon comes back."""

RETRY = timedelta(minutes=2)
"""Before a document that failed is tried again: long enough for a store or a disk to recover."""

WINDOW = timedelta(days=21)
"""How far apart two reports of one happening may lie for the store to offer them as candidates."""

CANDIDATES = 60
"""Events that a document is compared with, at most."""

Read = tuple[queue.Work, flow.Reading | Exception]


def receive(desk: Desk, raws: Sequence[RawDocument], now: datetime) -> documents.Received:
    """Documents through the door: each a pending row with its work, in one transaction. What we have already adds nothing."""
    with desk.store.writing() as session:
        return documents.receive(session, raws, now)


def process_due(desk: Desk, now: datetime, limit: int = BATCH) -> Counter[State]:
    """Claim a batch of pending documents and take each through the trip; how many ended in which state."""
    with desk.store.writing() as session:
        claimed = queue.claim(session, [documents.PROCESS], now, LEASE, limit)
        documents.fail_abandoned(session, now)
    return process(desk, claimed, now) if claimed else Counter()


def process(desk: Desk, claimed: Sequence[queue.Work], now: datetime) -> Counter[State]:
    """Take claimed documents through the trip, in order of time, and save all of it in one transaction."""
    with desk.store.reading() as session:
        raws = [(work, documents.raw(session, work.subject)) for work in claimed]
        standing = watches.all_watches(session)
    read = [(work, _read(raw, desk.lexicon)) for work, raw in raws]
    fates: Counter[State] = Counter()
    with desk.store.writing() as session:
        events.placing(session)
        for work, reading in sorted(read, key=_by_time):
            fates[_settle(session, desk, work, reading, standing, now)] += 1
    return fates


def _by_time(item: Read) -> tuple[datetime, str]:
    work, reading = item
    at = datetime.max.replace(tzinfo=UTC) if isinstance(reading, Exception) else reading.document.when
    return at, work.subject


def _read(raw: RawDocument, lexicon: Lexicon) -> flow.Reading | Exception:
    try:
        return flow.read(raw, lexicon)
    except Exception as error:  # noqa: BLE001 the top of a document's trip: a bad one must not stop its neighbours
        return error


def _settle(
    session: Session,
    desk: Desk,
    work: queue.Work,
    reading: flow.Reading | Exception,
    standing: Sequence[Watch],
    now: datetime,
) -> State:
    """One document's fate, its event and its alerts, inside a savepoint of the batch's transaction."""
    if isinstance(reading, Exception):
        return _fail(session, work, "read", reading, now)
    try:
        with session.begin_nested():
            state = _place(session, desk, reading, standing, now)
    except Exception as error:  # noqa: BLE001 as above
        return _fail(session, work, "settle", error, now)
    queue.done(session, work, now)
    return state


def _fail(session: Session, work: queue.Work, step: str, error: Exception, now: datetime) -> State:
    reason = f"{type(error).__name__}: {error}"
    log.warning("document failed", document=work.subject, step=step, error=reason, attempt=work.attempts)
    queue.failed(session, work, f"{step}: {reason}", now + RETRY)
    if work.attempts < queue.STRIKES:
        return State.PENDING
    documents.fail(session, work.subject, step, reason, now)
    return State.FAILED


def _place(session: Session, desk: Desk, reading: flow.Reading, standing: Sequence[Watch], now: datetime) -> State:
    state, reason, verdict = flow.fate(reading, documents.like(session, reading.fingerprint))
    event_id = None
    if state is State.DONE:
        candidates = _candidates(session, reading.sketch)
        placement = flow.place(reading, candidates, desk.lexicon)
        before = None if placement.new else events.get(session, placement.event_id)
        on = reading.document.when.astimezone(desk.zone).date()
        outcome = flow.settle(reading, placement, before, desk.lexicon, desk.lenses, standing, now, on)
        _save(session, reading, outcome, flow.remember(reading, placement, candidates), standing, now)
        event_id = outcome.event.id
    documents.finish(
        session,
        reading.document,
        reading.fingerprint,
        reading.tags,
        reading.facts,
        state=state,
        reason=reason,
        event_id=event_id,
        duplicate_of=verdict.of,
        now=now,
    )
    return state


def _candidates(session: Session, sketch: Sketch) -> list[Sketch]:
    return events.candidates(session, sketch.keys, sketch.when, WINDOW, CANDIDATES)


def _save(
    session: Session,
    reading: flow.Reading,
    outcome: flow.Outcome,
    sketch: Sketch | None,
    standing: Iterable[Watch],
    now: datetime,
) -> None:
    event = outcome.event
    events.save(session, event, sketch)
    events.save_links(session, event.id, outcome.links, now)
    events.save_scores(session, outcome.scores)
    search.index_event(session, event)
    search.index_document(session, reading.document, reading.tags)
    destinations = {watch.id: watch.destinations for watch in standing}
    for alert in outcome.alerts:
        watches.save_alert(session, alert)
        outbox.push(session, alert, destinations[alert.watch_id], now)

"""The trip of a batch of documents, in three beats: load, think, save. May run twice; what a kill cuts off comes back by its lease."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from pipeline import flow
from pipeline.lexicon import Lexicon
from pipeline.records import ByHand, Document, Event, Placement, RawDocument, Sketch, State, Tags
from pipeline.watching import WatchBook
from storage import documents, events, queue, search
from worker.advice import advised
from worker.desk import Desk
from worker.telling import queue_alerts

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
    try:
        return process(desk, claimed, now) if claimed else Counter()
    except KeyboardInterrupt:
        with desk.store.writing() as session:
            for work in claimed:
                queue.put_back(session, work, now)
        raise


def process(desk: Desk, claimed: Sequence[queue.Work], now: datetime) -> Counter[State]:
    """Take claimed documents through the trip, in order of time, and save all of it in one transaction."""
    with desk.store.reading() as session:
        raws = [(work, documents.raw(session, work.subject)) for work in claimed]
        book = desk.watches.book(session)
    readings = advised(desk, [_read(raw, desk.lexicon) for _, raw in raws])
    read: list[Read] = [(work, reading) for (work, _), reading in zip(raws, readings, strict=True)]
    fates: Counter[State] = Counter()
    with desk.store.writing() as session:
        events.placing(session)
        for work, reading in sorted(read, key=_by_time):
            fates[_settle(session, desk, work, reading, book, now)] += 1
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
    book: WatchBook,
    now: datetime,
) -> State:
    """One document's fate, its event and its alerts, inside a savepoint of the batch's transaction."""
    if isinstance(reading, Exception):
        return _fail(session, work, "read", reading, now)
    try:
        with session.begin_nested():
            state = _place(session, desk, reading, book, now)
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


def _place(session: Session, desk: Desk, reading: flow.Reading, book: WatchBook, now: datetime) -> State:
    state, reason, verdict = flow.fate(reading, documents.like(session, reading.fingerprint))
    seat = documents.seat_of(session, reading.document.id)
    event_id = _join(session, desk, reading, seat, book, now) if state is State.DONE else None
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
    if seat is not None:
        settle_again(session, desk, seat, now)
    if seat is not None and event_id is None:
        search.remove(session, "document", reading.document.id)
    return state


def _join(
    session: Session, desk: Desk, reading: flow.Reading, seat: str | None, book: WatchBook, now: datetime
) -> str:
    """The event that a document joins or founds, with what follows. One that made the trip before keeps its seat."""
    candidates = [] if seat else _candidates(session, reading.sketch)
    placement = Placement(event_id=seat, new=False) if seat else flow.place(reading, candidates, desk.lexicon)
    before = None if placement.new else events.get(session, placement.event_id)
    on = reading.document.when.astimezone(desk.zone).date()
    outcome = flow.settle(reading, placement, before, desk.lexicon, desk.lenses, book, now, on)
    sketch = None if seat else flow.remember(reading, placement, candidates)
    _save(session, reading, outcome, sketch, book, now)
    return outcome.event.id


def settle_again(
    session: Session,
    desk: Desk,
    event_id: str,
    now: datetime,
    *,
    base: Event | None = None,
    by_hand: ByHand | None = None,
    sketches: Sequence[Sketch] = (),
) -> Event | None:
    """An event made again of the documents that sit in it now; without one it is gone. Tells nobody.

    What is not given (its place in a chain, what a person said of it, the sketches it is made of) stays as it is stored.
    """
    readings = [recalled(session, desk, document) for document in reversed(documents.of_event(session, event_id))]
    if not readings:
        events.remove(session, event_id)
        search.remove(session, "event", event_id)
        return None
    base = base or events.several(session, [event_id]).get(event_id)
    sketches = sketches or list(events.sketches_of(session, [event_id]).values())
    event, sketch = flow.rebuild(event_id, readings, base, by_hand, sketches)
    on = max(reading.document.when for reading in readings).astimezone(desk.zone).date()
    links, scores = flow.weigh(event, desk.lexicon, desk.lenses, on)
    events.save(session, event, sketch)
    events.save_links(session, event.id, links, now)
    events.save_scores(session, scores)
    index(session, event)
    return event


def index(session: Session, event: Event) -> None:
    """An event made findable, or no longer: noise is not."""
    if event.is_noise:
        search.remove(session, "event", event.id)
    else:
        search.index_event(session, event)


def recalled(session: Session, desk: Desk, document: Document) -> flow.Reading:
    """A stored document as it was read."""
    tags = documents.tags_of(session, document.id) or Tags(document_id=document.id, relevant=True)
    return flow.recall(document, tags, documents.facts_of(session, document.id), desk.lexicon)


def _candidates(session: Session, sketch: Sketch) -> list[Sketch]:
    return events.candidates(session, sketch.keys, sketch.when, WINDOW, CANDIDATES)


def _save(
    session: Session,
    reading: flow.Reading,
    outcome: flow.Outcome,
    sketch: Sketch | None,
    book: WatchBook,
    now: datetime,
) -> None:
    event = outcome.event
    events.save(session, event, sketch)
    events.save_links(session, event.id, outcome.links, now)
    events.save_scores(session, outcome.scores)
    index(session, event)
    search.index_document(session, reading.document, reading.tags)
    queue_alerts(session, outcome.alerts, book, now)

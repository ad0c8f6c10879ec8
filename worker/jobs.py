"""The trip of a batch of documents, in three beats: load, think, save. May run twice; what a kill cuts off comes back by its lease."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from pipeline import echo, flow
from pipeline.lexicon import Lexicon
from pipeline.records import Alert, ByHand, Document, Event, Placement, RawDocument, Sketch, State, Tags
from pipeline.watching import WatchBook
from storage import documents, events, queue, search
from storage.batch import Batch, Settled
from storage.documents import Finished
from storage.engine import StoreError, is_unwell
from worker.advice import advised
from worker.desk import Desk
from worker.foresight import Foresight
from worker.suspects import bounded, rehearse
from worker.telling import queue_alerts
from worker.trail import Trail

log = structlog.get_logger()

BATCH = 50
"""Documents a transaction: on SQLite 50 rows a commit write four times as fast as one."""

LEASE = timedelta(minutes=5)
"""How long a claim holds: well over what a batch takes, short enough that a killed worker's work soon comes back."""

RETRY = timedelta(minutes=2)
"""Before a document that failed is tried again: long enough for a store or a disk to recover."""

UNWELL = timedelta(seconds=20)
"""Before documents are tried again that a full disk or a lost server kept from being saved."""

WINDOW = timedelta(days=21)
"""How far apart two reports of one happening may lie for the store to offer them as candidates."""

CANDIDATES = 30
"""Events that a document is compared with, at most."""

Read = tuple[queue.Work, flow.Reading | Exception]


def receive(desk: Desk, raws: Sequence[RawDocument], now: datetime) -> documents.Received:
    """Documents through the door: each a pending row with its work, in one transaction. What we have already adds nothing."""
    with desk.store.writing() as session:
        return documents.receive(session, raws, now)


def process_due(desk: Desk, now: datetime, limit: int = BATCH, ids: Sequence[str] | None = None) -> Counter[State]:
    """Claim a batch of pending documents, of all or of the named, and take each through the trip; how many ended in which state."""
    with desk.store.writing() as session:
        claimed = queue.claim(
            session, [documents.PROCESS], now, LEASE, limit, subjects=ids, silent=queue.SILENT, suspects_alone=True
        )
        documents.fail_abandoned(session, now)
    try:
        return process(desk, claimed, now) if claimed else Counter()
    except KeyboardInterrupt:
        _put_back(desk, claimed, now)
        raise
    except (DBAPIError, StoreError) as error:
        if isinstance(error, StoreError) or is_unwell(error):
            _put_back(desk, claimed, now + UNWELL)
        raise


def _put_back(desk: Desk, claimed: Sequence[queue.Work], due: datetime) -> None:
    """Claims given up, as they are not to blame. Where the store is too ill even for that, their lease ends by itself."""
    with suppress(DBAPIError), desk.store.writing() as session:
        for work in claimed:
            queue.put_back(session, work, due)


def process(desk: Desk, claimed: Sequence[queue.Work], now: datetime) -> Counter[State]:
    """Take claimed documents through the trip, in order of time, and save all of it in one transaction.

    Where the store refuses what one of them brings, each is saved by itself, so that its neighbours go on.
    """
    with desk.store.reading() as session:
        entries = documents.raws(session, [work.subject for work in claimed])
        book = desk.watches.book(session)
    with bounded():
        found = [_read(work, entries, desk.lexicon) for work in claimed]
    readings = advised(desk, found)
    read: list[Read] = list(zip(claimed, readings, strict=True))
    ordered = sorted(read, key=_by_time)
    try:
        with bounded():
            return _save(desk, ordered, book, now, _foreseen(desk, [reading for _, reading in ordered]))
    except OperationalError:
        raise  # the store itself is not well: what was claimed comes back by its lease
    except Exception:  # the top of a batch's trip: find out whose fault it is
        log.exception("batch failed", documents=len(ordered))
        return sum((_save_alone(desk, one, book, now) for one in ordered), Counter[State]())


def _foresight(desk: Desk) -> Foresight:
    return Foresight(desk.lexicon, _candidates, partial(_settle, desk))


def _foreseen(desk: Desk, readings: Sequence[flow.Reading | Exception]) -> Foresight:
    """What can be worked out while others place; nothing while nobody else does."""
    ahead = _foresight(desk)
    if desk.crowd.is_pressing:
        with desk.store.reading() as session:
            ahead.look(session, [reading for reading in readings if not isinstance(reading, Exception)])
    return ahead


def _save(desk: Desk, ordered: Sequence[Read], book: WatchBook, now: datetime, ahead: Foresight) -> Counter[State]:
    """Documents that were read, placed and saved together; how many ended in which state."""
    fates: Counter[State] = Counter()
    trail = Trail()
    asked = time.monotonic()
    with desk.store.writing() as session:
        events.placing(session)
        desk.crowd.waited(time.monotonic() - asked)
        ours = {work.id for work in queue.held(session, [work for work, _ in ordered])}
        ordered = [(work, reading) for work, reading in ordered if work.id in ours]
        good = [reading for _, reading in ordered if not isinstance(reading, Exception)]
        batch = Batch(session, now, [one.document.id for one in good], [one.fingerprint for one in good])
        for work, reading in ordered:
            if isinstance(reading, Exception):
                fates[_fail(session, work, "read", reading, now)] += 1
            else:
                fates[_place(batch, desk, reading, book, trail, ahead)] += 1
        batch.flush()
        queue.done_all(session, [work for work, reading in ordered if not isinstance(reading, Exception)], now)
    trail.tell()
    desk.live.publish(list(trail.events))
    return fates


def _save_alone(desk: Desk, one: Read, book: WatchBook, now: datetime) -> Counter[State]:
    try:
        return _save(desk, [one], book, now, _foresight(desk))
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 as above: this one it is
        with desk.store.writing() as session:
            return Counter([_fail(session, one[0], "settle", error, now)])


def _by_time(item: Read) -> tuple[datetime, str]:
    work, reading = item
    at = datetime.max.replace(tzinfo=UTC) if isinstance(reading, Exception) else reading.document.when
    return at, work.subject


def _read(work: queue.Work, entries: Mapping[str, RawDocument], lexicon: Lexicon) -> flow.Reading | Exception:
    """A document read; one that was begun before is tried in a child first."""
    raw = entries.get(work.subject)
    if raw is None:
        return documents.DocumentUnknown(work.subject)
    try:
        if work.attempts > 1:
            rehearse(raw, lexicon)
        return flow.read(raw, lexicon)
    except Exception as error:  # noqa: BLE001 the top of a document's trip: a bad one must not stop its neighbours
        return error


def _fail(session: Session, work: queue.Work, step: str, error: Exception, now: datetime) -> State:
    reason = f"{type(error).__name__}: {error}"
    log.warning("document failed", document=work.subject, step=step, error=reason, attempt=work.attempts)
    queue.failed(session, work, f"{step}: {reason}", now + RETRY)
    if work.attempts < queue.STRIKES:
        return State.PENDING
    documents.fail(session, work.subject, step, reason, now)
    return State.FAILED


def _place(batch: Batch, desk: Desk, reading: flow.Reading, book: WatchBook, trail: Trail, ahead: Foresight) -> State:
    """One document's fate, its event and its alerts."""
    document, seat = reading.document, batch.seats.get(reading.document.id)
    state, reason, verdict = flow.fate(reading, batch.like(reading.fingerprint))
    outcome = _join(batch, desk, reading, seat, book, ahead) if state is State.DONE else None
    joined = outcome.event.id if outcome else None
    ended = Finished(document, reading.fingerprint, reading.tags, reading.facts, state, reason, joined, verdict.of)
    batch.finish(ended)
    trail.placed(reading, state, reason, outcome)
    if seat is not None:
        batch.flush()
        settle_again(batch.session, desk, seat, batch.now)
        if joined is None:
            search.remove(batch.session, "document", document.id)
    return state


def _join(
    batch: Batch, desk: Desk, reading: flow.Reading, seat: str | None, book: WatchBook, ahead: Foresight
) -> flow.Outcome:
    """The event that a document joins or founds, with what follows. One that made the trip before keeps its seat."""
    candidates = [] if seat else _candidates(batch.session, reading.sketch)
    placement = Placement(event_id=seat, new=False) if seat else ahead.place(reading, candidates)
    before = None if placement.new else batch.event(placement.event_id)
    outcome = ahead.settle(reading, placement, before)
    outcome = outcome.model_copy(
        update={"alerts": tuple(_alerts(batch, desk, outcome, before, reading.document, book))}
    )
    sketch = None if seat else flow.remember(reading, placement, candidates)
    batch.settle(Settled(outcome.event, outcome.links, outcome.scores), sketch, placement.new)
    queue_alerts(batch.session, outcome.alerts, book, batch.now, desk.lexicon.knowledge.taxonomy.markets)
    return outcome


def _settle(desk: Desk, reading: flow.Reading, placement: Placement, before: Event | None) -> flow.Outcome:
    on = reading.document.when.astimezone(desk.zone).date()
    return flow.settle(reading, placement, before, desk.lexicon, desk.lenses, on)


def _alerts(
    batch: Batch, desk: Desk, outcome: flow.Outcome, before: Event | None, document: Document, book: WatchBook
) -> list[Alert]:
    """Whom to tell of an event; where it may be an echo of what was told before, only of what it adds."""
    tell = partial(flow.tell, outcome, before, document, desk.lexicon, desk.lenses, book, batch.now)
    alerts = tell()
    told = batch.told(echo.names(outcome.event), outcome.event.first_seen_at - echo.TOLD_SINCE) if alerts else []
    return tell(told) if told else alerts


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

"""Replay: a time's documents read again with today's rules into a second set of events, compared, and taken over if asked.

The second set lives in memory: it holds the readings of the time asked for, so memory grows with that time, not with the store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from pipeline import correct, flow, replay
from pipeline.records import Document, Event, Placement, Sketch, State, Told
from pipeline.replay import Changes, Seat
from pipeline.shelf import Shelf
from storage import corrections, documents, events, search
from worker import jobs
from worker.desk import Desk

log = structlog.get_logger()

ENDED = (State.DONE, State.DUPLICATE, State.REJECTED)


class StoreMovedOn(Exception):
    """Documents came in, or a person corrected, between the replay and its taking over."""


@dataclass(frozen=True)
class Old:
    """What stands today: the documents looked at, their events, and what people said."""

    fates: Mapping[str, documents.Fate]
    """Of the time asked for, earliest first."""
    beside: Mapping[str, str]
    """Documents of another time that sit in the same events: they stay where they are."""
    arrived: Mapping[str, datetime]
    """When each was first taken through: the order in which events came to be, whatever time their reports give."""
    events: Mapping[str, Event]
    sketches: Mapping[str, Sketch]
    told: tuple[Told, ...]
    leads_to: Mapping[str, str]

    @property
    def seats(self) -> dict[str, Seat]:
        """Where each document's trip ended."""
        return {
            key: Seat(state=f.state, event_id=f.event_id, duplicate_of=f.duplicate_of) for key, f in self.fates.items()
        }


@dataclass
class Made:
    """The second set of events."""

    readings: dict[str, flow.Reading] = field(default_factory=dict)
    seats: dict[str, Seat] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    sketches: dict[str, Sketch] = field(default_factory=dict)
    leads_to: dict[str, str] = field(default_factory=dict)
    joined: dict[str, Event] = field(default_factory=dict)
    """Events of another time, as they stand, that documents of this time would join."""


@dataclass(frozen=True)
class Replayed:
    """Both sets, and the difference."""

    old: Old
    made: Made
    changes: Changes


def rehearse(
    desk: Desk, since: datetime, until: datetime | None = None, advance: Callable[[], object] = lambda: None
) -> Replayed:
    """The documents of a time through today's rules, beside what stands; nothing is changed. `advance` is told of each."""
    with desk.store.reading() as session:
        old = _load(session, since, until)
        made = _Rehearsal(session, desk, old).run(advance)
    titles = {key: fate.title for key, fate in old.fates.items()}
    seats = {key: made.seats[key] for key in old.fates}
    found = replay.changes({**old.events, **made.joined}, made.events, old.seats, seats, made.leads_to, titles)
    return Replayed(old, made, found)


def take(desk: Desk, replayed: Replayed, since: datetime, until: datetime | None, now: datetime) -> None:
    """The second set in place of what stands, in one transaction; tells nobody.

    Raises StoreMovedOn when the store is no longer what the replay saw.
    """
    old, made = replayed.old, replayed.made
    with desk.store.writing() as session:
        events.placing(session)
        is_as_seen = events.several(session, sorted(made.joined)) == made.joined
        if not is_as_seen or _load(session, since, until) != old:
            raise StoreMovedOn("the store has changed since the replay began: run it again")
        for event_id in sorted(old.events.keys() - made.events.keys()):
            events.remove(session, event_id, made.leads_to.get(event_id))
            search.remove(session, "event", event_id)
        for event_id in sorted(made.events):
            _save_event(session, desk, old, made, event_id, now)
        for document_id in old.fates:
            _save_document(session, made, document_id, old.arrived[document_id])
    log.info("replay taken over", documents=len(old.fates), events=len(made.events))


# ---- loading --------------------------------------------------------------------------------------------------------


def _load(session: Session, since: datetime, until: datetime | None) -> Old:
    fates = {fate.document_id: fate for fate in documents.filed_between(session, since, until, ENDED)}
    touched = sorted({fate.event_id for fate in fates.values() if fate.event_id})
    beside = {d.id: key for key in touched for d in documents.of_event(session, key) if d.id not in fates}
    every = [*fates.values(), *filter(None, (documents.fate(session, key) for key in beside))]
    return Old(
        fates=fates,
        beside=beside,
        arrived={fate.document_id: fate.finished_at or fate.first_seen_at for fate in every},
        events={key: event for part in _parts(touched) for key, event in events.several(session, part).items()},
        sketches={key: sketch for part in _parts(touched) for key, sketch in events.sketches_of(session, part).items()},
        told=tuple(corrections.told(session)),
        leads_to=events.aliases(session),
    )


def _parts(ids: list[str]) -> Iterator[list[str]]:
    yield from (ids[start : start + 500] for start in range(0, len(ids), 500))


# ---- thinking -------------------------------------------------------------------------------------------------------


class _Rehearsal:
    """One pass over the documents in the order in which they came, as the worker made it, without look-ahead."""

    def __init__(self, session: Session, desk: Desk, old: Old) -> None:
        self._session = session
        self._desk = desk
        self._old = old
        self._pins = {**correct.pins(old.told, old.leads_to), **old.beside}
        self._held = set(self._pins.values())
        self._made = Made()
        self._shelf = Shelf(jobs.WINDOW, jobs.CANDIDATES)
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        self._founded: dict[str, Placement] = {}
        self._like: defaultdict[str, list[str]] = defaultdict(list)
        self._kept: dict[str, Sketch] = {}

    def run(self, advance: Callable[[], object]) -> Made:
        """Read, place, name and build."""
        for document_id in (*self._old.fates, *self._old.beside):
            self._made.readings[document_id] = self._read(document_id)
            advance()
        for reading in sorted(self._made.readings.values(), key=self._by_arrival):
            self._place(reading)
        self._name()
        for event_id in sorted(self._members):
            self._build(event_id)
        return self._made

    def _by_arrival(self, reading: flow.Reading) -> tuple[datetime, datetime, str]:
        document = reading.document
        return self._old.arrived[document.id], document.when, document.id

    def _read(self, document_id: str) -> flow.Reading:
        """The document with today's rules. What a language model said of it is paid for, and stays."""
        tags = documents.tags_of(self._session, document_id)
        if document_id in self._old.beside or (tags is not None and tags.proposed):
            return self._recall(document_id)
        try:
            return flow.read(documents.raw(self._session, document_id), self._desk.lexicon)
        except Exception as error:  # noqa: BLE001 the top of a document's trip: a bad one must not stop its neighbours
            log.warning("document kept as it was read", document=document_id, error=str(error))
            return self._recall(document_id)

    def _recall(self, document_id: str) -> flow.Reading:
        document = documents.get(self._session, document_id)
        assert document is not None, "documents are never deleted"
        return jobs.recalled(self._session, self._desk, document)

    def _place(self, reading: flow.Reading) -> None:
        document = reading.document
        pinned = self._pins.get(document.id)
        if pinned is None:
            state, reason, verdict = flow.fate(reading, self._alike(reading))
            self._made.reasons[document.id] = reason
            if state is not State.DONE:
                self._made.seats[document.id] = Seat(state=state, duplicate_of=verdict.of)
                return
        candidates = [] if pinned else self._candidates(reading.sketch)
        placement = (
            Placement(event_id=pinned, new=False) if pinned else flow.place(reading, candidates, self._desk.lexicon)
        )
        self._sit(reading, placement, candidates)

    def _sit(self, reading: flow.Reading, placement: Placement, candidates: list[Sketch]) -> None:
        document, event_id = reading.document, placement.event_id
        self._made.seats[document.id] = Seat(state=State.DONE, event_id=event_id)
        self._members[event_id].append(document.id)
        if placement.new:
            self._founded[event_id] = placement
        for mark in _marks(reading):
            self._like[mark].append(document.id)
        if event_id in self._held or event_id not in {sketch.event_id for sketch in candidates}:
            members = [self._made.readings[key] for key in self._members[event_id]]
            old = self._old.sketches.get(event_id)
            self._shelf.keep(flow.anchored(event_id, members, [old] if old else []))
        elif kept := flow.remember(reading, placement, candidates):
            self._shelf.keep(kept)

    def _candidates(self, sketch: Sketch) -> list[Sketch]:
        """As the worker finds them: events made so far here, and earlier ones of the store that the replay does not touch."""
        stored = events.candidates(self._session, sketch.keys, sketch.when, jobs.WINDOW, jobs.CANDIDATES)
        here = self._shelf.candidates(sketch)
        known = {one.event_id for one in here} | self._old.events.keys()
        return [*here, *(one for one in stored if one.event_id not in known and one.when <= sketch.when)]

    def _alike(self, reading: flow.Reading) -> list[Document]:
        """As the worker finds them: done documents made so far here, and stored ones of before."""
        ids = dict.fromkeys(key for mark in _marks(reading) for key in self._like[mark])
        stored = documents.like(self._session, reading.fingerprint)
        before = [d for d in stored if d.id not in self._made.readings and d.when <= reading.document.when]
        return [*(self._made.readings[key].document for key in ids), *before]

    def _name(self) -> None:
        """The events under the ids that survive."""
        founders = {key: sketch.document_id for key, sketch in self._old.sketches.items()}
        seats = {key: seat.event_id for key, seat in self._made.seats.items() if seat.event_id}
        held = self._held | (self._members.keys() - self._founded.keys())
        named, leads_to = replay.keep_ids(founders, seats, held)
        for key, seat in self._made.seats.items():
            if seat.event_id in named:
                self._made.seats[key] = seat.model_copy(update={"event_id": named[seat.event_id]})
        self._kept = {named.get(key, key): sketch for key in self._members if (sketch := self._shelf.get(key))}
        self._members = defaultdict(list, {named.get(key, key): docs for key, docs in self._members.items()})
        self._founded = {
            named.get(key, key): p.model_copy(
                update={"event_id": named.get(key, key), "follows": _led(p.follows, named)}
            )
            for key, p in self._founded.items()
        }
        final = {key: seat.event_id for key, seat in self._made.seats.items() if seat.event_id}
        for gone in self._old.events.keys() - self._members.keys():
            reports = [report.document_id for report in self._old.events[gone].reports]
            led = leads_to.get(gone) or replay.heir([*reports, *self._originals(reports)], final)
            if led:
                self._made.leads_to[gone] = named.get(led, led)

    def _originals(self, copies: list[str]) -> list[str]:
        seats = (self._made.seats.get(key) for key in copies)
        return [seat.duplicate_of for seat in seats if seat and seat.duplicate_of]

    def _build(self, event_id: str) -> None:
        """An event of the second set; one of another time that documents joined keeps those that it has."""
        members = [self._made.readings[key] for key in self._members[event_id]]
        stands, placement = self._old.events.get(event_id), self._founded.get(event_id)
        if stands is None and placement is None:
            stands = self._made.joined[event_id] = events.several(self._session, [event_id])[event_id]
            before = [r.document_id for r in stands.reports if r.document_id not in self._made.readings]
            members = [*map(self._recall, before), *members]
        base, by_hand = None if placement else stands, stands.by_hand if stands else None
        sketches = [self._kept[event_id]] if event_id in self._kept else []
        event, sketch = flow.rebuild(event_id, members, base, by_hand, sketches, placement)
        self._made.events[event_id], self._made.sketches[event_id] = event, sketch


def _marks(reading: flow.Reading) -> list[str]:
    print_ = reading.fingerprint
    return [*(f"url {u}" for u in [print_.url] if u), f"text {print_.text}", *(f"band {band}" for band in print_.bands)]


def _led(follows: str | None, named: Mapping[str, str]) -> str | None:
    return named.get(follows, follows) if follows else None


# ---- saving ---------------------------------------------------------------------------------------------------------


def _save_event(session: Session, desk: Desk, old: Old, made: Made, event_id: str, now: datetime) -> None:
    event, sketch = made.events[event_id], made.sketches[event_id]
    if old.events.get(event_id) == event and old.sketches.get(event_id) == sketch:
        return
    last = max(r.published_at or r.first_seen_at for r in event.reports)
    links, scores = flow.weigh(event, desk.lexicon, desk.lenses, last.astimezone(desk.zone).date())
    events.bring_back(session, event_id)
    events.save(session, event, sketch)
    events.save_links(session, event_id, links, now)
    events.save_scores(session, scores)
    jobs.index(session, event)


def _save_document(session: Session, made: Made, document_id: str, arrived: datetime) -> None:
    """The document as today's rules read it; the time of its trip stays, so that the next replay keeps the order too."""
    reading, seat = made.readings[document_id], made.seats[document_id]
    documents.finish(
        session,
        reading.document,
        reading.fingerprint,
        reading.tags,
        reading.facts,
        state=seat.state,
        reason=made.reasons.get(document_id, ""),
        event_id=seat.event_id,
        duplicate_of=seat.duplicate_of,
        now=arrived,
    )
    if seat.state is State.DONE:
        search.index_document(session, reading.document, reading.tags)
    else:
        search.remove(session, "document", document_id)

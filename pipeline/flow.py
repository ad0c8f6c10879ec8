"""The whole trip on one page. The worker loads what each beat needs, calls it, and saves what comes out; no I/O in here.

    read    extract -> fingerprint -> tag -> facts -> sketch        one document, alone
    place   dedupe -> cluster                                       beside what the store knows
    settle  merge -> link -> score -> alert                         what follows for its event
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo

from knowledge.schema import Lens
from pipeline import alert, cluster, dedupe, extract, facts, link, propose, score
from pipeline.records import (
    Alert,
    Document,
    Event,
    Fact,
    Fingerprint,
    Link,
    Placement,
    Question,
    RawDocument,
    Record,
    Score,
    Sketch,
    State,
    Tags,
    Verdict,
    Watch,
)
from pipeline.shelf import Shelf
from pipeline.tag import Lexicon, tag


class Reading(Record):
    """All that one document says by itself."""

    document: Document
    fingerprint: Fingerprint
    tags: Tags
    facts: tuple[Fact, ...]
    sketch: Sketch
    history: bool = False
    """Whether it is old news to us: filed, but told to nobody."""


class Outcome(Record):
    """What follows for the event that a document joined or founded."""

    event: Event
    placement: Placement
    links: tuple[Link, ...]
    scores: tuple[Score, ...]
    alerts: tuple[Alert, ...] = ()


def read(raw: RawDocument, lexicon: Lexicon) -> Reading:
    """A document understood: its clean text, its tags, its facts, and the sketch that clustering compares."""
    document = extract.extract(raw)
    fingerprint = dedupe.fingerprint(document)
    tags = tag(document, lexicon)
    found = facts.find(document, tags, lexicon)
    sketch = cluster.sketch(document, tags, found, lexicon.knowledge)
    return Reading(document=document, fingerprint=fingerprint, tags=tags, facts=found, sketch=sketch, history=raw.history)


def question(reading: Reading, lexicon: Lexicon) -> Question | None:
    """What a language model, where one is set, may be asked about a document; None where nothing is open."""
    return propose.question(reading.document, reading.tags, lexicon.knowledge)


def read_answer(reading: Reading, answer: str, lexicon: Lexicon) -> Reading:
    """The reading with what the answer adds to its tags. Facts stay: nobody's figure becomes another's by hearsay."""
    tags = propose.read_answer(answer, reading.document, reading.tags, lexicon.knowledge)
    if not tags.proposed:
        return reading
    sketch = cluster.sketch(reading.document, tags, reading.facts, lexicon.knowledge)
    return reading.model_copy(update={"tags": tags, "sketch": sketch})


def fate(reading: Reading, like: Sequence[Document]) -> tuple[State, str, Verdict]:
    """Whether the trip ends here, and why: a copy of a document we have, or off topic. `DONE` means: go on."""
    verdict = dedupe.dedupe(reading.document, reading.fingerprint, like)
    if verdict.kind != "new":
        return State.DUPLICATE, f"{verdict.kind} as {verdict.of}", verdict
    if not reading.tags.relevant:
        return State.REJECTED, reading.tags.reason, verdict
    return State.DONE, "", verdict


def place(reading: Reading, candidates: Sequence[Sketch], lexicon: Lexicon) -> Placement:
    """The event that a document joins, or the new one that it founds."""
    return cluster.place(reading.sketch, candidates, lexicon.knowledge)


def remember(reading: Reading, placement: Placement, candidates: Sequence[Sketch]) -> Sketch | None:
    """What clustering is to keep for the event from now on, or None where it knows enough of it."""
    founding = next((c for c in candidates if c.event_id == placement.event_id), None)
    kept = cluster.remember(reading.sketch, placement, founding)
    return None if kept is founding else kept


def settle(
    reading: Reading,
    placement: Placement,
    event: Event | None,
    lexicon: Lexicon,
    lenses: Iterable[Lens],
    watches: Iterable[Watch],
    now: datetime,
    on: date,
) -> Outcome:
    """The event with the document in it, its links as of a day, its score under each lens, and whom to tell."""
    merged = cluster.merge(event, placement, reading.document, reading.tags, reading.facts)
    links = link.link(merged, lexicon.knowledge, on)
    lenses = tuple(lenses)
    scores = tuple(score.score(merged, links, lens, lexicon.knowledge) for lens in lenses)
    earlier = tuple(score.score(event, links, lens, lexicon.knowledge) for lens in lenses) if event else ()
    alerts = [] if reading.history else alert.alerts(merged, event, links, scores, watches, now, earlier)
    return Outcome(event=merged, placement=placement, links=tuple(links), scores=scores, alerts=tuple(alerts))


def answer(raw: RawDocument, lexicon: Lexicon, zone: tzinfo) -> tuple[Reading, list[Link]]:
    """One document by itself: its reading, and the securities that its event would be linked to as of its own day."""
    reading = read(raw, lexicon)
    founding = place(reading, (), lexicon)
    event = cluster.merge(None, founding, reading.document, reading.tags, reading.facts)
    return reading, link.link(event, lexicon.knowledge, reading.document.when.astimezone(zone).date())


def stream(documents: Iterable[RawDocument], lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    """The event of each document of a stream sorted by time, one by one without look-ahead: (document id, event id)."""
    shelf = Shelf()
    for raw in documents:
        sketch = read(raw, lexicon).sketch
        placement = cluster.place(sketch, shelf.candidates(sketch), lexicon.knowledge)
        shelf.keep(cluster.remember(sketch, placement, shelf.get(placement.event_id)))
        yield sketch.document_id, placement.event_id

"""The whole trip on one page. The worker loads what each beat needs, calls it, and saves what comes out; no I/O in here.

read    extract -> fingerprint -> tag -> facts -> sketch        one document, alone
place   dedupe -> cluster                                       beside what the store knows
settle  merge -> link -> score                                  what follows for its event
tell    alert                                                   beside what was told lately
rebuild merge, document by document -> correct                  an event that a person, or a replay, made again
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from itertools import zip_longest

from knowledge.schema import Lens
from pipeline import alert, cluster, correct, dedupe, extract, facts, link, propose, score
from pipeline.echo import Told
from pipeline.lexicon import Lexicon
from pipeline.records import (
    Alert,
    ByHand,
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
)
from pipeline.shelf import Shelf
from pipeline.tag import tag
from pipeline.watching import WatchBook


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
    """A document understood: its clean text, its tags, its facts where it is about AI, and the sketch to compare."""
    document = extract.extract(raw)
    fingerprint = dedupe.fingerprint(document)
    tags = tag(document, lexicon)
    found = facts.find(document, tags, lexicon) if tags.relevant else ()
    sketch = cluster.sketch(document, tags, found, lexicon.knowledge)
    return Reading(
        document=document, fingerprint=fingerprint, tags=tags, facts=found, sketch=sketch, history=raw.history
    )


def recall(document: Document, tags: Tags, found: tuple[Fact, ...], lexicon: Lexicon) -> Reading:
    """The reading of a document that was read before, from what was kept of it."""
    sketch = cluster.sketch(document, tags, found, lexicon.knowledge)
    return Reading(
        document=document, fingerprint=dedupe.fingerprint(document), tags=tags, facts=found, sketch=sketch, history=True
    )


def question(reading: Reading, lexicon: Lexicon) -> Question | None:
    """What a language model, where one is set, may be asked about a document; None where nothing is open."""
    return propose.question(reading.document, reading.tags, lexicon.knowledge)


def read_answer(reading: Reading, answer: str, lexicon: Lexicon) -> Reading:
    """The reading with what the answer adds to its tags. Facts and sketch stay: hearsay gives nobody another's figure, and
    the same reports make the same events with a model and without."""
    tags = propose.read_answer(answer, reading.document, reading.tags, lexicon.knowledge)
    return reading.model_copy(update={"tags": tags})


def fate(reading: Reading, like: Sequence[Document]) -> tuple[State, str, Verdict]:
    """Whether the trip ends here, and why: a copy of a document we have, or off topic. `DONE` means: go on."""
    verdict = dedupe.dedupe(reading.document, reading.fingerprint, like)
    if verdict.kind != "new":
        return State.DUPLICATE, f"{verdict.kind} as {verdict.of}", verdict
    if not reading.tags.relevant:
        return State.REJECTED, reading.tags.reason, verdict
    return State.DONE, "", verdict


def place(
    reading: Reading, candidates: Sequence[Sketch], lexicon: Lexicon, compared: cluster.Compared | None = None
) -> Placement:
    """The event that a document joins, or the new one that it founds. What was compared before is not compared again."""
    return cluster.place(reading.sketch, candidates, lexicon.knowledge, lexicon.alike, compared)


def remember(reading: Reading, placement: Placement, candidates: Sequence[Sketch]) -> Sketch | None:
    """What clustering is to keep for the event from now on, or None where it knows enough of it."""
    founding = next((c for c in candidates if c.event_id == placement.event_id), None)
    kept = cluster.remember(reading.sketch, placement, founding)
    return None if kept is founding else kept


def settle(
    reading: Reading, placement: Placement, event: Event | None, lexicon: Lexicon, lenses: Iterable[Lens], on: date
) -> Outcome:
    """The event with the document in it, its links as of a day, and its score under each lens."""
    merged = cluster.merge(event, placement, reading.document, reading.tags, reading.facts)
    merged = correct.respect(merged, event.by_hand) if event else merged
    merged = alert.as_history(merged, {reading.document.id}) if reading.history else merged
    links, scores = weigh(merged, lexicon, lenses, on)
    return Outcome(event=merged, placement=placement, links=links, scores=scores)


def tell(
    outcome: Outcome,
    before: Event | None,
    document: Document,
    lexicon: Lexicon,
    lenses: Iterable[Lens],
    book: WatchBook,
    now: datetime,
    told: Sequence[Told] = (),
) -> list[Alert]:
    """Whom to tell of an event now that a document is in it, beside the events told lately that it may be an echo of."""
    event, links = outcome.event, outcome.links
    brought = next(report for report in event.reports if report.document_id == document.id)
    if event.is_noise or not book.watches or not alert.is_news(event, brought, now):
        return []
    earlier = [score.score(before, links, lens, lexicon.knowledge) for lens in lenses] if before else []
    return alert.alerts(event, before, links, outcome.scores, book, now, brought, earlier, told)


def weigh(
    event: Event, lexicon: Lexicon, lenses: Iterable[Lens], on: date
) -> tuple[tuple[Link, ...], tuple[Score, ...]]:
    """An event's links as of a day, and its score under each lens."""
    links = link.link(event, lexicon.knowledge, on)
    return tuple(links), tuple(score.score(event, links, lens, lexicon.knowledge) for lens in lenses)


def rebuild(
    event_id: str,
    readings: Sequence[Reading],
    base: Event | None = None,
    by_hand: ByHand | None = None,
    sketches: Sequence[Sketch] = (),
    placement: Placement | None = None,
) -> tuple[Event, Sketch]:
    """An event made again of its documents, in the order given, and what clustering is to keep for it.

    Its place in a chain and what a person said of it stay as `base` has them, or come from the placement that founds it;
    `sketches` are those kept so far for the events that it is made of.
    """
    founded = placement or Placement(event_id=event_id, new=True)
    event: Event | None = None
    for one in readings:
        event = cluster.merge(event, founded, one.document, one.tags, one.facts)
    assert event is not None, "an event has a document"
    if base is not None:
        follows = None if base.follows == event_id else base.follows
        chain = (
            {"days_after": base.days_after, "novelty": base.novelty}
            if follows
            else {"days_after": None, "novelty": 1.0}
        )
        event = event.model_copy(update={"follows": follows, **chain})
    if base is not None and (old := {report.document_id for report in base.reports if report.history}):
        event = alert.as_history(event, old)
    said = by_hand if by_hand is not None else base.by_hand if base is not None else ByHand()
    return correct.respect(event, said), anchored(event_id, readings, sketches)


def anchored(event_id: str, ordered: Sequence[Reading], sketches: Sequence[Sketch]) -> Sketch:
    """One sketch of an event's documents, with those of the events merged into it beside."""
    known = {reading.document.id: reading.sketch for reading in ordered}
    made: list[Sketch] = []
    for group in correct.anchors(sketches, list(known)):
        kept: Sketch | None = None
        for document_id in group:
            kept = cluster.remember(known[document_id], Placement(event_id=event_id, new=kept is None), kept)
        made += [kept] if kept else []
    first, *merged = made
    if not merged:
        return first
    keys = dict.fromkeys(key for row in zip_longest(*(one.keys for one in made)) for key in row if key)
    bare = tuple(one.model_copy(update={"keys": ()}) for one in merged)
    return first.model_copy(update={"keys": tuple(keys), "merged": bare})


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
        placement = cluster.place(sketch, shelf.candidates(sketch), lexicon.knowledge, lexicon.alike)
        shelf.keep(cluster.remember(sketch, placement, shelf.get(placement.event_id)))
        yield sketch.document_id, placement.event_id

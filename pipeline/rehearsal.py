"""Rehearsal: what a watch would have told of past events, by the very rule that tells of new ones, document by document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from knowledge.index import KnowledgeBase
from knowledge.schema import Lens
from pipeline import alert, cluster, link, score
from pipeline.records import Alert, Document, Event, Fact, Placement, Record, Score, Tags, Watch
from pipeline.watching import WatchBook


class Step(Record):
    """A document as it came to an event: what it says, and whether it was old news to us then."""

    document: Document
    tags: Tags
    facts: tuple[Fact, ...] = ()
    history: bool = False


class History(Record):
    """An event's documents in the order in which we saw them."""

    event_id: str
    follows: str | None = None
    steps: tuple[Step, ...]


def rehearse(
    histories: Iterable[History], watches: Iterable[Watch], knowledge: KnowledgeBase, zone: tzinfo
) -> list[Alert]:
    """The alerts that watches would have raised, each at the moment when its document was first seen; oldest first."""
    book = WatchBook(watch.model_copy(update={"paused": False}) for watch in watches)
    lenses = [knowledge.lenses[name] for name in dict.fromkeys(watch.lens for watch in book.watches)]
    made = [told for history in histories for told in _retold(history, book, lenses, knowledge, zone)]
    return sorted(made, key=lambda told: (told.made_at, told.id))


def _retold(
    history: History, book: WatchBook, lenses: list[Lens], knowledge: KnowledgeBase, zone: tzinfo
) -> Iterator[Alert]:
    event: Event | None = None
    earlier: tuple[Score, ...] = ()
    told: set[str] = set()
    for step in history.steps:
        document, now = step.document, step.document.first_seen_at
        placement = Placement(event_id=history.event_id, new=event is None, follows=history.follows)
        merged = cluster.merge(event, placement, document, step.tags, step.facts)
        merged = alert.as_history(merged, {document.id}) if step.history else merged
        links = link.link(merged, knowledge, document.when.astimezone(zone).date())
        scores = tuple(score.score(merged, links, lens, knowledge) for lens in lenses)
        brought = next(report for report in merged.reports if report.document_id == document.id)
        for raised in alert.alerts(merged, event, links, scores, book, now, brought, earlier):
            if raised.id not in told:
                told.add(raised.id)
                yield raised
        event, earlier = merged, scores

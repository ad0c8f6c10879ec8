"""Rehearsal: what a watch would have told of past events, by the very rule that tells of new ones, document by document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from knowledge.index import KnowledgeBase
from knowledge.schema import Lens
from pipeline import alert, cluster, echo, link, score
from pipeline.echo import Told
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
    """The alerts that watches would have raised of events, the oldest first, each when its document was first seen."""
    book = WatchBook(watch.model_copy(update={"paused": False}) for watch in watches)
    lenses = [knowledge.lenses[name] for name in dict.fromkeys(watch.lens for watch in book.watches)]
    releases: dict[str, list[Told]] = {}
    made = [told for history in histories for told in _retold(history, book, lenses, knowledge, zone, releases)]
    return sorted(made, key=lambda told: (told.made_at, told.id))


def _retold(
    history: History,
    book: WatchBook,
    lenses: list[Lens],
    knowledge: KnowledgeBase,
    zone: tzinfo,
    releases: dict[str, list[Told]],
) -> Iterator[Alert]:
    """An event's alerts, beside the releases told before it, by product; where it is one, it is added to them."""
    event: Event | None = None
    earlier: tuple[Score, ...] = ()
    told: dict[str, str] = {}
    for step in history.steps:
        document, now = step.document, step.document.first_seen_at
        placement = Placement(event_id=history.event_id, new=event is None, follows=history.follows)
        merged = cluster.merge(event, placement, document, step.tags, step.facts)
        merged = alert.as_history(merged, {document.id}) if step.history else merged
        links = link.link(merged, knowledge, document.when.astimezone(zone).date())
        scores = tuple(score.score(merged, links, lens, knowledge) for lens in lenses)
        brought = next(report for report in merged.reports if report.document_id == document.id)
        before = [_as_of(one, now) for name in echo.names(merged) for one in releases.get(name, ())]
        for raised in alert.alerts(merged, event, links, scores, book, now, brought, earlier, before):
            if raised.id not in told:
                told[raised.id] = raised.watch_id
                yield raised
        event, earlier = merged, scores
    if event and told and (subject := echo.released(event)):
        releases.setdefault(subject[0], []).append(Told(event, frozenset(told.values())))


def _as_of(told: Told, now: datetime) -> Told:
    """An event told before, with what its reports had said by then."""
    reports = tuple(report for report in told.event.reports if report.first_seen_at <= now)
    known = {report.document_id for report in reports}
    facts = tuple(fact for fact in told.event.facts if fact.document_id in known)
    return told._replace(event=told.event.model_copy(update={"reports": reports, "facts": facts}))

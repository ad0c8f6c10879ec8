"""Importance against annotated happenings of real weeks: how near the top of each week's order they stand under a lens.

    python -m benchmarks.measure_ranking week_2024_03.jsonl week_2024_03_events.jsonl 2024-W11 2024-W12 2024-W13

The first file holds the documents, one JSON object a line with `id`, `date`, `title`, `text`, `lang`, `source` and
`event_id`; the second the annotated events with `event_id`, `event_date` and `label`. An event of ours tells of an
annotated one when most of its documents that carry an id carry that one, and they are a quarter of all its documents or
more (one without an id may belong all the same). Beside our order stands the one by number of reports alone.
What the figures mean stands in docs/importance.md.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.labels import read_rows
from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline import cluster, flow, score
from pipeline.door import raw_document
from pipeline.lexicon import Lexicon
from pipeline.link import link
from pipeline.records import Event, Link, RawDocument, State
from pipeline.shelf import Shelf

ZONE = ZoneInfo("Asia/Shanghai")
TOPS = (10, 20, 30)


class Linked(NamedTuple):
    """An event with its links as of the day of its last report."""

    event: Event
    links: Sequence[Link]


def main(documents: Path, annotated: Path, weeks: Sequence[str]) -> None:
    """Print for each week and lens how high the annotated events stand, ours beside the baseline's."""
    rows = read_rows(documents)
    knowledge = load()
    told, named = happenings(rows, Lexicon(knowledge))
    linked = [Linked(event, link(event, knowledge, last_day(event))) for event in told]
    for week in weeks:
        gold = [row for row in read_rows(annotated) if date.fromisoformat(row["event_date"]) in days_of(week)]
        ours = [it for it in linked if it.event.when.astimezone(ZONE).date() in days_of(week)]
        print(f"\n{week}: {len(ours)} events, {len(gold)} annotated")
        orders = {"reports": by_reports(ours), **{lens: by_score(ours, lens, knowledge) for lens in knowledge.lenses}}
        ranks = {name: ranks_of(gold, order, named) for name, order in orders.items()}
        for name, found in ranks.items():
            print(f"  {name:8s} {figures(found.values())}")
        for row in sorted(gold, key=lambda row: ranks["all"][row["event_id"]] or 999):
            places = " ".join(f"{name} {found[row['event_id']] or '-':>4}" for name, found in ranks.items())
            print(f"    {places}  {row['label']}")


def days_of(week: str) -> set[date]:
    """Monday to Sunday of an ISO week such as `2024-W11`."""
    monday = date.fromisoformat(f"{week}-1")
    return {monday + timedelta(days=n) for n in range(7)}


def last_day(event: Event) -> date:
    """The day of the last report, as of which the store keeps an event's links."""
    return max(r.published_at or r.first_seen_at for r in event.reports).astimezone(ZONE).date()


def happenings(rows: Iterable[dict[str, Any]], lexicon: Lexicon) -> tuple[list[Event], dict[str, str]]:
    """The events that the documents make, as a store holds them after the last; and the annotated event of a document."""
    shelf = Shelf()
    events: dict[str, Event] = {}
    named: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: (row["date"], row["id"])):
        reading = flow.read(raw(row), lexicon)
        if flow.fate(reading, ())[0] is not State.DONE:
            continue
        placement = flow.place(reading, shelf.candidates(reading.sketch), lexicon)
        before = events.get(placement.event_id)
        events[placement.event_id] = cluster.merge(before, placement, reading.document, reading.tags, reading.facts)
        shelf.keep(cluster.remember(reading.sketch, placement, shelf.get(placement.event_id)))
        if row.get("event_id"):
            named[reading.document.id] = row["event_id"]
    return list(events.values()), named


def raw(row: dict[str, Any]) -> RawDocument:
    """A line as the door of the store takes it: a bare day, so the time is unknown."""
    day = datetime.fromisoformat(row["date"]).replace(tzinfo=ZONE)
    return raw_document(row, ZONE, day + timedelta(hours=12))


def by_score(ours: Iterable[Linked], lens: str, knowledge: KnowledgeBase) -> list[Event]:
    """The order of importance under a lens."""
    scores = {it.event.id: score.score(it.event, it.links, knowledge.lenses[lens], knowledge).total for it in ours}
    return sorted((it.event for it in ours), key=lambda event: (-scores[event.id], event.id))


def by_reports(ours: Iterable[Linked]) -> list[Event]:
    """The baseline: most reports first, ties to the earlier."""
    return sorted((it.event for it in ours), key=lambda event: (-len(event.reports), event.when, event.id))


def ranks_of(gold: Iterable[dict[str, Any]], order: Sequence[Event], named: dict[str, str]) -> dict[str, int | None]:
    """The place of the first event that tells of each annotated one; None where none does."""
    first: dict[str, int] = {}
    for place, event in enumerate(order, 1):
        ids = Counter(named[report.document_id] for report in event.reports if report.document_id in named)
        best, count = next(iter(ids.most_common(1)), ("", 0))
        if count * 2 > ids.total() and count * 4 >= len(event.reports):
            first.setdefault(best, place)
    return {row["event_id"]: first.get(row["event_id"]) for row in gold}


def figures(ranks: Iterable[int | None]) -> str:
    """The share within each top, and the mean reciprocal rank."""
    places = list(ranks)
    tops = "  ".join(f"top {top} {sum(1 for p in places if p and p <= top) / len(places):.2f}" for top in TOPS)
    return f"{tops}  mrr {sum(1 / p for p in places if p) / len(places):.3f}"


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: python -m benchmarks.measure_ranking DOCUMENTS.jsonl EVENTS.jsonl WEEK...")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])

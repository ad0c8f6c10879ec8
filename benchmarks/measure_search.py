"""Search against the judged queries of gold/search.jsonl: nDCG@10 for each, and names and two-character words that must be answered.

    python -m benchmarks.measure_search week_2024_03.jsonl

The file holds the documents that were judged, one JSON object a line with `id`, `date`, `title`, `text`, `lang` and `source`.
They go through the whole trip into a throw-away store, and are asked as the search page asks. Documents were judged, not
events: an event is worth as much as the best of its documents, 2 for one that is about what was asked and 1 for one that
says something of it, so that the figure does not depend on the ids that events have. The ideal order is over every event
of the store that holds a judged document; the gain is 2 to the grade, less 1, discounted by the logarithm of the place.
"""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import text

from knowledge.load import load
from pipeline.door import raw_document
from pipeline.lexicon import Lexicon
from pipeline.names import Names
from pipeline.query import read_query
from storage import finding
from storage.engine import Store, open_store
from worker import jobs
from worker.desk import Desk

ZONE = ZoneInfo("Asia/Shanghai")
GOLD = Path(__file__).parent / "gold" / "search.jsonl"
CLOCK = datetime(2024, 4, 1, tzinfo=UTC)
DEPTH = 10


class Judged(NamedTuple):
    """A query of the gold file, and what each document is worth as an answer to it."""

    query: str
    language: str
    grades: dict[str, int]
    must: bool
    """Whether the question is only whether it is answered at all, within the first three."""


def main(documents: Path) -> None:
    """Print each query's nDCG@10, the means, and how many of those that must be answered are."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with TemporaryDirectory() as folder:
        desk = Desk(open_store(f"sqlite:///{folder}/week.db"), Lexicon(load()), {}, ZONE)
        take_in(desk, documents)
        found = [(judged, answers(desk, judged.query)) for judged in read_gold()]
        held = documents_of(desk.store)
        desk.store.close()
    figures: dict[str, list[float]] = {}
    answered = []
    for judged, events in found:
        worth = {
            event: grade for event, ids in held.items() if (grade := max(judged.grades.get(id_, 0) for id_ in ids))
        }
        if judged.must:
            answered.append(any(event in worth for event in events[:3]))
            print(f"{'answered' if answered[-1] else 'NOT ANSWERED':12s} {judged.query}")
        else:
            figure = ndcg([worth.get(event, 0) for event in events], worth.values())
            figures.setdefault(judged.language, []).append(figure)
            print(f"{figure:12.3f} {judged.query}")
    for language, of_it in figures.items():
        print(f"nDCG@{DEPTH} {mean(of_it):.3f} over {len(of_it)} queries in {language}")
    every = [figure for of_it in figures.values() for figure in of_it]
    print(f"nDCG@{DEPTH} {mean(every):.3f} over {len(every)} queries; {sum(answered)} of {len(answered)} answered")


def read_gold() -> list[Judged]:
    """The judged queries; the first line of the file says how they were judged."""
    rows = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()[1:]]
    return [
        Judged(
            row["query"],
            row["language"],
            {**dict.fromkeys(row.get("some", ()), 1), **dict.fromkeys(row["about"], 2)},
            row.get("must", False),
        )
        for row in rows
    ]


def take_in(desk: Desk, documents: Path) -> None:
    """The documents through the whole trip."""
    rows = [json.loads(line) for line in documents.read_text("utf-8").splitlines()]
    jobs.receive(desk, [raw_document(row, ZONE, CLOCK) for row in rows], CLOCK)
    while jobs.process_due(desk, CLOCK):
        pass


def answers(desk: Desk, query: str) -> list[str]:
    """The events that the search page shows first; after those that hold every word come those that hold some."""
    knowledge = desk.lexicon.knowledge
    question = read_query(query, Names(knowledge), knowledge, ZONE, CLOCK)
    with desk.store.reading() as session:
        hits = finding.find(session, question, kind="event", limit=DEPTH, some_words=True)
    return [hit.subject for hit in hits]


def documents_of(store: Store) -> dict[str, list[str]]:
    """The documents of each event, under the ids that the file gives them."""
    held: dict[str, list[str]] = {}
    with store.reading() as session:
        rows = session.execute(text("SELECT event_id, external_id FROM documents WHERE event_id IS NOT NULL"))
        for row in rows:
            held.setdefault(row.event_id, []).append(row.external_id)
    return held


def ndcg(given: Sequence[int], worth: Iterable[int]) -> float:
    """How near an order comes to the best that there is, 0-1."""
    best = gain(sorted(worth, reverse=True)[:DEPTH])
    return gain(given) / best if best else 0.0


def gain(grades: Iterable[int]) -> float:
    """The gain of grades in an order: what stands lower counts for less."""
    return math.fsum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, 1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

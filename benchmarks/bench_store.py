"""How the store's look-ups and writes grow: the same questions to a store of 10,000 and of 1,000,000 documents.

    python -m benchmarks.bench_store --folder DIR [--documents 10000 1000000] [--url postgresql://... postgresql://...]

The stores are those of benchmarks/filled.py, made now where they are missing. Look-ups go through the public functions; what a
write changes is taken back, so its time is without the commit.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from benchmarks.filled import Item, Stream, filled, fingerprint, sketch
from pipeline.query import plain
from pipeline.records import RawDocument
from pipeline.shelf import CANDIDATES, WINDOW
from storage import documents, events, finding, search
from storage.engine import Store

ASKED = 300
RANKS = 3_000
"""A word asked for is one of so many most common."""

Question = Callable[[Session, Item], object]


def questions(stream: Stream) -> dict[str, Question]:
    """What is measured, by name: each asks about a document."""
    dice = random.Random(2)
    return {
        "candidates": partial(_candidates, stream),
        "like": lambda s, item: documents.like(s, fingerprint(item)),
        "find, one word": lambda s, _: finding.find(s, plain(stream.world.words[dice.randrange(RANKS)])),
        "find, two words": lambda s, item: finding.find(s, plain(" ".join(item.body[:2]))),
        "find, word and company": lambda s, item: finding.find(s, plain(item.body[0], ("co", item.subject.company))),
        "page of a company": lambda s, item: events.page(s, company=item.subject.company),
        "write: receive one": lambda s, item: documents.receive(s, [_raw(item)], item.when),
        "write: index one": lambda s, item: search.index(
            s, "event", f"n{item.number}", item.when, item.title, item.body, []
        ),
    }


def _candidates(stream: Stream, session: Session, item: Item) -> object:
    return events.candidates(session, sketch(item, stream.world).keys, item.when, WINDOW, CANDIDATES)


def _raw(item: Item) -> RawDocument:
    return RawDocument(
        id=f"new{item.number}",
        source_id="s",
        url=f"https://n.example/{item.number}",
        title=" ".join(item.title),
        first_seen_at=item.when,
    )


def ask(store: Store, stream: Stream) -> dict[str, list[float]]:
    """Milliseconds of each look-up and write, ASKED times."""
    asked = [stream.item(stream.count - ASKED + n) for n in range(ASKED)]
    took: dict[str, list[float]] = defaultdict(list)
    for name, question in questions(stream).items():
        for item in asked:
            with store.writing() if name.startswith("write") else store.reading() as session:
                began = time.perf_counter()
                question(session, item)
                took[name].append((time.perf_counter() - began) * 1000)
                session.rollback()
    return took


def main() -> None:
    """Print what each question takes in a store of each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--url", nargs="*", default=[], help="a PostgreSQL database for each size, instead of files")
    given = parser.parse_args()
    for count, url in zip(given.documents, given.url or [None] * len(given.documents), strict=True):
        store, stream = filled(count, given.folder, url)
        print(f"{count:,} documents in {store}")
        for name, times in ask(store, stream).items():
            cut = statistics.quantiles(times, n=100)
            print(f"  {name:24} p50 {cut[49]:8.2f} ms   p99 {cut[98]:8.2f} ms")
        store.close()


if __name__ == "__main__":
    main()

"""What it costs to place a document, in a small store and in a large one, asked in turn so that a busy machine slows both alike.

    python -m benchmarks.bench_place --folder DIR [--documents 10000 1000000] [--url postgresql://... postgresql://...]

The stores are those of benchmarks/filled.py, made now where they are missing; nothing is written into them. Asked are documents
of the last days, as other reports of events that are there. Placing is the look-up of candidates with the decision; the look-up
of copies, which comes before it, stands beside. A store in a file is read through once before, so that it lies in memory as far
as there is room: what is measured is the work, not a disk's first touch. `--cold` leaves that out.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy.orm import Session

from benchmarks.filled import Item, Stream, filled, fingerprint, sketch
from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline import cluster
from pipeline.shelf import CANDIDATES, WINDOW
from storage import documents, events
from storage.engine import Store

WARMING = 50
ASKED = 500
EVERY = 7
"""Of so many documents one is asked for: 550 of the last 3,850, four days."""

Times = dict[str, list[float]]


def main() -> None:
    """Ask each store in turn, and print medians with their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--url", nargs="*", default=[], help="a PostgreSQL database for each size, instead of files")
    parser.add_argument("--cold", action="store_true", help="do not read the files through before")
    given = parser.parse_args()
    urls = given.url or [None] * len(given.documents)
    stores = [filled(count, given.folder, url) for count, url in zip(given.documents, urls, strict=True)]
    if not given.cold:
        for store, _ in stores:
            _read_through(store)
    took = measure(stores, load())
    for count, times in zip(given.documents, took, strict=True):
        told = ", ".join(f"{name} {_told(times[name])}" for name in times)
        print(f"{count:>9,} documents: {told}")
    ratios = (f"{name} {median(took[-1][name]) / median(took[0][name]):.2f}" for name in took[0])
    print(f"medians of the last to the first: {', '.join(ratios)}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    for store, _ in stores:
        store.close()


def _read_through(store: Store) -> None:
    """A file's pages, brought into the system's memory."""
    if store.is_sqlite:
        with Path(str(store.url.database)).open("rb") as file:
            while file.read(1 << 24):
                pass


def _told(times: Sequence[float]) -> str:
    return f"median {median(times):.2f} ms (p99 {quantiles(times, n=100)[98]:.2f})"


def measure(stores: Sequence[tuple[Store, Stream]], knowledge: KnowledgeBase) -> list[Times]:
    """Milliseconds of each part in each store, the warming ones left out."""
    took: list[Times] = [defaultdict(list) for _ in stores]
    for turn in range(WARMING + ASKED):
        for (store, stream), times in zip(stores, took, strict=True):
            item = stream.item(stream.count - 1 - (WARMING + ASKED - turn) * EVERY)
            with store.reading() as session:
                _ask(session, stream, item, knowledge, times)
    return [{name: every[WARMING:] for name, every in times.items()} for times in took]


def _ask(session: Session, stream: Stream, item: Item, knowledge: KnowledgeBase, times: Times) -> None:
    asked = sketch(item, stream.world).model_copy(update={"event_id": "e-new", "document_id": "d-new"})
    with _timed(times["copies"]):
        documents.like(session, fingerprint(item))
    with _timed(times["placing"]):
        near = events.candidates(session, asked.keys, asked.when, WINDOW, CANDIDATES)
        cluster.place(asked, near, knowledge)
    times["both"].append(times["copies"][-1] + times["placing"][-1])


@contextmanager
def _timed(times: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    times.append((time.perf_counter() - began) * 1000)


if __name__ == "__main__":
    main()

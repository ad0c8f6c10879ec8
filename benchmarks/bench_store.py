"""How the store's three look-ups and its writes grow: the same questions to a store of 10,000 and of 1,000,000 documents.

The text is generated: an event gets a company and a product by a Zipf law over 500 and 1,500 names, and words by a Zipf law
over a vocabulary of 60,000 Chinese pairs and 30,000 English words, so that common words are as common as in news. Four in
ten documents join an event of the last days, the others found one; time runs over three years. Rows are written by the
store's own functions' tables in bulk, then ANALYZE; look-ups go through the public functions.

    python -m benchmarks.bench_store --sizes 10000 1000000 [--url postgresql://...] [--folder DIR]
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate, islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from pipeline.query import plain
from pipeline.records import CompanyTag, Event, Fingerprint, RawDocument, Sketch
from pipeline.text import TOKENIZER_VERSION
from storage import documents, events, finding, likenesses, search, tables
from storage.engine import Store, open_store

START = datetime(2023, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=3 * 365)
BATCH = 5_000
ASKED = 300
BODY = 120
"""Tokens of a text: a news summary of about 120 characters or words."""


@dataclass(frozen=True)
class World:
    """The vocabulary, and how often each of its words comes."""

    companies: list[str]
    products: list[str]
    words: list[str]
    weights: dict[str, list[float]]


def make_world(dice: random.Random) -> World:
    """Names and words with Zipf weights."""
    characters = [chr(code) for code in range(0x4E00, 0x4E00 + 3_000)]
    pairs = list({"".join(dice.choices(characters, k=2)) for _ in range(60_000)})
    words = [*sorted(pairs), *(f"w{number:x}" for number in range(30_000))]
    dice.shuffle(words)
    companies = [f"company-{number}" for number in range(500)]
    products = [f"product-{number}" for number in range(1_500)]
    lists = {"companies": companies, "products": products, "words": words}
    weights = {name: list(accumulate(1 / rank for rank in range(1, len(of) + 1))) for name, of in lists.items()}
    return World(companies, products, words, weights)


@dataclass(frozen=True)
class Item:
    """A generated document with the event that it founds or joins."""

    number: int
    event: int
    founds: bool
    when: datetime
    company: str
    product: str
    title: list[str]
    body: list[str]

    @property
    def keys(self) -> list[str]:
        """Under which its event is found: as clustering makes them, names and the headline's words."""
        return [f"c:{self.company}", f"p:{self.product}", *(f"w:{word}" for word in dict.fromkeys(self.title))]


def items(world: World, count: int, dice: random.Random) -> Iterator[Item]:
    """Documents in order of time."""

    def draw(name: str, many: int) -> list[str]:
        return dice.choices(getattr(world, name), cum_weights=world.weights[name], k=many)

    recent: list[tuple[int, str, str, list[str]]] = []
    for number in range(count):
        when = START + SPAN * (number / count)
        founds = not recent or dice.random() < 0.6
        if founds:
            about = (number, draw("companies", 1)[0], draw("products", 1)[0], draw("words", 10))
            recent = [*recent[-49:], about]
        event, company, product, title = dice.choice(recent) if not founds else recent[-1]
        yield Item(number, event, founds, when, company, product, title, draw("words", BODY))


# ---- filling --------------------------------------------------------------------------------------------------------


def fill(store: Store, world: World, count: int) -> float:
    """Documents a second at which a store was filled in bulk."""
    stream = items(world, count, random.Random(1))
    began = time.perf_counter()
    while batch := list(islice(stream, BATCH)):
        with store.writing() as session:
            _write(session, batch)
    with store.writing() as session:
        session.execute(text("ANALYZE"))
    return count / (time.perf_counter() - began)


def _write(session: Session, batch: list[Item]) -> None:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("documents", "likenesses", "events", "sketches")}
    rows |= {"event_keys": [], "event_tags": [], "search_rows": []}
    for item in batch:
        _add_document(rows, item)
        if item.founds:
            _add_event(rows, item)
    for name, found in rows.items():
        if found:
            session.execute(tables.metadata.tables[name].insert(), found)
    search.write_words(session, rows["search_rows"])


def _add_document(rows: dict[str, list[dict[str, Any]]], item: Item) -> None:
    key, title = f"d{item.number}", " ".join(item.title)
    row = {
        "id": key,
        "source_id": f"s{item.number % 300}",
        "source_name": "",
        "tier": 3,
        "author": "",
        "language": "zh",
    }
    row |= {"url": f"https://x/{item.number}", "canonical_url": f"https://x/{item.number}", "title": title}
    row |= {"text": "".join(item.body), "published_precision": "time", "first_seen_at": item.when}
    row |= {"filed_at": item.when, "state": "done", "reason": "", "step": "", "event_id": f"e{item.event}"}
    rows["documents"].append(row)
    for hash_of in likenesses.hashes(fingerprint(item)):
        rows["likenesses"].append({"hash": hash_of, "filed_at": item.when, "document_id": key})
    number = search.first_id(item.when) + search.hash_of("document", key)
    rows["search_rows"].append(
        {
            "id": number,
            "kind": "document",
            "subject": key,
            "version": TOKENIZER_VERSION,
            "title": title,
            "tags": f"k_document {search.tag('co', item.company)} {search.tag('pr', item.product)}",
            "body": zlib.compress(" ".join(item.body).encode(), 1),
        }
    )


def _add_event(rows: dict[str, list[dict[str, Any]]], item: Item) -> None:
    key = f"e{item.event}"
    tag = CompanyTag(id=item.company, relevance=90, quote=item.company)
    event = Event(
        id=key, event_type="product_launch", first_seen_at=item.when, companies=(tag,), title_zh="".join(item.title)
    )
    sketch = Sketch(
        event_id=key, document_id=f"d{item.number}", when=item.when, language="zh", title="", keys=tuple(item.keys)
    )
    row = {"id": key, "filed_at": item.when, "first_seen_at": item.when, "event_type": event.event_type}
    rows["events"].append(row | {"body": event.model_dump_json()})
    rows["sketches"].append({"event_id": key, "body": sketch.model_dump_json()})
    found = {"filed_at": item.when, "event_id": key}
    rows["event_keys"] += [{"key": name} | found for name in item.keys]
    rows["event_tags"] += [{"tag": name} | found for name in (f"company:{item.company}", "type:product_launch")]


def fingerprint(item: Item) -> Fingerprint:
    """32 bands of a text: those of documents of one event agree in some."""
    bands = (f"{item.event if band < 2 else item.number}-{band}" for band in range(32))
    return Fingerprint(url=f"u{item.number}", text=sha256(str(item.number).encode()).hexdigest(), bands=tuple(bands))


# ---- asking ---------------------------------------------------------------------------------------------------------


def ask(store: Store, world: World, count: int) -> dict[str, list[float]]:
    """Milliseconds of each look-up and write, ASKED times."""
    dice = random.Random(2)
    asked = list(islice(items(world, count, random.Random(1)), count - ASKED, None))
    took: dict[str, list[float]] = {}

    def measure(name: str, do: Callable[[Session, Item], object]) -> None:
        for item in asked:
            with store.writing() if name.startswith("write") else store.reading() as session:
                began = time.perf_counter()
                do(session, item)
                took.setdefault(name, []).append((time.perf_counter() - began) * 1000)

    def raw(item: Item) -> RawDocument:
        return RawDocument(
            id=f"new{item.number}",
            source_id="s",
            url=f"https://n/{item.number}",
            title="".join(item.title),
            first_seen_at=item.when,
        )

    ranks = dice.choices(range(3_000), k=len(asked))
    measure("candidates", lambda s, item: events.candidates(s, item.keys, item.when, timedelta(days=21), 64))
    measure("like", lambda s, item: documents.like(s, fingerprint(item)))
    measure("find, one word", lambda s, item: finding.find(s, plain(world.words[ranks[item.number % ASKED]])))
    measure("find, two words", lambda s, item: finding.find(s, plain(" ".join(item.body[:2]))))
    measure(
        "find, word and company",
        lambda s, item: finding.find(s, plain(item.body[0], ("co", item.company))),
    )
    measure("page of a company", lambda s, item: events.page(s, company=item.company))
    measure("write: receive one", lambda s, item: documents.receive(s, [raw(item)], item.when))
    measure(
        "write: index one",
        lambda s, item: search.index(s, "event", f"n{item.number}", item.when, item.title, item.body, []),
    )
    return took


def main() -> None:
    """Fill a store of each size and print what each question takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--url", help="an empty PostgreSQL database; a SQLite file without it")
    parser.add_argument("--folder", type=Path, help="where SQLite files are made")
    given = parser.parse_args()
    world = make_world(random.Random(0))
    for size in given.sizes:
        folder = given.folder or Path(mkdtemp())
        store = open_store(given.url or f"sqlite:///{folder}/bench-{size}.db")
        rate = fill(store, world, size)
        print(f"{size:,} documents, filled at {rate:,.0f} a second")
        for name, times in ask(store, world, size).items():
            cut = statistics.quantiles(times, n=100)
            print(f"  {name:24} p50 {cut[49]:8.2f} ms   p99 {cut[98]:8.2f} ms")
        store.close()


if __name__ == "__main__":
    main()

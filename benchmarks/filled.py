"""Stores of many generated documents, made once and kept: what measures look-ups and pages asks one of them.

    python -m benchmarks.filled --documents 1000000 --folder DIR [--url postgresql://...]

Without an address it is the SQLite file `filled-1000000.db` in DIR; with one, that PostgreSQL database, empty before. One that
is already full is left as it is.

Ten documents make an event on average, and few events are told by many. A document is a function of its number: companies and
products follow a Zipf law over 500 and 1,500 names, words one over 60,000 Chinese pairs and 30,000 English words, so that
common words are as common as in news. Time passes at 900 documents a day, as if the same sources were read for longer.
"""

from __future__ import annotations

import argparse
import struct
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import IO, Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pipeline.records import (
    CompanyTag,
    Event,
    Fingerprint,
    Modalities,
    ProductTag,
    Reason,
    Report,
    Score,
    ScorePart,
    Sketch,
)
from pipeline.text import TOKENIZER_VERSION
from storage import likenesses, search, settling, tables
from storage.engine import Store, open_store

END = datetime(2026, 9, 1, tzinfo=UTC)
"""When the last document came; the more there are, the further back the first one lies."""
A_DAY = 900
AN_EVENT = 10
OPEN = 50
"""Events that may still get a report: those of half a day."""
BATCH = 10_000
BODY = 100
"""Tokens of a text beside its headline: a news summary of about 120 characters or words."""
TITLE = 10
COMMON = 300
"""Words up to this rank are as common as those that clustering takes for no key."""
KEYS = 24
PARTS = 64
"""Heaps that hashes are dealt out to before they are sorted: written in order they take minutes, not hours."""

_TYPES = ("product_launch", "model_release", "funding", "partnership", "open_source_release", "model_update")
_OUTPUTS = ("text", "image", "video", "audio", "code")
_HEAPED = struct.Struct(">32sI")

Heaps = Sequence[IO[bytes]]
Rows = defaultdict[str, list[dict[str, Any]]]


# ---- what the documents say -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """The vocabulary, the most common word first, and how often each comes."""

    companies: list[str]
    products: list[str]
    words: list[str]
    weights: dict[str, list[float]]
    ranks: dict[str, int]

    def draw(self, dice: Random, name: str, many: int) -> list[str]:
        """Some of the `companies`, `products` or `words`, the common ones more often."""
        return dice.choices(getattr(self, name), cum_weights=self.weights[name], k=many)

    def tells(self, word: str) -> bool:
        """Whether a word is rare enough to find an event by."""
        return self.ranks[word] >= COMMON


def make_world() -> World:
    """Names and words with Zipf weights, the same every time."""
    dice = Random(0)
    characters = [chr(code) for code in range(0x4E00, 0x4E00 + 3_000)]
    pairs = {"".join(dice.choices(characters, k=2)) for _ in range(60_000)}
    words = [*sorted(pairs), *(f"w{number:x}" for number in range(30_000))]
    dice.shuffle(words)
    companies = [f"company-{number}" for number in range(500)]
    products = [f"product-{number}" for number in range(1_500)]
    lists = {"companies": companies, "products": products, "words": words}
    weights = {name: list(accumulate(1 / rank for rank in range(1, len(of) + 1))) for name, of in lists.items()}
    return World(companies, products, words, weights, {word: rank for rank, word in enumerate(words)})


@dataclass(frozen=True)
class Subject:
    """What happened: who, what, and the words that reports of it draw from."""

    number: int
    company: str
    product: str
    version: str
    event_type: str
    output: str
    words: list[str]

    @property
    def id(self) -> str:
        """The event's id."""
        return f"e{self.number}"

    @property
    def name(self) -> str:
        """The product with its version."""
        return f"{self.product} {self.version}"


@dataclass(frozen=True)
class Item:
    """A document with the event that it founds or joins."""

    number: int
    subject: Subject
    founds: bool
    when: datetime
    title: list[str]
    body: list[str]

    @property
    def id(self) -> str:
        """The document's id."""
        return f"d{self.number}"

    @property
    def is_chinese(self) -> bool:
        """Two of three are."""
        return self.number % 3 != 1


class Stream:
    """The documents of a store of a size, each by its number."""

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self.count = count
        self._subject = lru_cache(maxsize=4 * OPEN)(self._make_subject)

    def item(self, number: int) -> Item:
        """The document of a number; every tenth founds an event, the others join one of the last few."""
        dice = Random(number)
        founded, place = divmod(number, AN_EVENT)
        back = min(founded, int(OPEN * dice.random() ** 3)) if place else 0
        subject = self._subject(founded - back)
        said = self.world.draw(dice, "words", BODY + 3)
        title = [*dice.sample(subject.words[: TITLE + 4], TITLE), *said[:3]]
        body = [*dice.sample(subject.words, len(subject.words) // 2), *said[3:]]
        return Item(number, subject, place == 0, self.when(number), title, body)

    def items(self, numbers: Iterable[int]) -> Iterator[Item]:
        """The documents of some numbers."""
        return map(self.item, numbers)

    def when(self, number: int) -> datetime:
        """When a document was published."""
        return END - timedelta(days=(self.count - number) / A_DAY)

    def _make_subject(self, number: int) -> Subject:
        dice = Random(-1 - number)
        company, product = self.world.draw(dice, "companies", 1)[0], self.world.draw(dice, "products", 1)[0]
        version = f"{dice.randint(1, 9)}.{dice.randint(0, 9)}"
        words = self.world.draw(dice, "words", 4 * TITLE)
        return Subject(number, company, product, version, dice.choice(_TYPES), dice.choice(_OUTPUTS), words)


def fingerprint(item: Item) -> Fingerprint:
    """32 bands of a text: those of documents of one event agree in some."""
    bands = (f"{item.subject.number if band < 2 else -item.number}-{band}" for band in range(32))
    return Fingerprint(url=f"u{item.number}", text=sha256(str(item.number).encode()).hexdigest(), bands=tuple(bands))


def sketch(item: Item, world: World) -> Sketch:
    """What clustering would keep for a document: its words, and the rare ones and its names as keys."""
    company, product = f"c:{item.subject.company}", f"p:{item.subject.product}"
    title, lead = list(dict.fromkeys(item.title)), list(dict.fromkeys(item.body))
    telling = [word for word in [*title, *lead] if world.tells(word)]
    keys = [f"n:{item.subject.name}", company, product, *(f"w:{word}" for word in telling)]
    return Sketch(
        event_id=item.subject.id,
        document_id=item.id,
        when=item.when,
        language="zh" if item.is_chinese else "en",
        title=" ".join(item.title),
        companies=(item.subject.company,),
        products=(item.subject.product,),
        event_type=item.subject.event_type,
        terms=(*title, company, product),
        lead=tuple(word for word in lead if word not in title)[:64],
        who=(company, product),
        names=(item.subject.name,),
        keys=tuple(dict.fromkeys(keys))[:KEYS],
    )


# ---- filling --------------------------------------------------------------------------------------------------------


def filled(count: int, folder: Path, url: str | None = None) -> tuple[Store, Stream]:
    """The store of so many documents, filled now unless it is already, and the stream that says what is in it."""
    store = open_store(url or f"sqlite:///{folder}/filled-{count}.db")
    stream = Stream(make_world(), count)
    if not _is_full(store, count):
        fill(store, stream)
    return store, stream


def _is_full(store: Store, count: int) -> bool:
    job = tables.metadata.tables["slots"].c.job
    with store.reading() as session:
        return session.execute(select(job).where(job == _mark(count))).first() is not None


def _mark(count: int) -> str:
    return f"filled with {count}"


def fill(store: Store, stream: Stream) -> None:
    """Write every document, event and search row of a stream in bulk; the last row written says that all are there."""
    open_events: dict[int, list[Item]] = {}
    beside = Path(store.url.database or ".").parent if store.is_sqlite else None
    with TemporaryDirectory(dir=beside) as folder, ExitStack() as held:
        heaps: Heaps = [held.enter_context((Path(folder) / f"{n}").open("w+b")) for n in range(PARTS)]
        for start in range(0, stream.count, BATCH):
            _write_batch(store, stream, range(start, min(start + BATCH, stream.count)), open_events, heaps)
        _write_likenesses(store, stream, heaps)
    with store.writing() as session:
        session.execute(text("ANALYZE"))
        session.execute(tables.metadata.tables["slots"].insert(), [{"job": _mark(stream.count), "slot": END}])


def _write_batch(
    store: Store, stream: Stream, numbers: range, open_events: dict[int, list[Item]], heaps: Heaps
) -> None:
    rows: Rows = defaultdict(list)
    for item in stream.items(numbers):
        _add_document(rows, item)
        _heap(heaps, item)
        open_events.setdefault(item.subject.number, []).append(item)
    newest = numbers.stop // AN_EVENT
    ended = [n for n in open_events if n < newest - OPEN or numbers.stop == stream.count]
    for number in ended:
        _add_event(rows, open_events.pop(number), stream.world)
    with store.writing() as session:
        if store.is_sqlite:
            session.execute(text("PRAGMA cache_size=-500000"))
        for name, found in rows.items():
            session.execute(tables.metadata.tables[name].insert(), found)
        search.write_words(session, rows["search_rows"])
    print(f"{numbers.stop:,} documents", flush=True)


def _add_document(rows: Rows, item: Item) -> None:
    address, title = f"https://news.example/{item.number}", " ".join(item.title)
    row: dict[str, Any] = {
        "id": item.id,
        "source_id": f"s{item.number % 300}",
        "source_name": f"Source {item.number % 300}",
    }
    row |= {"tier": 1 + item.number % 3, "author": "", "language": "zh" if item.is_chinese else "en"}
    row |= {"url": address, "canonical_url": address, "title": title, "text": " ".join(item.body)}
    row |= {"published_at": item.when, "published_precision": "time", "first_seen_at": item.when}
    row |= {"state": "done", "reason": "", "step": "", "event_id": item.subject.id, "finished_at": item.when}
    rows["documents"].append(row | {"filed_at": item.when})
    _add_words(rows, "document", item.id, item)


def _add_words(rows: Rows, kind: str, subject: str, item: Item) -> None:
    about = item.subject
    marks = [f"k_{kind}", *(search.tag(*tag) for tag in (("co", about.company), ("pr", about.product)))]
    marks += [search.tag("type", about.event_type), search.tag("mod", about.output)] if kind == "event" else []
    row: dict[str, Any] = {
        "id": search.first_id(item.when) + search.hash_of(kind, subject),
        "kind": kind,
        "subject": subject,
    }
    row |= {"version": TOKENIZER_VERSION, "title": " ".join(item.title), "tags": " ".join(marks)}
    rows["search_rows"].append(row | {"body": zlib.compress(" ".join(item.body).encode(), 1)})


def _add_event(rows: Rows, items: list[Item], world: World) -> None:
    founding = items[0]
    event = _event(items)
    kept = sketch(founding, world)
    others = tuple(sketch(item, world).model_copy(update={"keys": ()}) for item in items[1:4])
    kept = kept.model_copy(update={"others": others})
    row = {"id": event.id, "filed_at": founding.when, "first_seen_at": founding.when, "event_type": event.event_type}
    rows["events"].append(row | {"body": event.model_dump_json()})
    rows["sketches"].append({"event_id": event.id, "body": kept.model_dump_json()})
    found = {"filed_at": founding.when, "event_id": event.id}
    rows["event_keys"] += [{"key": key} | found for key in kept.keys]
    rows["event_tags"] += [{"tag": tag} | found for tag in sorted(settling.tags_of(event))]
    for lens in ("all", "media"):
        score = _score(event, lens)
        rows["scores"].append(
            {"event_id": event.id, "lens": lens, "total": score.total, "body": score.model_dump_json()}
        )
    _add_words(rows, "event", event.id, founding)


def _event(items: list[Item]) -> Event:
    founding, about = items[0], items[0].subject
    of = {item.is_chinese: " ".join(item.title) for item in reversed(items)}
    return Event(
        id=about.id,
        title_zh=of.get(True),
        title_en=of.get(False),
        event_type=about.event_type,
        published_at=founding.when,
        first_seen_at=founding.when,
        companies=(CompanyTag(id=about.company, relevance=90, role="actor", quote=about.company),),
        products=(
            ProductTag(
                name=about.name, id=about.product, version=about.version, company=about.company, quote=about.name
            ),
        ),
        modalities=Modalities(output=(about.output,)),
        reports=tuple(_report(item) for item in items),
        heat=float(len(items)),
    )


def _report(item: Item) -> Report:
    source = item.number % 300
    return Report(
        document_id=item.id,
        source_id=f"s{source}",
        source_name=f"Source {source}",
        tier=1 + item.number % 3,
        url=f"https://news.example/{item.number}",
        title=" ".join(item.title),
        language="zh" if item.is_chinese else "en",
        published_at=item.when,
        first_seen_at=item.when,
    )


def _score(event: Event, lens: str) -> Score:
    points = float(min(40, 8 * len(event.reports).bit_length()))
    why = Reason(zh=f"{len(event.reports)} 篇报道", en=f"{len(event.reports)} reports")
    return Score(event_id=event.id, lens=lens, total=points, parts=(ScorePart(name="heat", points=points, why=why),))


def _heap(heaps: Heaps, item: Item) -> None:
    """A document's hashes, dealt out by their first byte."""
    for hash_of in likenesses.hashes(fingerprint(item)):
        heaps[hash_of[0] * PARTS // 256].write(_HEAPED.pack(hash_of, item.number))


def _write_likenesses(store: Store, stream: Stream, heaps: Heaps) -> None:
    """Hashes in their order, and the index by document after them: a tree that grows at its end is written once."""
    with store.writing() as session:
        session.execute(text("DROP INDEX likenesses_of"))
    for heap in heaps:
        heap.seek(0)
        with store.writing() as session:
            _write_heap(session, stream, sorted(_HEAPED.iter_unpack(heap.read())))
    with store.writing() as session:
        session.execute(text("CREATE INDEX likenesses_of ON likenesses (document_id)"))


def _write_heap(session: Session, stream: Stream, found: list[tuple[bytes, int]]) -> None:
    for start in range(0, len(found), BATCH):
        rows = [
            {"hash": hash_of, "filed_at": stream.when(number), "document_id": f"d{number}"}
            for hash_of, number in found[start : start + BATCH]
        ]
        session.execute(tables.metadata.tables["likenesses"].insert(), rows)


def main() -> None:
    """Fill a store, or say that it is full."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, required=True, help="where SQLite files are kept")
    parser.add_argument("--url", help="a PostgreSQL database, instead of a file")
    given = parser.parse_args()
    began = time.perf_counter()
    store, _ = filled(given.documents, given.folder, given.url)
    print(f"{store} holds {given.documents:,} documents, after {time.perf_counter() - began:,.0f} s")
    store.close()


if __name__ == "__main__":
    main()

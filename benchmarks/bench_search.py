"""How long a search takes over a large store: whole over HTTP, in process, the raw query, and tantivy on the same text.

    python -m benchmarks.bench_search --folder DIR [--documents 1000000] [--url postgresql://...] [--asked 300]

The store is one that benchmarks.filled makes, and in which nothing changes but that it is sealed; it is asked through the
whole web side on loopback. Each question has a filter: one word of a headline with its company, two with a time, one with
a modality and a type; every fourth has a common word. Beside it stand the query of the index alone (what the database needs
to name and fetch the newest 300), and tantivy, told the same tokens: its own order by its own score, its stored titles
fetched for its best 300. Last, how many documents a second are indexed, into a store of 10,000 of its own.

tantivy is no dependency of ours. To have it beside, put it anywhere and name the place:

    python -m pip install --target DIR tantivy && PYTHONPATH=DIR:. python -m benchmarks.bench_search ...
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sqlalchemy import text

from benchmarks.filled import Item, Stream, filled
from benchmarks.served import Served, given, served, told
from pipeline.query import Query, plain
from storage import finding, search
from storage.engine import Store

COMMON = 40
"""A common word is one of so many."""
BATCH = 50
INDEXED = 5_000


class Question(NamedTuple):
    """What is asked, as the API takes it and as the store does."""

    address: dict[str, str]
    query: Query


def main() -> None:
    """Print how long each way takes."""
    said = given(__doc__, 300)
    store, stream = filled(said.documents, said.folder, said.url)
    asked = list(questions(stream, said.asked))
    print(f"{said.documents:,} documents in {store}; {said.asked} questions")
    with served(store) as web:
        told("over HTTP", asked, lambda one: over_http(web, one))
        told("over HTTP, with facets", asked, lambda one: over_http(web, one, facets="true"))
    with store.reading() as session:
        told("in process", asked, lambda one: finding.find(session, one.query, kind="event", limit=20, some_words=True))
        told(
            "the raw query",
            asked,
            lambda one: finding.newest(session, one.query, None, finding.CANDIDATES, "r.subject, r.title"),
        )
    if index := tantivy_index(store, said.folder / f"tantivy-{said.documents}"):
        told("tantivy", asked, lambda one: by_tantivy(index, one))
    store.close()
    print(f"indexing: {indexing():,.0f} documents/s, committed {BATCH} at a time")


def questions(stream: Stream, many: int) -> Iterator[Question]:
    """Questions about documents of the stream, each with a filter."""
    dice = random.Random(4)
    for number in range(many):
        item = stream.item(dice.randrange(stream.count))
        common = stream.world.words[dice.randrange(COMMON)]
        words = (common if number % 4 == 0 else item.title[0], item.title[1])
        if number % 3 == 0:
            yield Question(
                {"q": words[0], "company": item.subject.company}, plain(words[0], ("co", item.subject.company))
            )
        elif number % 3 == 1:
            since, until = item.when - timedelta(days=30), item.when + timedelta(days=30)
            yield Question(_between(" ".join(words), since, until), plain(" ".join(words), since=since, until=until))
        else:
            tags = (("mod", "video"), ("type", "funding"))
            yield Question({"q": words[0], "modality": "video", "type": "funding"}, plain(words[0], *tags))


def _between(words: str, since: datetime, until: datetime) -> dict[str, str]:
    return {"q": words, "since": since.isoformat(), "until": until.isoformat()}


def over_http(web: Served, one: Question, **more: str) -> None:
    """A question as a program asks it."""
    web.get("/v1/search", one.address | more)


# ---- beside -------------------------------------------------------------------------------------------------------------


def tantivy_index(store: Store, folder: Path) -> Any:
    """An index of the same tokens, made once and kept; None where tantivy is not."""
    if find_spec("tantivy") is None:
        print("  tantivy: not here (the docstring says how)")
        return None
    tantivy: Any = import_module("tantivy")
    made = tantivy.SchemaBuilder()
    made.add_text_field("words", stored=False, tokenizer_name="whitespace")
    made.add_integer_field("when", stored=True, fast=True, indexed=True)
    made.add_text_field("title", stored=True, tokenizer_name="raw")
    schema = made.build()
    is_there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(schema, str(folder))
    if not is_there:
        began, writer = time.perf_counter(), index.writer(300_000_000, 1)
        for row in rows(store):
            words = f"{row.title} {search.plain_body(row.body)} {row.tags}"
            writer.add_document(tantivy.Document(words=[words], when=row.id >> 20, title=[row.title]))
        writer.commit()
        print(f"  tantivy indexed after {time.perf_counter() - began:,.0f} s")
    index.reload()
    return index


def rows(store: Store) -> Iterator[Any]:
    """Every row of the index."""
    last = 0
    with store.reading() as session:
        asked = text("SELECT * FROM search_rows WHERE id > :last ORDER BY id LIMIT 5000")
        while found := session.execute(asked, {"last": last}).all():
            yield from found
            last = found[-1].id


def by_tantivy(index: Any, one: Question) -> None:
    """The same question, its 300 best by its own score, with their titles."""
    tantivy: Any = import_module("tantivy")
    schema, occur = index.schema, tantivy.Occur.Must
    parts = []
    for group in one.query.groups:
        [term] = group[0]
        tokens = [search.tag(*term.tag)] if term.tag else list(term.tokens)
        phrase = tantivy.Query.phrase_query if len(tokens) > 1 else tantivy.Query.term_query
        parts.append((occur, phrase(schema, "words", tokens if len(tokens) > 1 else tokens[0])))
    if one.query.since and one.query.until:
        window = (int(one.query.since.timestamp()), int(one.query.until.timestamp()))
        parts.append((occur, tantivy.Query.range_query(schema, "when", tantivy.FieldType.Integer, *window)))
    searcher = index.searcher()
    for _, address in searcher.search(tantivy.Query.boolean_query(parts), finding.CANDIDATES).hits:
        searcher.doc(address)


def indexing() -> float:
    """Documents indexed a second, in transactions of BATCH, into a store of 10,000."""
    with TemporaryDirectory() as folder:
        store, stream = filled(10_000, Path(folder))
        fresh = [_entry(stream.item(number), number) for number in range(INDEXED)]
        began = time.perf_counter()
        for start in range(0, len(fresh), BATCH):
            with store.writing() as session:
                search.index_all(session, fresh[start : start + BATCH])
        took = time.perf_counter() - began
        store.close()
    return INDEXED / took


def _entry(item: Item, number: int) -> search.Entry:
    return search.Entry("document", f"new-{number}", item.when, item.title, item.body, [search.tag("k", "document")])


if __name__ == "__main__":
    main()

"""Documents a second for tags and facts on one core, side by side with other ways to find the same names.

    pip install --target PEERS flashtext flashtext2 spacy
    python -m benchmarks.bench_tag DOCUMENTS.jsonl... --peers PEERS [--documents 20000] [--peers-on 2000]

Each line is a document with a title and a text (or `summary`, `description`); the first 300 characters of the text count, and
the files are gone through again until there are enough. Peers only find names: flashtext2, flashtext, spaCy's EntityRuler
(where they are installed; what comes along with them never goes before our own) and one regular expression of all names. The
slow ones take fewer documents; the line says how many.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import itertools
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline import facts
from pipeline.lexicon import Lexicon
from pipeline.records import Document
from pipeline.tag import tag

CHARACTERS = 300
ROUNDS = 3
MOMENT = datetime(2026, 4, 1, tzinfo=UTC)


def main() -> None:
    """Print what the start took, and a line a way to find names."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("files", nargs="+", type=Path)
    ask.add_argument("--documents", type=int, default=20_000)
    ask.add_argument("--peers-on", type=int, default=2_000)
    ask.add_argument("--peers", type=Path, help="a folder that peers were installed into")
    said = ask.parse_args()
    if said.peers:
        sys.path.append(str(said.peers.resolve(strict=True)))
    documents = list(itertools.islice(read(said.files), said.documents))
    start = time.perf_counter()
    knowledge = load()
    loaded = time.perf_counter()
    lexicon = Lexicon(knowledge)
    built = time.perf_counter()
    print(f"start: load {loaded - start:.2f} s + lexicon {built - loaded:.2f} s; {len(documents)} documents")
    print(f"knowledge {knowledge.version}: {len(knowledge.companies)} companies, {len(knowledge.products)} products")
    print(f"{'way':44s} {'documents':>9s} {'docs/s':>8s}")
    line("launchwatch: tags and facts", documents, lambda d: facts.find(d, tag(d, lexicon), lexicon))
    line("launchwatch: tags", documents, lambda d: tag(d, lexicon))
    line("launchwatch: one pass over names and words", documents, lexicon.scan)
    for name, build, few in PEERS:
        peer(name, build, names(knowledge), documents[: said.peers_on] if few else documents)


def read(files: Sequence[Path]) -> Iterator[Document]:
    """The documents of some files, again and again."""
    rows = [json.loads(row) for file in files for row in file.read_text("utf-8").splitlines() if row.strip()]
    for number, row in enumerate(itertools.cycle(rows)):
        text = row.get("text") or row.get("summary") or row.get("description") or ""
        title = row.get("title") or ""
        yield Document(
            id=str(number), source_id="bench", title=title, text=text[:CHARACTERS], language="und", first_seen_at=MOMENT
        )


def line(name: str, documents: Sequence[Document], work: Callable[[Document], object]) -> None:
    """Do some work on every document, warm, and print the median rate of the rounds in processor time."""
    for document in documents[:200]:
        work(document)
    rates = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for document in documents:
            work(document)
        rates.append(len(documents) / (time.process_time() - start))
    print(f"{name:44s} {len(documents):9d} {statistics.median(rates):8.0f}", flush=True)


def names(knowledge: KnowledgeBase) -> list[str]:
    """Every alias of a company or product and every Chinese short name of a share: what all ways look for."""
    rows: Iterable[Any] = (*knowledge.companies.values(), *knowledge.products.values(), *knowledge.listed_names())
    return sorted({name for row in rows for name in row.names if len(name) > 1 and len(name) < 40})


def peer(
    name: str, build: Callable[[list[str]], Callable[[str], object]], aliases: list[str], documents: Sequence[Document]
) -> None:
    """Measure a peer where it is installed, and say so where it is not."""
    module = name.split()[0].lower()
    if module == "regex":
        label = f"regex union of {len(aliases)} names"
    else:
        try:
            label = f"{name} {importlib.metadata.version(module)}, {len(aliases)} names"
        except importlib.metadata.PackageNotFoundError:
            print(f"{name:44s} skipped: not installed")
            return
    find = build(aliases)
    line(label, documents, lambda d: find(f"{d.title}\n{d.text}"))


def _flashtext2(aliases: list[str]) -> Callable[[str], object]:
    processor = importlib.import_module("flashtext2").KeywordProcessor(case_sensitive=False)
    for alias in aliases:
        processor.add_keyword(alias)
    return lambda text: list(processor.extract_keywords(text))


def _flashtext(aliases: list[str]) -> Callable[[str], object]:
    processor = importlib.import_module("flashtext").KeywordProcessor(case_sensitive=False)
    processor.add_keywords_from_list(aliases)
    return lambda text: processor.extract_keywords(text)


def _spacy(aliases: list[str]) -> Callable[[str], object]:
    language = importlib.import_module("spacy").blank("xx")
    ruler = language.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": "NAME", "pattern": alias} for alias in aliases])
    return lambda text: language(text).ents


def _regex(aliases: list[str]) -> Callable[[str], object]:
    ordered = sorted(aliases, key=len, reverse=True)
    union = re.compile("|".join(re.escape(alias) for alias in ordered), re.IGNORECASE)
    return lambda text: union.findall(text)


PEERS: tuple[tuple[str, Callable[[list[str]], Callable[[str], object]], bool], ...] = (
    ("flashtext2", _flashtext2, False),
    ("flashtext", _flashtext, False),
    ("spacy EntityRuler", _spacy, True),
    ("regex union", _regex, True),
)


if __name__ == "__main__":
    main()

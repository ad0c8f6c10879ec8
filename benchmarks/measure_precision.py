"""Precision of tags and facts by the judgements of gold/tags.jsonl, and which of the judged answers are given no more.

    python -m benchmarks.measure_precision juya_items.jsonl week_2024_03.jsonl            # figures by draw and field
    python -m benchmarks.measure_precision juya_items.jsonl week_2024_03.jsonl --changed  # and every answer that changed

The files hold the documents that were judged, one JSON object a line with `id`, `date`, `title`, `summary` or `text`, and
`lang`. What each draw is, and when an answer is right, stands in docs/tagging.md.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from knowledge.load import load
from pipeline import facts
from pipeline.lexicon import Lexicon
from pipeline.records import Document, Fact
from pipeline.tag import tag

ZONE = ZoneInfo("Asia/Shanghai")
GOLD = Path(__file__).parent / "gold" / "tags.jsonl"
TOLD_ANEW = frozenset({"fourth", "fifth", "sixth"})
"""Draws whose answers are written so that they can be compared with today's."""


def main(files: Iterable[Path], list_changed: bool) -> None:
    """Print precision as judged, and how many of the judged answers still stand."""
    gold = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]
    wanted = {row["id"] for row in gold if row["draw"] in TOLD_ANEW}
    lexicon = Lexicon(load())
    given = {row["id"]: answers(row, lexicon) for path in files for row in rows(path) if row["id"] in wanted}
    judged: Counter[tuple[str, str, str]] = Counter()
    standing: Counter[tuple[str, str, str]] = Counter()
    for row in gold:
        key = (row["draw"], row["field"], row["verdict"])
        judged[key] += 1
        if row["draw"] not in TOLD_ANEW or row["id"] not in given:
            continue
        if (row["field"], row["answer"]) in given[row["id"]]:
            standing[key] += 1
        elif list_changed:
            print(f"no more given ({row['verdict']}): {row['id']} {row['field']} {row['answer']}")
    print_figures(judged, standing)


def rows(path: Path) -> Iterable[dict[str, Any]]:
    """The documents of a file."""
    return (json.loads(line) for line in path.read_text("utf-8").splitlines())


def answers(row: dict[str, Any], lexicon: Lexicon) -> set[tuple[str, str]]:
    """Today's answers on a document, as the gold file writes them."""
    when = datetime.fromisoformat(row["date"][:10]).replace(tzinfo=ZONE)
    document = Document(
        id=row["id"],
        source_id="judged",
        title=row["title"] or "",
        text=row.get("summary") or row.get("text") or "",
        language=row.get("lang", "zh"),
        published_at=when,
        first_seen_at=when,
    )
    tags = tag(document, lexicon)
    found = {("company", c.id) for c in tags.companies} | {("product", p.name) for p in tags.products}
    if tags.event_type_quote:
        found.add(("event_type", tags.event_type))
    return found | {("fact", written(f)) for f in (facts.find(document, tags, lexicon) if tags.relevant else ())}


def written(fact: Fact) -> str:
    """A fact in one line."""
    parts = (fact.kind, str(fact.value), fact.unit, "of", str(fact.subject), fact.detail)
    return " ".join(p for p in parts if p)


def print_figures(judged: Counter[tuple[str, str, str]], standing: Counter[tuple[str, str, str]]) -> None:
    """A line for each draw and field: right of all as judged, and what is left of both."""
    for draw, field in dict.fromkeys((d, f) for d, f, _ in judged):
        right, wrong = judged[draw, field, "right"], judged[draw, field, "wrong"]
        line = f"{draw:7s} {field:11s} right {right:4d} of {right + wrong:4d}  {right / (right + wrong):.3f}"
        if draw in TOLD_ANEW:
            kept, left = standing[draw, field, "right"], standing[draw, field, "wrong"]
            line += f"   still given: {kept} right, {left} wrong"
        print(line)


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:] if word != "--changed"], "--changed" in sys.argv)

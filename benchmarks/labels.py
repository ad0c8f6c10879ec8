"""The labelled documents and pairs of a folder: what is learned from, and where its earlier half ends."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

SPLITS = (date(2024, 3, 20), date(2026, 3, 14))
"""Last days that may be looked at, one for each run of labelled days (March 2024, February to April 2026): the middle of each."""

RUNS = (date(2024, 5, 1), date(2027, 1, 1))
"""Where each run ends."""

REWORDED = 0.2
"""How much a pair of wordings by one editor counts; see `rewordings`."""

LONG = 80
"""Characters from which an item's text is a report of its own."""


@dataclass(frozen=True)
class Labelled:
    """A pair of documents, whether they report one event, and how much the pair counts."""

    one: str
    other: str
    same: bool
    weight: float = 1.0


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def paired(data: Path) -> list[dict[str, Any]]:
    """The pairs that were judged one by one, those of `launchwatch correct pairs` among them."""
    return [pair for path in sorted(data.glob("*_pairs.jsonl")) for pair in read_rows(path)]


def labelled_documents(data: Path) -> dict[str, dict[str, Any]]:
    """Every document that a label speaks of, by id: id, lang, date, title, text, event_id where known."""
    rows: dict[str, dict[str, Any]] = {}
    for row in read_rows(data / "week_2024_03.jsonl"):
        if row["event_id"]:
            rows[row["id"]] = row
    for row in read_rows(data / "clusters_docs.jsonl"):
        rows[row["id"]] = rows.get(row["id"], {}) | row
    for pair in paired(data):
        for side in ("a", "b"):
            rows.setdefault(pair[side]["id"], pair[side])
    return rows


def labelled_pairs(data: Path, rows: dict[str, dict[str, Any]]) -> Iterator[Labelled]:
    """Pairs with a label, pairs that known events imply, and pairs that an editor kept apart in one day's issue."""
    seen: set[tuple[str, str]] = set()
    for pair in paired(data):
        key = (min(pair["a"]["id"], pair["b"]["id"]), max(pair["a"]["id"], pair["b"]["id"]))
        seen.add(key)
        yield Labelled(*key, same=bool(pair["label"]))
    known = sorted(i for i, row in rows.items() if row.get("event_id"))
    for one, other in combinations(known, 2):
        near = abs(day_of(rows[one]) - day_of(rows[other])).days <= 5
        if near and (one, other) not in seen:
            same = rows[one]["event_id"] == rows[other]["event_id"]
            yield Labelled(one, other, same=same, weight=1.0 if same else 0.3)
    issues: defaultdict[date, list[str]] = defaultdict(list)
    for i, row in sorted(rows.items()):
        if row.get("source") == "juya":
            issues[day_of(row)].append(i)
    for issue in issues.values():
        for one, other in combinations(issue, 2):
            if (one, other) not in seen:
                yield Labelled(one, other, same=False, weight=0.3)


def rewordings(data: Path) -> tuple[dict[str, dict[str, Any]], list[Labelled]]:
    """Items of which an editor wrote a headline with a summary, and a longer text: two reports of one event."""
    rows: dict[str, dict[str, Any]] = {}
    pairs: list[Labelled] = []
    for row in read_rows(data / "juya_items.jsonl"):
        if row["title"] and row["summary"] and len(row["body_text"] or "") >= LONG:
            said = {"date": row["date"], "lang": "zh"}
            short, long = f"{row['id']}-short", f"{row['id']}-long"
            rows[short] = said | {"id": short, "title": row["title"], "text": row["summary"]}
            rows[long] = said | {"id": long, "title": "", "text": row["body_text"]}
            pairs.append(Labelled(short, long, same=True, weight=REWORDED))
    return rows, pairs


def day_of(row: dict[str, Any]) -> date:
    return date.fromisoformat(row["date"])


def early(row: dict[str, Any]) -> bool:
    """Whether a document lies in the earlier half of its run."""
    day = day_of(row)
    run = next((n for n, end in enumerate(RUNS) if day < end), len(RUNS) - 1)
    return day <= SPLITS[run]


def anything(row: dict[str, Any]) -> bool:
    """Every document: for weights that nothing is left to measure."""
    return bool(row)


def background(data: Path, looked_at: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Documents whose words are counted, labelled or not."""
    rows = [*read_rows(data / "week_2024_03.jsonl"), *read_rows(data / "clusters_docs.jsonl")]
    rows += [row | {"lang": "zh", "text": row["summary"]} for row in read_rows(data / "juya_items.jsonl")]
    rows += [row | {"lang": "en", "text": row["description"]} for row in read_rows(data / "ainews_labels.jsonl")]
    return list({row["id"]: row for row in rows if looked_at(row)}.values())

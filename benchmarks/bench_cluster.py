"""Measure clustering as a stream: beside two simple methods, and in other orders.

    python -m benchmarks.bench_cluster --data DIR

DIR is the labelled data that benchmarks/fit_cluster.py reads. The weights that ship were fitted on the earlier half of the
labelled days; the later half is what they have not seen. Thresholds were chosen looking at both.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from math import log, sqrt
from pathlib import Path
from typing import Any
from zlib import crc32

from benchmarks.fit_cluster import Read, read, shuffled
from benchmarks.labels import early, read_rows
from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline import cluster
from pipeline.cluster.words import headline, words
from pipeline.lexicon import Lexicon
from pipeline.shelf import Shelf

Rows = dict[str, dict[str, Any]]
Events = dict[str, str]
Method = Callable[[Sequence[dict[str, Any]]], Events]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    said = asked.parse_args()
    lexicon = Lexicon(load())
    pairs = read_rows(said.data / "clusters_pairs.jsonl")
    documents = {row["id"]: row for pair in pairs for row in (pair["a"], pair["b"])}
    week = {row["id"]: row for row in read_rows(said.data / "week_2024_03.jsonl")}
    texts = {i: read(row, lexicon) for i, row in (documents | week).items()}
    half = lexicon.knowledge
    threshold = best_threshold(documents, pairs)

    methods: dict[str, Method] = {
        "title hash": by_title,
        f"TF-IDF cosine >= {threshold:.2f}": lambda rows: by_cosine(rows, threshold),
        "ours": lambda rows: by_signals(rows, texts, half),
    }
    for name, method in methods.items():
        found, found_week = method(in_order(documents)), method(in_order(week))
        for part in ("later half", "both halves"):
            show(f"{name} | {part}", found, found_week, pairs, week, part == "both halves")
    print()
    show_order(in_order(week), lambda rows: by_signals(rows, texts, half))
    show_order(in_order(documents), lambda rows: by_signals(rows, texts, half))


# ---- methods --------------------------------------------------------------------------------------------------------


def by_title(rows: Sequence[dict[str, Any]]) -> Events:
    """One event for each headline, letters and digits alone."""
    return {row["id"]: " ".join(words(headline(row["title"] or "", row["text"] or ""))) for row in rows}


def best_threshold(documents: Rows, pairs: Sequence[dict[str, Any]]) -> float:
    """The threshold at which the cosine method does best on the earlier half: it is given its best."""
    half = [p for p in pairs if early(p["a"]) and early(p["b"])]

    def f1(threshold: float) -> float:
        right, wrong, missed = pair_counts(half, by_cosine(in_order(documents), threshold))
        return 2 * right / (2 * right + wrong + missed)

    return max((n / 100 for n in range(10, 61, 5)), key=f1)


def by_cosine(rows: Sequence[dict[str, Any]], threshold: float) -> Events:
    """The event of the most alike earlier headline within 10 days, where its TF-IDF cosine passes one threshold."""
    counts: Counter[str] = Counter()
    vectors: list[tuple[str, str, dict[str, float]]] = []
    by_word: defaultdict[str, list[int]] = defaultdict(list)
    found: Events = {}
    for number, row in enumerate(rows, start=1):
        terms = Counter(words(headline(row["title"] or "", row["text"] or "")))
        counts.update(set(terms))
        vector = unit({word: n * log((1 + number) / counts[word]) for word, n in terms.items()})
        near = {at for word in vector for at in by_word[word][-200:] if row["date"] <= later(vectors[at][1], 10)}
        best = max(((dot(vector, vectors[at][2]), vectors[at][0]) for at in near), default=(0.0, ""))
        found[row["id"]] = best[1] if best[0] >= threshold else row["id"]
        for word in vector:
            by_word[word].append(len(vectors))
        vectors.append((found[row["id"]], row["date"], vector))
    return found


def by_signals(rows: Sequence[dict[str, Any]], texts: dict[str, Read], knowledge: KnowledgeBase) -> Events:
    """Our stream: sketch, candidates from the shelf, place, remember."""
    shelf = Shelf()
    found: Events = {}
    for row in rows:
        seen = texts[row["id"]]
        sketch = cluster.sketch(seen.document, seen.tags, seen.facts, knowledge)
        placement = cluster.place(sketch, shelf.candidates(sketch), knowledge)
        shelf.keep(cluster.remember(sketch, placement, shelf.get(placement.event_id)))
        found[row["id"]] = placement.event_id
    return found


def in_order(rows: Rows) -> list[dict[str, Any]]:
    return sorted(rows.values(), key=lambda row: (row["date"], row["id"]))


def later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def unit(vector: dict[str, float]) -> dict[str, float]:
    size = sqrt(sum(w * w for w in vector.values())) or 1.0
    return {word: w / size for word, w in vector.items()}


def dot(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(w * other[word] for word, w in one.items() if word in other)


# ---- figures --------------------------------------------------------------------------------------------------------


def show(
    name: str, found: Events, found_week: Events, pairs: Sequence[dict[str, Any]], week: Rows, whole: bool
) -> None:
    """One line: F1 with precision and recall for each pair of languages, and B-cubed for the annotated weeks."""
    parts = []
    for languages in ("zh-zh", "en-zh", "en-en"):
        chosen = [p for p in pairs if p["langs"] == languages and (whole or not (early(p["a"]) and early(p["b"])))]
        parts.append(f"{languages} {scores(*pair_counts(chosen, found))}")
    gold = {i: row["event_id"] for i, row in week.items() if row["event_id"] and (whole or not early(row))}
    print(f"{name:45s} {' | '.join(parts)} | week {b_cubed(gold, found_week)}")


def pair_counts(pairs: Iterable[dict[str, Any]], found: Events) -> tuple[int, int, int]:
    """True and false joins, and joins that were missed."""
    cell: Counter[tuple[bool, bool]] = Counter()
    for pair in pairs:
        cell[bool(pair["label"]), found[pair["a"]["id"]] == found[pair["b"]["id"]]] += 1
    return cell[True, True], cell[False, True], cell[True, False]


def scores(right: int, wrong: int, missed: int) -> str:
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / (right + missed) if right + missed else 0.0
    f1 = 2 * right / (2 * right + wrong + missed) if right else 0.0
    return f"F1 {f1:.3f} P {precision:.2f} R {recall:.2f}"


def b_cubed(gold: dict[str, str], found: Events) -> str:
    members: defaultdict[str, set[str]] = defaultdict(set)
    predicted: defaultdict[str, set[str]] = defaultdict(set)
    for i, event in gold.items():
        members[event].add(i)
        predicted[found[i]].add(i)
    both = {i: len(members[event] & predicted[found[i]]) for i, event in gold.items()}
    precision = sum(n / len(predicted[found[i]]) for i, n in both.items()) / len(gold)
    recall = sum(n / len(members[gold[i]]) for i, n in both.items()) / len(gold)
    return f"F1 {2 * precision * recall / (precision + recall):.3f} P {precision:.2f} R {recall:.2f}"


# ---- order ----------------------------------------------------------------------------------------------------------


def show_order(rows: Sequence[dict[str, Any]], method: Method) -> None:
    """How many documents leave their event when what comes in one hour, or on one day, comes in another order.

    The labelled data has days alone: documents of a day are dealt out over its 24 hours by their id.
    """
    base_hours = sorted(rows, key=hour_of)
    for span, base, key in (("hour", base_hours, hour_of), ("day", list(rows), day_of)):
        before = groups(method(base))
        shares = []
        for seed in (1, 2, 3):
            after = groups(method(sorted(shuffled(base, seed), key=key)))
            shares.append(sum(len(members) - kept(members, after) for members in set(before.values())) / len(rows))
        print(f"{len(rows)} documents shuffled inside each {span}: {max(shares):.2%} leave their event, worst of 3")


def kept(members: frozenset[str], after: dict[str, frozenset[str]]) -> int:
    """How many documents of an event are still together in the other run, in its largest part."""
    return max(Counter(after[i] for i in members).values())


def hour_of(row: dict[str, Any]) -> tuple[str, int]:
    return row["date"], crc32(row["id"].encode()) % 24


def day_of(row: dict[str, Any]) -> tuple[str, int]:
    return row["date"], 0


def groups(found: Events) -> dict[str, frozenset[str]]:
    """For each document those that share its event."""
    members: defaultdict[str, set[str]] = defaultdict(set)
    for i, event in found.items():
        members[event].add(i)
    return {i: frozenset(members[event]) for i, event in found.items()}


if __name__ == "__main__":
    main()

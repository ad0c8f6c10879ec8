"""Fit the weights of clustering on the earlier half of labelled days, and write knowledge/taxonomy/cluster_weights.yaml.

    python -m benchmarks.fit_cluster --data DIR [--until half|end] [--out FILE]

DIR holds clusters_pairs.jsonl, clusters_docs.jsonl, week_2024_03.jsonl, juya_items.jsonl and ainews_labels.jsonl. Only what is
dated in the earlier half of each run of labelled days is looked at; benchmarks/bench_cluster.py measures on the later half.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.labels import (
    RUNS,
    SPLITS,
    Labelled,
    anything,
    background,
    day_of,
    early,
    labelled_documents,
    labelled_pairs,
    read_rows,
    rewordings,
)
from knowledge.index import KnowledgeBase
from knowledge.load import HERE, load
from knowledge.schema import ClusterWeights
from pipeline import cluster, extract, facts
from pipeline.cluster.signals import View, cosine, signals
from pipeline.cluster.sketching import LEAD, tokens_of
from pipeline.cluster.vocabulary import vocabulary
from pipeline.door import raw_document
from pipeline.lexicon import Lexicon
from pipeline.records import Document, Fact, Tags
from pipeline.tag import tag

ZONE = ZoneInfo("Asia/Shanghai")
COMMON = 0.003
"""Share of the documents of a language from which a word is listed as common."""

RIDGE = 1.0
"""Strength of the pull towards zero, in pairs."""

LEVELS = 10

JOIN = {"zh": 0.4, "zh_texts": 0.6, "en": 0.2, "across": 0.42}
"""Where precision on pairs left out of the fit is 0.95 or more."""

STRANGERS = 8000
"""Unlabelled pairs at most, and how much each counts; see `strangers`."""

STRANGER_WEIGHT = 0.05

ALIKE = 0.30
"""Headline cosine from which an unlabelled pair may well be one event."""

CROWDED = 120
"""Documents of a key from which it tells nothing."""

MEAN = 0.3
"""How much the mean likeness to an event's documents counts beside the best one."""

AGAINST = frozenset(
    {"days", "unmet", "unmet_terms", "other_company", "other_product", "other_name", "other_step", "other_act", "texts"}
)
"""Signals that may only speak against one event; the others, but for `FREE`, may only speak for it."""

FREE = frozenset({"base", "english"})

ANCHOR = 0.06
"""Share of a headline that must touch the founding document for a later one to count."""


@dataclass(frozen=True)
class Read:
    """A document as the trip reads it before clustering."""

    document: Document
    tags: Tags
    facts: tuple[Fact, ...]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument(
        "--until", choices=["half", "end"], default="half", help="look at the earlier half only, or at everything"
    )
    asked.add_argument("--out", type=Path, default=HERE / "taxonomy" / "cluster_weights.yaml")
    said = asked.parse_args()
    rows = labelled_documents(said.data)
    looked_at = early if said.until == "half" else anything
    weights = fit_on(said.data, rows, looked_at, Lexicon(load()))
    said.out.write_text(as_yaml(weights), "utf-8")
    print(f"{weights.pairs} pairs, {weights.documents} documents for the word counts; wrote {said.out}")


# ---- fitting --------------------------------------------------------------------------------------------------------


def fit_on(
    data: Path,
    rows: dict[str, dict[str, Any]],
    looked_at: Callable[[dict[str, Any]], bool],
    lexicon: Lexicon,
) -> ClusterWeights:
    """The weights that the documents of a part give."""
    reworded, twins = rewordings(data)
    known = rows | reworded
    pairs = [p for p in [*labelled_pairs(data, rows), *twins] if looked_at(known[p.one]) and looked_at(known[p.other])]
    crowd = {row["id"]: row for row in read_rows(data / "week_2024_03.jsonl") if looked_at(row)}
    weights = fit(known | crowd, pairs, crowd, background(data, looked_at), lexicon)
    days = sorted(day_of(row) for row in rows.values() if looked_at(row))
    last = tuple(max(d for d in days if d < end) for end in RUNS if any(d < end for d in days))
    return weights.model_copy(update={"fitted_until": last})


def fit(
    rows: dict[str, dict[str, Any]],
    pairs: Sequence[Labelled],
    crowd: Iterable[str],
    counted: Sequence[dict[str, Any]],
    lexicon: Lexicon,
) -> ClusterWeights:
    """The weights of the signals and of the words, from labelled pairs and a background."""
    wanted = {i for pair in pairs for i in (pair.one, pair.other)} | set(crowd)
    texts = {i: read(row, lexicon) for i, row in rows.items() if i in wanted}
    common = common_words(counted, lexicon)
    draft = ClusterWeights(
        fitted_until=SPLITS,
        pairs=len(pairs),
        join=JOIN,
        anchor=ANCHOR,
        mean=MEAN,
        follow=0.2,
        same_language={},
        across_languages={},
        documents=len(counted),
        common=common,
    )
    knowledge = with_weights(lexicon.knowledge, draft)
    known = vocabulary(knowledge)
    views = {i: View(cluster.sketch(t.document, t.tags, t.facts, knowledge), known) for i, t in texts.items()}
    same: list[tuple[dict[str, float], Labelled]] = []
    across: list[tuple[dict[str, float], Labelled]] = []
    for pair in [*pairs, *strangers(crowd, rows, views)]:
        one, other = views[pair.one], views[pair.other]
        kind = same if one.sketch.language == other.sketch.language else across
        kind.append((signals(one, other), pair))
    return draft.model_copy(
        update={"same_language": sound(same), "across_languages": sound(across), "pairs": len(same) + len(across)}
    )


def strangers(crowd: Iterable[str], rows: dict[str, dict[str, Any]], views: dict[str, View]) -> Iterator[Labelled]:
    """Pairs that share a key though nobody grouped them: the crowd in which events must be told apart.

    Some report one happening that the annotator left out, so pairs with a like headline are passed over and all count little.
    """
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for i in sorted(crowd):
        for key in views[i].sketch.keys:
            by_key[key].append(i)
    met = {(a, b) for members in by_key.values() if len(members) <= CROWDED for a, b in combinations(members, 2)}
    unknown = [p for p in sorted(met) if not (rows[p[0]].get("event_id") and rows[p[1]].get("event_id"))]
    for one, other in Random(11).sample(unknown, min(STRANGERS, len(unknown))):
        near = abs(day_of(rows[one]) - day_of(rows[other])).days <= 5
        if near and cosine(views[one].head, views[other].head) < ALIKE:
            yield Labelled(one, other, same=False, weight=STRANGER_WEIGHT)


def read(row: dict[str, Any], lexicon: Lexicon) -> Read:
    """A labelled row as the trip reads it."""
    asked = {
        "id": row["id"],
        "title": row["title"] or "",
        "text": row.get("text") or "",
        "date": row["date"],
        "lang": row["lang"],
    }
    document = extract.extract(raw_document(asked, ZONE, datetime(2027, 1, 1, tzinfo=UTC)))
    tags = tag(document, lexicon)
    return Read(document, tags, facts.find(document, tags, lexicon))


def with_weights(knowledge: KnowledgeBase, weights: ClusterWeights) -> KnowledgeBase:
    """The knowledge base with other weights of clustering."""
    changed = copy(knowledge)
    changed.taxonomy = knowledge.taxonomy.model_copy(update={"clustering": weights})
    return changed


def common_words(counted: Iterable[dict[str, Any]], lexicon: Lexicon) -> dict[str, str]:
    """Words by level: a word in every document says nothing, one in fewer than `COMMON` of a language's is rare."""
    bare = copy(lexicon.knowledge)
    bare.taxonomy = bare.taxonomy.model_copy(update={"clustering": None})
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    documents: Counter[str] = Counter()
    for row in counted:
        language = "zh" if row["lang"] == "zh" else "en"
        seen = read(row, lexicon)
        text = f"{seen.document.title}\n{seen.document.text[:LEAD]}"
        documents[language] += 1
        counts[language].update(set(tokens_of(text, seen.tags, vocabulary(bare))))
    rate: dict[str, float] = {}
    for language, found in counts.items():
        for word, count in found.items():
            rate[word] = max(rate.get(word, 0.0), count / documents[language])
    levels: defaultdict[str, list[str]] = defaultdict(list)
    for word, share in sorted(rate.items()):
        if share >= COMMON:
            levels[f"{round(LEVELS * log(share) / log(COMMON)) / LEVELS:.1f}"].append(word)
    return {level: " ".join(levels[level]) for level in sorted(levels)}


def sound(cases: Sequence[tuple[dict[str, float], Labelled]]) -> dict[str, float]:
    """The weights without signals that would speak against their sense, the strongest left out first: such a weight
    repeats how the labels were chosen, and misleads elsewhere."""
    left = {name for found, _ in cases for name in found}
    while True:
        weights = regress([({n: v for n, v in found.items() if n in left}, pair) for found, pair in cases])
        odd = [n for n, w in weights.items() if n not in FREE and (w > 0 if n in AGAINST else w < 0)]
        if not odd:
            return weights
        left.remove(max(odd, key=lambda n: (abs(weights[n]), n)))


def regress(cases: Sequence[tuple[dict[str, float], Labelled]]) -> dict[str, float]:
    """Logistic regression with a ridge by Newton's method; the intercept is `base`."""
    names = ["base", *sorted({name for found, _ in cases for name in found})]
    rows = [([1.0, *(found[name] for name in names[1:])], float(pair.same), pair.weight) for found, pair in cases]
    weights = [0.0] * len(names)
    for _ in range(25):
        gradient = [-RIDGE * w if n else 0.0 for n, w in enumerate(weights)]
        hessian = [[RIDGE * (a == b and a > 0) for b in range(len(names))] for a in range(len(names))]
        for x, y, count in rows:
            p = 1 / (1 + exp(-max(-30.0, min(30.0, sum(a * b for a, b in zip(x, weights, strict=True))))))
            for a, xa in enumerate(x):
                if xa:
                    gradient[a] += count * (y - p) * xa
                    for b, xb in enumerate(x):
                        hessian[a][b] += count * p * (1 - p) * xa * xb
        step = solve(hessian, gradient)
        weights = [w + s for w, s in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-6:
            break
    return {name: round(w, 3) for name, w in zip(names, weights, strict=True)}


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of a small system of linear equations, by elimination with pivots."""
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for n in range(size):
        pivot = max(range(n, size), key=lambda r: abs(rows[r][n]))
        rows[n], rows[pivot] = rows[pivot], rows[n]
        for r in range(size):
            if r != n and rows[r][n]:
                factor = rows[r][n] / rows[n][n]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[n], strict=True)]
    return [row[size] / row[n] for n, row in enumerate(rows)]


# ---- writing --------------------------------------------------------------------------------------------------------


def as_yaml(weights: ClusterWeights) -> str:
    """The weights as a readable file."""
    lines = [
        "# What clustering has learned. Made by `python -m benchmarks.fit_cluster --data DIR`; do not edit by hand.",
        f"fitted_until: [{', '.join(str(day) for day in weights.fitted_until)}]",
        f"pairs: {weights.pairs}",
        *_section("join", weights.join),
        f"anchor: {weights.anchor}",
        f"mean: {weights.mean}",
        f"follow: {weights.follow}",
        *_section("same_language", weights.same_language),
        *_section("across_languages", weights.across_languages),
        f"documents: {weights.documents}",
        "common:",
    ]
    for level, listed in weights.common.items():
        lines += [f'  "{level}": >-', *wrapped(listed.split())]
    return "\n".join(lines) + "\n"


def _section(name: str, weights: dict[str, float]) -> list[str]:
    return [f"{name}:", *(f"  {signal}: {weight:.3f}" for signal, weight in weights.items())]


def wrapped(listed: Sequence[str], width: int = 112) -> Iterator[str]:
    """Words in lines of a width."""
    line = "   "
    for word in listed:
        if len(line) + len(word) > width:
            yield line
            line = "   "
        line += f" {word}"
    yield line


def shuffled(listed: Sequence[Any], seed: int) -> list[Any]:
    """The same things in another order."""
    found = list(listed)
    Random(seed).shuffle(found)
    return found


if __name__ == "__main__":
    main()

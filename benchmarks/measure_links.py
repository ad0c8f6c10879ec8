"""Links against the judged pairs of gold/links.jsonl: precision, recall of direct links, and every pair that is wrong.

    python -m benchmarks.measure_links DOCUMENTS.jsonl...              # wrong pairs of those that rules were tuned with
    python -m benchmarks.measure_links DOCUMENTS.jsonl... held-out     # wrong pairs of those that no rule was tuned with

The files hold the documents that the pairs speak of, one JSON object a line with `id`, `date`, `title`, `text`, `lang`
and `source`; pairs of other documents are counted as left out. What the pairs mean, and how they were judged, stands in docs/links.md.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.labels import read_rows
from knowledge.load import load
from pipeline import flow
from pipeline.door import raw_document
from pipeline.lexicon import Lexicon
from pipeline.records import Link

ZONE = ZoneInfo("Asia/Shanghai")
GOLD = Path(__file__).parent / "gold" / "links.jsonl"


def main(documents: list[Path], listed: bool) -> None:
    """Print each wrong pair of a part, `listed` the held-out one, then the figures of both."""
    pairs = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]
    lexicon = Lexicon(load())
    found = {row["id"]: linked(row, lexicon) for row in wanted(documents, {pair["document"] for pair in pairs})}
    print(
        f"left out, since their documents are not in the files: {sum(p['document'] not in found for p in pairs)} pairs"
    )
    pairs = [pair for pair in pairs if pair["document"] in found]
    for held_out in (False, True):
        part = [pair for pair in pairs if pair.get("held_out", False) is held_out]
        if not part:
            continue
        counts: Counter[tuple[str, str]] = Counter()
        for pair in part:
            given = answer(found[pair["document"]].get(pair["security"]))
            counts[pair["want"], given] += 1
            if given != pair["want"] and held_out is listed:
                print(
                    f"{pair['document']} {pair['security']:13s} want {pair['want']:8s} given {given:8s} {pair['why']}"
                )
        print("held out:" if held_out else "tuned with:")
        print_figures(counts, [found[document] for document in {pair["document"] for pair in part}])


def wanted(documents: list[Path], ids: set[str]) -> list[dict[str, Any]]:
    """The documents that the pairs speak of."""
    return [row for file in documents for row in read_rows(file) if row["id"] in ids]


def linked(row: dict[str, Any], lexicon: Lexicon) -> dict[str, Link]:
    """The links of one document as of its own day, by security."""
    day = datetime.fromisoformat(row["date"]).replace(tzinfo=ZONE)
    raw = raw_document(row, ZONE, day + timedelta(hours=12))
    return {link.security_id: link for link in flow.answer(raw, lexicon, ZONE)[1]}


def answer(link: Link | None) -> str:
    """What the linking says of a pair."""
    if link is None:
        return "none"
    return "direct" if link.direct else "indirect"


def print_figures(counts: Counter[tuple[str, str]], found: Any) -> None:
    """Precision over the judged pairs that are linked, recall of each kind, and the order of direct and indirect."""
    linked_pairs = {pair: n for pair, n in counts.items() if pair[1] != "none"}
    right = sum(n for (want, given), n in linked_pairs.items() if want == given)
    total = sum(linked_pairs.values())
    print(f"pairs {sum(counts.values())}, of them plausible but wrong {_sum(counts, 'none')}")
    print(f"precision {right / total:.3f} ({right} of {total} linked pairs)")
    for kind in ("direct", "indirect"):
        print(
            f"recall of {kind} {counts[kind, kind] / _sum(counts, kind):.3f} ({counts[kind, kind]} of {_sum(counts, kind)})"
        )
    orders = [[link.direct for link in links.values()] for links in found]
    first = sum(order == sorted(order, reverse=True) for order in orders)
    print(f"direct before indirect in {first} of {len(orders)} documents")


def _sum(counts: Counter[tuple[str, str]], want: str) -> int:
    return sum(n for (wanted, _), n in counts.items() if wanted == want)


if __name__ == "__main__":
    given = [name for name in sys.argv[1:] if name != "held-out"]
    if not given:
        sys.exit("usage: python -m benchmarks.measure_links DOCUMENTS.jsonl... [held-out]")
    main([Path(name) for name in given], "held-out" in sys.argv[1:])

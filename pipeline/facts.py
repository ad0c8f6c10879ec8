"""Facts: numbers and terms with their unit and the words that show them, each with the product it belongs to."""

from __future__ import annotations

import re

from pipeline.records import Document, Fact, Tags
from pipeline.tag import Lexicon

_MULTIPLE = {
    "": 1.0,
    "k": 1e3,
    "m": 1e6,
    "b": 1e9,
    "t": 1e12,
    "千": 1e3,
    "万": 1e4,
    "亿": 1e8,
    "万亿": 1e12,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
}
_PARAMETERS = re.compile(
    r"(\d+(?:\.\d+)?)\s*[-]?\s*(万亿|亿|billion|trillion|million|[bmt](?![a-z]))[\s-]*(?:个)?(?:active\s+)?(参数|parameters?|params?)?",
    re.I,
)
_CONTEXT = re.compile(
    r"(\d+(?:\.\d+)?)\s*(万|亿|百万|million|[km])?\s*(汉字|字|tokens?|token 上下文|上下文|context)", re.I
)


def find(document: Document, tags: Tags, lexicon: Lexicon) -> tuple[Fact, ...]:
    """The facts of a document, in order of place."""
    text = f"{document.title}\n{document.text}"
    subject = tags.products[0] if tags.products else None
    found: dict[tuple[str, float], Fact] = {}
    for kind, unit, pattern in (("parameters", "parameters", _PARAMETERS), ("context_length", "", _CONTEXT)):
        for match in pattern.finditer(text):
            number, multiple, word = match.groups()
            value = float(number) * _MULTIPLE.get((multiple or "").lower(), 1.0)
            if kind == "parameters" and not (word or (multiple or "") in ("B", "b")):
                continue
            of = unit or ("characters" if "字" in (word or "") else "tokens")
            found.setdefault(
                (kind, value),
                Fact(
                    kind=kind,
                    value=value,
                    unit=of,
                    quote=match[0].strip(),
                    subject=subject.name if subject else None,
                    product=subject.id if subject else None,
                ),
            )
    return tuple(found.values())

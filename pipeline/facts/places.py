"""Where the products and companies of a document are named, so that a figure can be given to the nearest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pipeline.lexicon import is_likeness
from pipeline.records import ProductTag, Tags
from pipeline.text import fold


class Owner(NamedTuple):
    """A product where its name stands."""

    start: int
    end: int
    product: ProductTag


def products_named(folded: str, products: tuple[ProductTag, ...]) -> list[Owner]:
    """Where products are named, the longest name where they overlap, in order of place."""
    found: list[Owner] = []
    for product in sorted(products, key=lambda p: -len(p.name)):
        for start, end in _named(folded, fold(product.name)):
            taken = any(o.start < end and start < o.end for o in found)
            if not taken and len(found) < 200 and not is_likeness(folded, start, end):
                found.append(Owner(start, end, product))
    return sorted(found)


def _named(folded: str, name: str) -> Iterator[tuple[int, int]]:
    """Where a name stands in a folded text, in any spelling of its joints: `Qwen3.5`, `Qwen 3.5`, `Qwen-3.5`."""
    pattern = _spelled(name)
    if pattern:
        yield from (match.span() for match in pattern.finditer(folded))


@lru_cache(maxsize=4096)
def _spelled(name: str) -> re.Pattern[str] | None:
    parts = re.findall(r"[a-z]+|\d+(?:\.\d+)*|[^a-z\d\s-]+", name)
    if not parts:
        return None
    before = r"(?<![a-z0-9])" if parts[0].isascii() else ""
    behind = r"(?![a-z0-9])" if parts[-1].isascii() else ""
    return re.compile(before + r"[\s-]?".join(map(re.escape, parts)) + behind)


def companies_named(folded: str, tags: Tags, products: tuple[ProductTag, ...]) -> list[Owner]:
    """Where companies are named: each stands for its product in the text, or for itself."""
    found: list[Owner] = []
    for company in tags.companies:
        own = next((p for p in products if p.company == company.id), None)
        stands = own or ProductTag(name=company.id, company=company.id, quote=company.quote)
        name = fold(company.quote)
        if company.rule == "product" or not name:
            continue
        at = folded.find(name)
        while at >= 0 and len(found) < 200:
            found.append(Owner(at, at + len(name), stands))
            at = folded.find(name, at + len(name))
    return found

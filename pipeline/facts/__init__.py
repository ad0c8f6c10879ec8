"""Facts: numbers and terms with unit, qualifier and the words that show them, each with the product it belongs to."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from pipeline import version
from pipeline.facts import measures, quantities, terms
from pipeline.facts.looking_back import as_of, held_then
from pipeline.facts.owners import Owners, sentences
from pipeline.facts.parties import Parties
from pipeline.facts.quantities import Quantity
from pipeline.facts.terms import Term
from pipeline.lexicon import Lexicon
from pipeline.records import Document, Fact, ProductTag, Qualifier, Tags
from pipeline.text import fold

MOST = 80
"""How many facts of one document are kept: more is a table, not news."""
LONGEST = 20_000
"""How much of a text is read for facts: a release says its figures early."""
_OF_EXPERTS = re.compile(r"\dx-?\d")
"""Experts share layers, so `8x7B` tells neither 56B nor 7B."""
_RELEASING = frozenset({"model_release", "open_source_release", "model_update", "hardware_compute", "rumor"})
"""Types of event whose dates are release dates."""


def find(document: Document, tags: Tags, lexicon: Lexicon) -> tuple[Fact, ...]:
    """The facts of a document in order of place, each once, with value, unit and the words that show it."""
    text = f"{document.title}\n{document.text}"[:LONGEST]
    folded = fold(text).replace("‑", "-")
    starts = sentences(folded)
    owners = Owners(text, folded, len(document.title), tags, lexicon)
    parties = Parties(document, text, folded, tags, lexicon)
    read: list[tuple[Term, Qualifier]] = [(t, "exact") for t in terms.find(folded, lexicon, document.when.year)]
    taken = [(t.start, t.end) for t, _ in read] + [(o.start, o.end) for o in owners.places]
    read += _measured(folded, starts, taken)
    read += [(t, "exact") for t in _sizes_in_names(owners)]
    kept: dict[tuple[object, ...], Fact] = {}
    for term, qualifier in sorted(read, key=lambda r: (r[0].start, r[0].end)):
        low, high = _sentence(starts, term.start, len(folded))
        product, compared = owners.of(term.kind, term.value, term.start, term.end, low, high)
        owner = (product.name or None) if product else parties.acting(term.kind, term.start, low)
        if term.kind == "money" or (term.kind == "hardware" and parties.buys(term.start, low)):
            product, owner = None, parties.of(term.start, low, term.detail)
        quote = text[term.start : term.end].strip()
        if not quote or not _is_due(term, product, tags):
            continue
        then = held_then(folded, term.start, low, high, document.when.date())
        fact = Fact(
            kind=term.kind,
            value=_plain(term.value),
            unit=term.unit,
            qualifier=qualifier,
            quote=quote,
            subject=owner,
            product=product.id if product else None,
            detail=term.detail,
            comparison=compared or then is not None,
            as_of=as_of(folded[low:high]) or then,
        )
        kept.setdefault((fact.kind, fact.value, fact.unit, fact.subject, fact.detail), fact)
    return tuple(_once(kept.values()))[:MOST]


def _once(found: Iterable[Fact]) -> Iterator[Fact]:
    """The facts without those that repeat another's figure for nobody, for a company, or for the shorter name."""
    facts = tuple(found)
    owned: dict[tuple[object, ...], list[str]] = {}
    for fact in facts:
        owned.setdefault((fact.kind, fact.value, fact.unit, fact.detail), []).append(fact.subject or "")
    for fact in facts:
        owners = owned[fact.kind, fact.value, fact.unit, fact.detail]
        if not any(len(o) > len(fact.subject or "") and o.startswith(fact.subject or "") for o in owners):
            yield fact


def _is_due(term: Term, product: ProductTag | None, tags: Tags) -> bool:
    """Whether a date or a word of openness speaks of a product that the document releases."""
    if term.kind == "release_date":
        return product is not None and tags.event_type in _RELEASING
    return term.kind != "openness" or (product is not None and bool(product.name))


def _measured(folded: str, starts: list[int], taken: list[tuple[int, int]]) -> Iterator[tuple[Term, Qualifier]]:
    found = [q for q in quantities.find(folded) if not any(s < q.end and q.at < e for s, e in taken)]
    for place, one in enumerate(found):
        following: Quantity | None = found[place + 1] if place + 1 < len(found) else None
        low, high = _sentence(starts, one.start, len(folded))
        measure = measures.read(folded, one, following, low, high)
        if measure:
            yield Term(one.start, one.end, measure.kind, measure.value, measure.unit, measure.detail), one.qualifier


def _sizes_in_names(owners: Owners) -> Iterator[Term]:
    """Sizes that a model's name tells: `Qwen3.5-397B-A17B`."""
    for start, end, product in owners.places:
        named = version.parse(product.name)
        if named.size and not _OF_EXPERTS.search(product.name):
            yield Term(start, end, "parameters", named.size, "parameters")
        if named.active:
            yield Term(start, end, "active_parameters", named.active, "parameters")


def _sentence(starts: list[int], place: int, length: int) -> tuple[int, int]:
    here = bisect_right(starts, place)
    return starts[here - 1], starts[here] if here < len(starts) else length


def _plain(value: float | str) -> float | int | str:
    """A number without the noise of floating point, a whole one as an integer."""
    if isinstance(value, str):
        return value
    value = float(f"{value:.12g}")
    return int(value) if value.is_integer() and abs(value) < 1e18 else value

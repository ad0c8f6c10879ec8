"""Are names sound? Two owners of one name, and names that no words around them could tell apart."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Literal, NamedTuple

from knowledge import schema
from knowledge.whole import Placed, Problem, Whole

Clash = Literal["error", "warning", ""]


class Claim(NamedTuple):
    """A name and who goes by it."""

    one: Placed
    owner: str
    """The company, or the company of the product."""
    name: str
    guarded: bool
    """Whether the row asks for context words before it takes the name."""


def names(whole: Whole) -> Iterator[Problem]:
    """Two owners of one name: an error, unless one asks for context words, or they are of one group: then a warning."""
    claims: dict[str, list[Claim]] = defaultdict(list)
    for claim in _claims(whole):
        claims[folded(claim.name)].append(claim)
    for same in claims.values():
        yield from _clashes(whole, same)
    for one in whole.placed:
        yield from _names_of(one)


def folded(name: str) -> str:
    """A name for comparison: half-width, lower case, without spaces and hyphens."""
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", name).casefold())


def _claims(whole: Whole) -> Iterator[Claim]:
    for one in whole.placed:
        if isinstance(one.row, schema.Company | schema.Product):
            guarded = {folded(a.alias) for a in one.row.ambiguous}
            owner = one.row.id if isinstance(one.row, schema.Company) else one.row.company
            people = [n for chief in one.row.chiefs for n in chief.names] if isinstance(one.row, schema.Company) else []
            for name in {folded(n): n for n in (*one.row.names, *people)}.values():
                yield Claim(one, owner, name, folded(name) in guarded)


def _clashes(whole: Whole, claims: list[Claim]) -> Iterator[Problem]:
    first = claims[0]
    for other in claims[1:]:
        severity = _severity(whole, first, other)
        if severity:
            yield other.one.problem(
                f"{other.name!r} is also a name of {first.one.found.place} ({first.one.found.file})", severity
            )


def _severity(whole: Whole, first: Claim, other: Claim) -> Clash:
    if first.guarded or other.guarded:
        return ""
    same_kind = type(first.one.row) is type(other.one.row)
    if first.owner == other.owner:
        return "warning" if same_kind else ""
    related = first.owner in whole.owners_of(other.owner) or other.owner in whole.owners_of(first.owner)
    if not related:
        return "error"
    return "warning" if same_kind else ""


def _names_of(one: Placed) -> Iterator[Problem]:
    """Names that could never be told from the words around them."""
    if not isinstance(one.row, schema.Company | schema.Product):
        return
    for ambiguity in one.row.ambiguous:
        if not ambiguity.context and not ambiguity.not_context:
            yield one.problem(f"ambiguous: {ambiguity.alias!r} has no context words")
    guarded = {folded(a.alias) for a in one.row.ambiguous}
    for name in one.row.names:
        if len(folded(name)) < 2 and folded(name) not in guarded:
            yield one.problem(f"{name!r} is too short to be a name without context words")
    for name, count in Counter(one.row.aliases).items():
        if count > 1:
            yield one.problem(f"aliases: {name!r} stands twice", "warning")

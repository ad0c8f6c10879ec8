"""Is the knowledge base sound? Looks at the whole of it at once and lists everything that is wrong, by file and row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from knowledge import schema
from knowledge.clashes import names
from knowledge.index import first_day, last_day
from knowledge.listed import market_of
from knowledge.load import part_of
from knowledge.whole import Placed, Problem, Severity, Whole, gather

__all__ = ["Problem", "check", "worst"]

_PREFIXES = {
    "SH": re.compile(r"6\d{5}|900\d{3}"),
    "SZ": re.compile(r"[023]\d{5}"),
    "BJ": re.compile(r"(?:920|4\d\d|8\d\d)\d{3}"),
    "HK": re.compile(r"\d{5}"),
}
_US_EXCHANGES = frozenset({"NASDAQ", "NYSE", "AMEX"})
_SINCE = date(1950, 1, 1)


def check(folder: Path, today: date | None = None) -> list[Problem]:
    """Everything wrong in a folder of knowledge, errors first. With a day, also what claims to be from its future."""
    problems: list[Problem] = []
    whole = gather(folder, problems)
    if whole is None:
        return problems
    for look in (_duplicates, _dangling, _dates, _sources, _codes, _relations, _listings, _places, _parents, names):
        problems += look(whole)
    if today is not None:
        problems += _from_the_future(whole, today)
    return sorted(problems, key=lambda p: (p.severity != "error", p.file, p.row, p.what))


# ---- ids and what they point to --------------------------------------------------------------------------------------


def _duplicates(whole: Whole) -> Iterator[Problem]:
    """An id that two rows of one kind claim."""
    seen: dict[tuple[str, str], Placed] = {}
    for one in whole.placed:
        row_id = getattr(one.row, "id", None)
        if row_id is None:
            continue
        first = seen.setdefault((part_of(one.found.file), row_id), one)
        if first is not one:
            yield one.problem(f"the id stands already in {first.found.file}")


def _dangling(whole: Whole) -> Iterator[Problem]:
    """An id that points to nothing."""
    layers = {layer.id for _, framework in whole.of(schema.Framework) for layer in framework.layers}
    types = {company.type for _, company in whole.of(schema.Company)}
    for one in whole.placed:
        for field, kind, ids in _pointers(one.row):
            for row_id in ids:
                if not whole.has(kind, row_id):
                    yield one.problem(f"{field}: no such {_WORDS[kind]}: {row_id}")
        if isinstance(one.row, schema.Theme) and one.row.layer not in layers:
            yield one.problem(f"layer: no such layer: {one.row.layer}")
        if isinstance(one.row, schema.ActorWeight) and one.row.type and one.row.type not in types:
            yield one.problem(f"type: no company is of type {one.row.type}")


_WORDS: Mapping[type[schema.Row], str] = {
    schema.Company: "company",
    schema.Product: "product",
    schema.Security: "security",
    schema.Theme: "theme",
    schema.Concept: "concept",
    schema.EventType: "event type",
    schema.Modality: "modality",
    schema.FactKind: "fact kind",
    schema.RelationKind: "relation kind",
}

_POINTERS: Mapping[type[schema.Row], tuple[tuple[str, type[schema.Row]], ...]] = {
    schema.Company: (("parent", schema.Company),),
    schema.Product: (
        ("company", schema.Company),
        ("modality_in", schema.Modality),
        ("modality_out", schema.Modality),
    ),
    schema.Security: (("company", schema.Company),),
    schema.Relation: (
        ("company", schema.Company),
        ("security", schema.Security),
        ("kind", schema.RelationKind),
        ("concept", schema.Concept),
    ),
    schema.Theme: (
        ("core_modalities", schema.Modality),
        ("trigger_modalities", schema.Modality),
        ("trigger_event_types", schema.EventType),
        ("trigger_products", schema.Product),
        ("trigger_fact_kinds", schema.FactKind),
    ),
    schema.Concept: (
        ("companies", schema.Company),
        ("products", schema.Product),
        ("event_types", schema.EventType),
        ("members", schema.Security),
    ),
    schema.Lens: (
        ("themes", schema.Theme),
        ("prefer_companies", schema.Company),
        ("prefer_stocks", schema.Security),
    ),
    schema.RelationKind: (("leads_to", schema.RelationKind),),
    schema.ActorWeight: (("company", schema.Company),),
}
"""Which fields hold ids, and of what."""


def _pointers(row: schema.Row) -> Iterator[tuple[str, type[schema.Row], tuple[str, ...]]]:
    for field, kind in _POINTERS.get(type(row), ()):
        value = getattr(row, field)
        yield field, kind, value if isinstance(value, tuple) else (value,) if value else ()
    if isinstance(row, schema.Theme):
        yield "members", schema.Security, tuple(member.security for member in row.members)
    if isinstance(row, schema.Framework):
        for selection in row.selections:
            yield f"selections.{selection.id}", schema.Theme, selection.themes
        yield "theme_order", schema.Theme, row.theme_order


def _parents(whole: Whole) -> Iterator[Problem]:
    """A company that is its own ancestor."""
    for one, company in whole.of(schema.Company):
        chain, row = [company.id], company
        while row.parent and (above := whole.company(row.parent)):
            if above.id in chain:
                yield one.problem(f"parent: goes round in a ring: {' > '.join([*chain, above.id])}")
                break
            chain.append(above.id)
            row = above


# ---- dates and sources ----------------------------------------------------------------------------------------------


def _dates(whole: Whole) -> Iterator[Problem]:
    """Days that no calendar has, and ends before their starts."""
    for one in whole.placed:
        for field in ("first_release", "valid_from", "valid_to", "known_from"):
            value = getattr(one.row, field, None)
            if value and not _is_day(value):
                yield one.problem(f"{field}: no such day: {value}")
    for one, product in whole.of(schema.Product):
        said, length = product.first_release_precision, len(product.first_release or "")
        if product.first_release and said and {"year": 4, "month": 7, "day": 10}[said] != length:
            yield one.problem(f"first_release: {product.first_release} is not given to the {said}")
    for one, relation in whole.of(schema.Relation):
        start, end = relation.valid_from, relation.valid_to
        if start and end and _is_day(start) and _is_day(end) and first_day(start) > last_day(end):
            yield one.problem(f"valid_to: {end} is before valid_from {start}")


def _is_day(partial: str) -> bool:
    try:
        return first_day(partial) >= _SINCE
    except ValueError:
        return False


def _from_the_future(whole: Whole, today: date) -> Iterator[Problem]:
    for one in whole.placed:
        as_of = getattr(one.row, "as_of", None)
        if as_of and as_of > today:
            yield one.problem(f"as_of: {as_of} is in the future")


def _sources(whole: Whole) -> Iterator[Problem]:
    """A row that names no source. Belief is allowed, but must be called so: `unsourced: general knowledge`."""
    for one in whole.placed:
        source = getattr(one.row, "source", None)
        if source is None:
            continue
        evidence = getattr(one.row, "evidence", None) or getattr(one.row, "verification", None)
        texts = (source,) if isinstance(source, str) else source
        if not any(text.strip() for text in texts):
            yield one.problem("source: names none")
        elif evidence in ("read", "mention") and all(text.startswith("unsourced") for text in texts):
            yield one.problem(f"evidence: says {evidence}, but no source is named")


# ---- securities and relations ---------------------------------------------------------------------------------------


def _codes(whole: Whole) -> Iterator[Problem]:
    """Codes that their exchange would not give, and ids of another market than the row says."""
    for one, security in whole.of(schema.Security):
        if market_of(security.id) != security.market:
            yield one.problem(f"market: {security.market} does not go with the id")
        for code in (security.id, *security.alt_codes):
            if not _code_fits(code):
                yield one.problem(f"{code}: no code that this exchange gives")


def _code_fits(code: str) -> bool:
    if ":" in code:
        return code.split(":")[0] in _US_EXCHANGES
    digits, _, exchange = code.rpartition(".")
    if exchange == "HK":
        return digits.isdigit() and len(digits) in (4, 5)
    pattern = _PREFIXES.get(exchange)
    return bool(pattern and pattern.fullmatch(digits))


def _relations(whole: Whole) -> Iterator[Problem]:
    """Relation ids are company/kind/security, then the concept or whatever tells two ties of one kind apart."""
    for one, relation in whole.of(schema.Relation):
        expected = f"{relation.company}/{relation.kind}/{relation.security}"
        if relation.concept:
            expected += f"/{relation.concept}"
        if relation.id != expected and not relation.id.startswith(f"{expected}/"):
            yield one.problem(f"id: does not go with its fields, expected {expected}")
        if relation.kind == "concept" and not relation.concept:
            yield one.problem("concept: is missing")


def _listings(whole: Whole) -> Iterator[Problem]:
    """A company's own listings, said twice: on the security, and as a relation that has dates."""
    issuers: dict[str, set[str]] = defaultdict(set)
    for one, relation in whole.of(schema.Relation):
        if relation.kind != "is_listed_as" or relation.security not in whole.table:
            continue
        issuers[relation.security].add(relation.company)
        issuer = whole.table[relation.security].company
        if issuer and issuer != relation.company:
            yield one.problem(f"company: the security names {issuer} as its issuer")
    listed = {company for companies in issuers.values() for company in companies}
    for one, security in whole.of(schema.Security):
        if security.company and security.company not in issuers[security.id]:
            yield one.problem(f"company: {security.company} has no relation is_listed_as to it")
    for one, company in whole.of(schema.Company):
        if company.status == "listed" and company.id not in listed:
            yield one.problem("status: is listed, but no relation is_listed_as says where")


def _places(whole: Whole) -> Iterator[Problem]:
    """One file a company: its name is the company's id."""
    for one in whole.placed:
        part, _, name = one.found.file.partition("/")
        stem = name.removesuffix(".yaml")
        owner = one.row.id if isinstance(one.row, schema.Company) else getattr(one.row, "company", stem)
        if part in ("companies", "products", "relations") and owner != stem:
            yield one.problem(f"belongs to {owner}, so it should stand in {part}/{owner}.yaml")


def worst(problems: Iterable[Problem]) -> Severity | None:
    """`error` if one is, else `warning` if there is any."""
    severities = {problem.severity for problem in problems}
    return "error" if "error" in severities else "warning" if severities else None

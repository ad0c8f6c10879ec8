"""KnowledgeBase: look-ups over the reviewed facts, as of a date. Holds no file handle and reads no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache

from knowledge.listed import ListedName, SecurityTable
from knowledge.schema import (
    Chief,
    Company,
    Concept,
    Framework,
    Lens,
    Member,
    Product,
    Relation,
    Security,
    Taxonomy,
    Theme,
)


class KnowledgeBase:
    """What exists in the world, as one installation knows it. `version` names the exact content."""

    def __init__(
        self,
        *,
        version: str,
        companies: Iterable[Company],
        products: Iterable[Product],
        securities: SecurityTable | Iterable[Security],
        relations: Iterable[Relation],
        themes: Iterable[Theme],
        framework: Framework,
        concepts: Iterable[Concept],
        lenses: Iterable[Lens],
        taxonomy: Taxonomy,
    ) -> None:
        self.version = version
        self.companies = {row.id: row for row in companies}
        self.products = {row.id: row for row in products}
        self._table = securities if isinstance(securities, SecurityTable) else SecurityTable(reviewed=securities)
        self.relations = tuple(relations)
        self.themes = {row.id: row for row in themes}
        self.framework = framework
        self.concepts = {row.id: row for row in concepts}
        self.lenses = {row.id: row for row in lenses}
        self.taxonomy = taxonomy
        self.event_types = {row.id: row for row in taxonomy.event_types}
        self.fact_kinds = {row.id: row for row in taxonomy.fact_kinds}
        self.relation_kinds = {row.id: row for row in taxonomy.relation_kinds}
        self._products: dict[str, list[Product]] = defaultdict(list)
        for product in self.products.values():
            self._products[product.company].append(product)
        self._units: dict[str, list[Company]] = defaultdict(list)
        for company in self.companies.values():
            if company.parent:
                self._units[company.parent].append(company)
        self._by_company: dict[str, list[Relation]] = defaultdict(list)
        self._by_security: dict[str, list[Relation]] = defaultdict(list)
        for relation in self.relations:
            self._by_company[relation.company].append(relation)
            self._by_security[relation.security].append(relation)

    @property
    def securities(self) -> Mapping[str, Security]:
        """Every listed security by id. Rows are built when asked for; to go through all names use `listed_names`."""
        return self._table

    def listed_names(self) -> Iterable[ListedName]:
        """Names, code, market, type and status of every listed security, without building its row."""
        return self._table.names()

    def security(self, code: str) -> Security | None:
        """The security of an id, of another form of it (`0700.HK`), or of a code that was replaced (`837592.BJ`)."""
        found = self._table.by_code(code)
        return self._table[found] if found else None

    def products_of(self, company: str) -> tuple[Product, ...]:
        """A company's products and model families, in the order of the files."""
        return tuple(self._products.get(company, ()))

    def units_of(self, company: str) -> tuple[Company, ...]:
        """The companies, laboratories and units whose parent it is: `google-deepmind` for `google`."""
        return tuple(self._units.get(company, ()))

    def group_of(self, company: str) -> tuple[str, ...]:
        """The company itself and its parents, nearest first; each once, whatever the rows say."""
        group: list[str] = []
        here: str | None = company
        while here and here not in group:
            group.append(here)
            row = self.companies.get(here)
            here = row.parent if row else None
        return tuple(group)

    def relations_of(self, company: str, on: date, known_by: date | None = None) -> list[Relation]:
        """The company's relations that were valid on a day, and known by another (without one, the same day)."""
        return [r for r in self._by_company.get(company, ()) if holds(r, on, known_by or on)]

    def relations_to(self, security: str, on: date, known_by: date | None = None) -> list[Relation]:
        """The relations that lead to a security, valid on a day and known by another."""
        return [r for r in self._by_security.get(security, ()) if holds(r, on, known_by or on)]

    def listings(self, company: str, on: date) -> list[Security]:
        """Every listing of a company itself: 09988.HK and NYSE:BABA for Alibaba."""
        listed = (r.security for r in self.relations_of(company, on) if r.kind == "is_listed_as")
        return [self.securities[s] for s in listed if s in self.securities]

    def members(self, theme: str, on: date, known_by: date | None = None) -> list[Member]:
        """A theme's member securities as of a day: of several rows on one security, the latest dated, unless it drops it."""
        latest: dict[str, Member] = {}
        for member in self.themes[theme].members:
            held = latest.get(member.security)
            if was_typed(member, on, known_by or on) and (held is None or member.date >= held.date):
                latest[member.security] = member
        return [member for member in latest.values() if not member.dropped]


def holds(relation: Relation, on: date, known_by: date) -> bool:
    """Whether a relation surely held on a day and was known to us by another.

    A start given as a month counts from that month's last day, an end from its first: no look back sees the future.
    """
    valid = last_day(relation.valid_from) if relation.valid_from else date.min
    known = last_day(relation.known_from) if relation.known_from else valid
    ended = first_day(relation.valid_to) if relation.valid_to and _end_was_known(relation, known_by) else date.max
    return valid <= on <= ended and known <= known_by


def in_office(chief: Chief, on: date) -> bool:
    """Whether a person surely led the company on a day; a start that nobody noted lies before our news."""
    began = last_day(chief.since) if chief.since else date.min
    return began <= on < (first_day(chief.until) if chief.until else date.max)


def _end_was_known(relation: Relation, known_by: date) -> bool:
    return relation.end_known_from is None or last_day(relation.end_known_from) <= known_by


def was_typed(member: Member, on: date, known_by: date) -> bool:
    """Whether a stance stood on a day, and was known to us by another."""
    return member.date <= on and (member.known_from is None or last_day(member.known_from) <= known_by)


@lru_cache(maxsize=4096)
def first_day(partial: str) -> date:
    """The first day that a year, a month or a day covers."""
    year, month, day = (*(int(p) for p in partial.split("-")), 1, 1)[:3]
    return date(year, month, day)


@lru_cache(maxsize=4096)
def last_day(partial: str) -> date:
    """The last day that a year, a month or a day covers."""
    first = first_day(partial)
    if len(partial) == 10:
        return first
    if len(partial) == 4:
        return date(first.year, 12, 31)
    return date(first.year + first.month // 12, first.month % 12 + 1, 1) - timedelta(days=1)

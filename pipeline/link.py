"""Link: the listed securities that an event touches, along dated relations, as they were known on a day.

Direct are the event's own issuers and the securities that its reports name; all else is indirect and comes after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal
from urllib.parse import urlsplit

from knowledge.index import KnowledgeBase, last_day
from knowledge.schema import Concept, Relation, RelationKind
from pipeline.records import CompanyTag, Event, Link, Reason, Record

PASSING = 40
"""Below this even the first company named only passes through a text about something else: a market report, a list."""

PARTY = 60
"""From here on a company named beside the actor is the other side of a deal; `docs/links.md` has the measurement."""

HIGH_RELEVANCE = 85
"""The same for events that have one side: a release names rivals, chips and platforms that have no part in it."""

TWO_SIDED = frozenset({"partnership", "acquisition", "funding", "hardware_compute"})

SHOWN_BY_ANOTHER = frozenset({"product", "group"})
"""Rules of tags that show a company by something of its own, not by its name: no side of a deal."""

DIRECT_FLOOR = 0.8
"""Direct links weigh at least this, indirect ones at most `INDIRECT_CAP`: no product of steps turns that round."""

INDIRECT_CAP = 0.75

NEGLIGIBLE = 0.03
"""Below this a path says nothing any more: an old concept, or two weak steps in a row."""

STEP = {"high": 1.0, "medium": 0.7, "low": 0.4}

OWNED = "subsidiary_of"
"""A unit's news is its issuer's own news: the issuer is linked directly."""

LISTED = "is_listed_as"

SELF_DESCRIPTION = frozenset({"theme_member", "business_exposure"})
"""Kinds that say something of the issuer itself; they lead from no event to anybody else."""

Strength = Literal["high", "medium", "low"]


class Step(Record):
    """One relation of a path, with what it weighs on the day."""

    relation: Relation
    weight: float


class Path(Record):
    """Relations in order, from the event's company outwards to a security."""

    company: str
    steps: tuple[Step, ...]
    weight: float

    @property
    def relations(self) -> tuple[Relation, ...]:
        """The relations alone, nearest first."""
        return tuple(step.relation for step in self.steps)

    @property
    def last(self) -> Relation:
        """The relation that reaches the security."""
        return self.steps[-1].relation


def link(event: Event, knowledge: KnowledgeBase, on: date, known_by: date | None = None) -> list[Link]:
    """Listed securities that an event touches, strongest first, direct before indirect, one link a security.

    `on` is the day on which relations must hold, `known_by` the day by which we must have known them: mostly the same.
    """
    view = _View(event, knowledge, on, known_by or on)
    found = [*view.named(), *view.issuers(), *view.indirect()]
    return sorted(_strongest(found), key=lambda it: (not it.direct, -it.weight, it.security_id))


class _View:
    """An event beside the knowledge base as it stood on a day."""

    def __init__(self, event: Event, knowledge: KnowledgeBase, on: date, known_by: date) -> None:
        self.event = event
        self.knowledge = knowledge
        self.on = on
        self.known_by = known_by
        self.seen = min(on, known_by)
        self.urls = tuple(dict.fromkeys(r.url for r in event.reports if r.url))
        self.documents = tuple(f"document:{r.document_id}" for r in event.reports)

    # ---- direct -----------------------------------------------------------------------------------------------------

    def named(self) -> Iterator[Link]:
        """The securities that the text itself names, and their issuers' other listings."""
        for tag in self.event.securities:
            security = self.knowledge.securities.get(tag.id)
            evidence = (*self.urls, *(security.source if security else ())) or self.documents
            reason = Reason(zh=f"原文点名：“{tag.quote}”", en=f"Named in the text: “{tag.quote}”")
            yield self._direct(tag.id, "named", 1.0, 1.0, (tag.id,), reason, evidence)
            if security and security.company:
                yield from self._listings(security.company, 100)

    def issuers(self) -> Iterator[Link]:
        """Every listing of the event's own companies, and of the issuers that own them."""
        for company, relevance in actors(self.event):
            yield from self._listings(company, relevance)
            for relation in self._relations(company):
                owner = self._issuer(relation) if relation.kind == OWNED else None
                if owner:
                    yield from self._listings(owner, relevance, through=relation)
                elif relation.kind == OWNED:
                    yield self._own(company, relation, relevance, relation.security)

    def _listings(self, company: str, relevance: int, through: Relation | None = None) -> Iterator[Link]:
        for relation in self._relations(company):
            if relation.kind == LISTED:
                yield self._own(company, relation, relevance, relation.security, through)

    def _own(
        self, company: str, listing: Relation, relevance: int, security: str, through: Relation | None = None
    ) -> Link:
        relations = (through, listing) if through else (listing,)
        reason = _joined([self._phrase(r) for r in relations])
        origin = through.company if through else company
        path = (origin, *(r.id for r in relations))
        kind = "issuer" if listing.kind == LISTED and not through else OWNED
        confidence = min(r.confidence for r in relations)
        evidence = (*dict.fromkeys(s for r in relations for s in r.source), *self.urls)
        return self._direct(security, kind, relevance / 100, confidence, path, reason, evidence)

    def _direct(
        self,
        security: str,
        relation: str,
        relevance: float,
        confidence: float,
        path: tuple[str, ...],
        reason: Reason,
        evidence: Sequence[str],
    ) -> Link:
        return Link(
            event_id=self.event.id,
            security_id=security,
            direct=True,
            relation=relation,
            weight=round(DIRECT_FLOOR + (1 - DIRECT_FLOOR) * relevance * confidence, 4),
            strength="high",
            confidence=confidence,
            path=path,
            reason=reason,
            evidence=tuple(dict.fromkeys(evidence)),
            as_of=self.on,
        )

    # ---- indirect ---------------------------------------------------------------------------------------------------

    def indirect(self) -> Iterator[Link]:
        """One or two steps from the event's own companies."""
        for company, relevance in actors(self.event):
            for path in self._paths(company):
                weight = min(path.weight * relevance / 100, INDIRECT_CAP)
                if weight >= NEGLIGIBLE:
                    yield self._along(path, weight)

    def _paths(self, company: str) -> Iterator[Path]:
        for first in self._steps(company):
            one = Path(company=company, steps=(first,), weight=first.weight)
            if first.relation.kind != OWNED:
                yield one
            kind = self.knowledge.relation_kinds[first.relation.kind]
            issuer = self._issuer(first.relation)
            if not issuer or issuer == company or not kind.leads_to:
                continue
            for second in self._steps(issuer):
                if second.relation.kind in kind.leads_to:
                    yield Path(company=company, steps=(first, second), weight=first.weight * second.weight)

    def _steps(self, company: str) -> Iterator[Step]:
        for relation in self._relations(company):
            kind = self.knowledge.relation_kinds.get(relation.kind)
            if kind is None or relation.kind == LISTED or relation.kind in SELF_DESCRIPTION:
                continue
            if self._in_scope(relation):
                weight = kind.weight * STEP[relation.strength] * relation.confidence * self._freshness(relation, kind)
                if weight >= NEGLIGIBLE:
                    yield Step(relation=relation, weight=weight)

    def _in_scope(self, relation: Relation) -> bool:
        """A concept speaks of its own companies and products: Sora's is no matter of a price cut for ChatGPT."""
        concept = self.knowledge.concepts.get(relation.concept) if relation.concept else None
        return concept is None or in_scope(concept, self.event)

    def _freshness(self, relation: Relation, kind: RelationKind) -> float:
        """Halved every shelf life since the tie began or was last confirmed by then; 1 for kinds that keep."""
        if kind.shelf_life_days is None:
            return 1.0
        times = [last_day(relation.valid_from)] if relation.valid_from else []
        if relation.as_of <= self.seen:
            times.append(relation.as_of)
        if not times:
            return 0.5
        return float(0.5 ** (max(0, (self.on - max(times)).days) / kind.shelf_life_days))

    def _along(self, path: Path, weight: float) -> Link:
        reason = _joined([self._phrase(r) for r in path.relations])
        return Link(
            event_id=self.event.id,
            security_id=path.last.security,
            direct=False,
            relation=path.last.kind,
            weight=round(weight, 4),
            strength=_weakest(path.relations),
            confidence=round(min(r.confidence for r in path.relations), 4),
            path=(path.company, *(r.id for r in path.relations)),
            reason=reason,
            evidence=tuple(dict.fromkeys(s for r in path.relations for s in r.source)),
            as_of=self.on,
            concept=path.last.concept,
            issuer_denied=any(r.issuer_denied for r in path.relations),
        )

    # ---- look-ups and words -----------------------------------------------------------------------------------------

    def _relations(self, company: str) -> list[Relation]:
        return self.knowledge.relations_of(company, self.on, self.known_by)

    def _issuer(self, relation: Relation) -> str | None:
        security = self.knowledge.securities.get(relation.security)
        return security.company if security else None

    def _phrase(self, relation: Relation) -> Reason:
        kind = self.knowledge.relation_kinds[relation.kind]
        concept = self.knowledge.concepts.get(relation.concept) if relation.concept else None
        label_zh, label_en = (
            (concept.name_zh, f"{kind.name_en} {concept.id}") if concept else (kind.name_zh, kind.name_en)
        )
        zh = [f"{relation.valid_from} 起"] if relation.valid_from else []
        en = [f"since {relation.valid_from}"] if relation.valid_from else []
        if relation.as_of <= self.seen:
            en.append(relation.what)
        if relation.issuer_denied:
            zh.append("公司已否认")
            en.append("denied by the issuer")
        if relation.confidence < 0.5:
            zh.append(f"置信度低 {relation.confidence:.2f}")
            en.append(f"low confidence {relation.confidence:.2f}")
        zh.append(f"来源：{_source(relation, 'zh')}")
        en.append(f"source: {_source(relation, 'en')}")
        company, security = relation.company, relation.security
        head_zh = f"{self._company(company, 'zh')} ← {self._security(security, 'zh')} {label_zh}"
        head_en = f"{self._company(company, 'en')} ← {self._security(security, 'en')}: {label_en}"
        return Reason(zh=f"{head_zh}（{'，'.join(zh)}）", en=f"{head_en} ({'; '.join(en)})")

    def _company(self, company: str, language: str) -> str:
        row = self.knowledge.companies.get(company)
        if row is None:
            return company
        return (row.name_zh or row.name_en) if language == "zh" else row.name_en

    def _security(self, security: str, language: str) -> str:
        row = self.knowledge.securities.get(security)
        if row is None:
            return security
        if row.company and row.company in self.knowledge.companies:
            name = self._company(row.company, language)
        else:
            name = (row.name_zh or row.name_en if language == "zh" else row.name_en or row.name_zh) or ""
        return f"{name} {security}" if name else security


def actors(event: Event) -> list[tuple[str, int]]:
    """The event's own companies with their relevance: who acts, and who is named as the other side of a deal."""
    return [(tag.id, tag.relevance) for tag in event.companies if _acts(tag) or _is_party(tag, event)]


def _acts(tag: CompanyTag) -> bool:
    return tag.role == "actor" and tag.relevance >= PASSING


def _is_party(tag: CompanyTag, event: Event) -> bool:
    least = PARTY if event.event_type in TWO_SIDED else HIGH_RELEVANCE
    return tag.relevance >= least and tag.rule not in SHOWN_BY_ANOTHER


def in_scope(concept: Concept, event: Event) -> bool:
    """Whether an event is of the kind that a concept is about: any, unless it names products or event types."""
    if not concept.products and not concept.event_types:
        return True
    named = {product.id for product in event.products} | {product.family for product in event.products}
    return bool(named & set(concept.products)) or event.event_type in concept.event_types


def _strongest(links: Iterable[Link]) -> Iterator[Link]:
    """One link a security: the strongest, which names the others in its reason and brings their evidence along."""
    by_security: dict[str, list[Link]] = {}
    for one in links:
        by_security.setdefault(one.security_id, []).append(one)
    for same in by_security.values():
        first, *others = sorted(same, key=lambda it: (not it.direct, -it.weight, it.path))
        yield first if first.direct else _with_others(first, others)


def _with_others(first: Link, others: Sequence[Link]) -> Link:
    said = {first.reason.zh}
    more = []
    for other in others:
        if other.reason.zh not in said:
            said.add(other.reason.zh)
            more.append(other)
    if not more:
        return first
    kept = more[:2]
    reason = Reason(
        zh="；另：".join([first.reason.zh, *(o.reason.zh for o in kept)]),
        en="; also: ".join([first.reason.en, *(o.reason.en for o in kept)]),
    )
    evidence = tuple(dict.fromkeys([*first.evidence, *(e for o in kept for e in o.evidence)]))
    denied = first.issuer_denied or any(o.issuer_denied for o in kept)
    return first.model_copy(update={"reason": reason, "evidence": evidence, "issuer_denied": denied})


def _weakest(relations: Sequence[Relation]) -> Strength:
    return min((r.strength for r in relations), key=lambda strength: STEP[strength])


def _joined(reasons: Sequence[Reason]) -> Reason:
    return Reason(zh="；".join(r.zh for r in reasons), en="; ".join(r.en for r in reasons))


def _source(relation: Relation, language: str) -> str:
    source = relation.source[0]
    if source.startswith(("http://", "https://")):
        return urlsplit(source).hostname or source
    if source.startswith("unsourced"):
        return "未核实的常识" if language == "zh" else "general knowledge, unsourced"
    return source

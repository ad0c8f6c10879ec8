"""Link: the listed securities that an event touches, along dated relations, as they were known on a day.

Direct are the event's own issuers and the securities that its reports name; all else is indirect and comes after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple

from knowledge.index import KnowledgeBase, last_day
from knowledge.schema import Concept, Relation, RelationKind
from pipeline.actors import actors, gathers
from pipeline.reasons import phrase
from pipeline.records import Event, Link, Reason

ABOUT = 50
"""From here on an event is about a product; below, the product is named in passing and brings no concept with it."""

DIRECT_FLOOR = 0.8
"""Direct links weigh at least this, indirect ones at most `INDIRECT_CAP`: no product of steps turns that round."""

INDIRECT_CAP = 0.75

NEGLIGIBLE = 0.03
"""Below this a path says nothing any more: an old concept, or two weak steps in a row."""

MOST_INDIRECT = 40
"""The strongest indirect links that an event keeps: no company of ours leads to half as many, and nobody reads more."""

MOST_SHOWN = 3
"""Paths that the reason of an indirect link tells; more only repeat that it is close."""

WEIGHT_PLACES = 4

STEP = {"high": 1.0, "medium": 0.7, "low": 0.4}

OWNED = "subsidiary_of"
"""A unit's news is its issuer's own news: the issuer is linked directly."""

LISTED = "is_listed_as"

SUPPLIERS = frozenset({"compute_supplier", "hardware_supplier"})

SELF_DESCRIPTION = frozenset({"theme_member", "business_exposure"})
"""Kinds that say something of the issuer itself; they lead from no event to anybody else."""

Strength = Literal["high", "medium", "low"]


class Path(NamedTuple):
    """A way from the event to a security: where it starts, the relations it follows, and what it weighs that day."""

    security: str
    direct: bool
    kind: str
    weight: float
    confidence: float
    company: str = ""
    relations: tuple[Relation, ...] = ()
    quote: str = ""
    """The words that name the security, where no relation was needed."""


def link(event: Event, knowledge: KnowledgeBase, on: date, known_by: date | None = None) -> list[Link]:
    """Listed securities that an event touches, strongest first, direct before indirect, one link a security.

    `on` is the day on which relations must hold, `known_by` the day by which we must have known them: mostly the same.
    """
    view = _View(event, knowledge, on, known_by or on)
    by_security: dict[str, list[Path]] = {}
    for path in (*view.named(), *view.issuers(), *view.indirect()):
        by_security.setdefault(path.security, []).append(path)
    ranked = [sorted(paths, key=_rank) for security, paths in by_security.items() if view.trades(security)]
    direct = [paths for paths in ranked if paths[0].direct]
    indirect = sorted((paths for paths in ranked if not paths[0].direct), key=_before)[:MOST_INDIRECT]
    return [view.link(paths) for paths in (*sorted(direct, key=_before), *indirect)]


class _View:
    """An event beside the knowledge base as it stood on a day."""

    def __init__(self, event: Event, knowledge: KnowledgeBase, on: date, known_by: date) -> None:
        self.event = event
        self.knowledge = knowledge
        self.on = on
        self.known_by = known_by
        self.seen = min(on, known_by)
        self.actors = actors(event, knowledge)

    # ---- direct -----------------------------------------------------------------------------------------------------

    def named(self) -> Iterator[Path]:
        """The securities that the text itself names, and their issuers' other listings."""
        about = {tag.id: tag.relevance for tag in self.event.companies}
        for tag in self.event.securities:
            security = self.knowledge.securities.get(tag.id)
            company = security.company if security else None
            relevance = about.get(company, 100) if company else 100
            yield Path(tag.id, True, "named", _direct_weight(relevance, 1.0), 1.0, quote=tag.quote)
            if company:
                yield from self._listings(company, relevance)

    def issuers(self) -> Iterator[Path]:
        """Every listing of the event's own companies, and of the issuers that own them."""
        for company, relevance, _ in self.actors:
            yield from self._listings(company, relevance)
            for relation in self._relations(company):
                if relation.kind == OWNED:
                    yield self._own(relation.security, relevance, company, (relation,))
                    owner = self._issuer(relation)
                    if owner:
                        yield from self._listings(owner, relevance, through=relation)

    def _listings(self, company: str, relevance: int, through: Relation | None = None) -> Iterator[Path]:
        for relation in self._relations(company):
            if relation.kind == LISTED:
                start = through.company if through else company
                yield self._own(relation.security, relevance, start, (through, relation) if through else (relation,))

    def _own(self, security: str, relevance: int, start: str, relations: tuple[Relation, ...]) -> Path:
        confidence = min(relation.confidence for relation in relations)
        kind = OWNED if relations[0].kind == OWNED else "issuer"
        return Path(security, True, kind, _direct_weight(relevance, confidence), confidence, start, relations)

    # ---- indirect ---------------------------------------------------------------------------------------------------

    def indirect(self) -> Iterator[Path]:
        """One or two steps from the event's own companies; none where reports only gather what a day or market brought."""
        if gathers(self.event, self.knowledge):
            return
        for company, relevance, tied in self.actors:
            for relations, weight in self._ways(company) if tied else ():
                weight = min(weight * relevance / 100, INDIRECT_CAP)
                if weight >= NEGLIGIBLE:
                    confidence = min(relation.confidence for relation in relations)
                    last = relations[-1]
                    yield Path(last.security, False, last.kind, weight, confidence, company, relations)

    def _ways(self, company: str) -> Iterator[tuple[tuple[Relation, ...], float]]:
        for first, weight in self._steps(company):
            if first.kind != OWNED:
                yield (first,), weight
            follow = self._leads_to(first)
            issuer = self._issuer(first) if follow else None
            if issuer and issuer != company:
                for second, more in self._steps(issuer):
                    if weight * more < NEGLIGIBLE:
                        break
                    if second.kind in follow:
                        yield (first, second), weight * more

    def _leads_to(self, relation: Relation) -> tuple[str, ...]:
        """The kinds of tie that may come next: who supplies a supplier matters only where the news is hardware."""
        if relation.kind in SUPPLIERS and self.event.event_type != "hardware_compute":
            return ()
        return self.knowledge.relation_kinds[relation.kind].leads_to

    def _steps(self, company: str) -> Iterator[tuple[Relation, float]]:
        """The relations that lead on from a company and speak of the event, with what each weighs that day, heaviest first."""
        for relation, weight in _weighed(self.knowledge, company, self.on, self.known_by):
            if self._in_scope(relation):
                yield relation, weight

    def _in_scope(self, relation: Relation) -> bool:
        """A concept speaks of its own companies and products, a licence or a dispute of deals and disputes: Sora's concept is no
        matter of a price cut for ChatGPT, nor is who once sold OpenAI pictures."""
        types = self.knowledge.relation_kinds[relation.kind].event_types
        if types and self.event.event_type not in types:
            return False
        concept = self.knowledge.concepts.get(relation.concept) if relation.concept else None
        return concept is None or in_scope(concept, self.event)

    # ---- a link of its paths ----------------------------------------------------------------------------------------

    def link(self, paths: Sequence[Path]) -> Link:
        """The link along the strongest of several paths to one security; an indirect one names the next two as well."""
        first = paths[0]
        shown = paths[:1] if first.direct else list(_apart(paths))[:MOST_SHOWN]
        return Link(
            event_id=self.event.id,
            security_id=first.security,
            direct=first.direct,
            relation=first.kind,
            weight=round(first.weight, WEIGHT_PLACES),
            strength="high" if first.direct else _weakest(first.relations),
            confidence=round(first.confidence, WEIGHT_PLACES),
            path=(first.company or first.security, *(relation.id for relation in first.relations)),
            reason=_joined([self._reason(path) for path in shown], "；另：", "; also: "),
            evidence=self._evidence(first, shown),
            as_of=self.on,
            concept=first.relations[-1].concept if first.relations else None,
            issuer_denied=any(relation.issuer_denied for path in shown for relation in path.relations),
        )

    def _evidence(self, first: Path, shown: Sequence[Path]) -> tuple[str, ...]:
        """The relations' sources; for a direct link also the reports' addresses, which name the company or security."""
        found = [source for path in shown for relation in path.relations for source in relation.source]
        if first.direct:
            found += [report.url for report in self.event.reports if report.url]
        if not found:
            security = self.knowledge.securities.get(first.security)
            found += security.source if security else ()
        return tuple(dict.fromkeys(found or [f"document:{report.document_id}" for report in self.event.reports]))

    def _reason(self, path: Path) -> Reason:
        if not path.relations:
            return Reason(zh=f"原文点名：“{path.quote}”", en=f"Named in the text: “{path.quote}”")
        said = [phrase(self.knowledge, relation, relation.as_of <= self.seen) for relation in path.relations]
        return _joined(said, "；", "; ")

    # ---- look-ups and words -----------------------------------------------------------------------------------------

    def trades(self, security: str) -> bool:
        """Whether a security traded on the day; one whose first day nobody noted is taken to."""
        row = self.knowledge.securities.get(security)
        return row is None or row.listed_from is None or last_day(row.listed_from) <= self.seen

    def _relations(self, company: str) -> tuple[Relation, ...]:
        return _held(self.knowledge, company, self.on, self.known_by)

    def _issuer(self, relation: Relation) -> str | None:
        security = self.knowledge.securities.get(relation.security)
        return security.company if security else None


@lru_cache(maxsize=1024)
def _held(knowledge: KnowledgeBase, company: str, on: date, known_by: date) -> tuple[Relation, ...]:
    """The company's relations of a day; the events of a day mostly ask for the same few companies."""
    return tuple(knowledge.relations_of(company, on, known_by))


@lru_cache(maxsize=1024)
def _weighed(knowledge: KnowledgeBase, company: str, on: date, known_by: date) -> tuple[tuple[Relation, float], ...]:
    """The relations that lead on from a company, with what each weighs that day, heaviest first; none of no weight."""
    relations = _held(knowledge, company, on, known_by)
    weighed = ((relation, _weight(knowledge, relation, on, min(on, known_by))) for relation in relations)
    heavy = [(relation, weight) for relation, weight in weighed if weight >= NEGLIGIBLE]
    return tuple(sorted(heavy, key=lambda one: -one[1]))


def _weight(knowledge: KnowledgeBase, relation: Relation, on: date, seen: date) -> float:
    kind = knowledge.relation_kinds.get(relation.kind)
    if kind is None or relation.kind == LISTED or relation.kind in SELF_DESCRIPTION:
        return 0.0
    return kind.weight * STEP[relation.strength] * relation.confidence * _freshness(relation, kind, on, seen)


def _freshness(relation: Relation, kind: RelationKind, on: date, seen: date) -> float:
    """Halved every shelf life since the tie began or was last confirmed by then, down to what lasts while it holds."""
    if kind.shelf_life_days is None:
        return 1.0
    times = [last_day(relation.valid_from)] if relation.valid_from else []
    times += [day for day in (relation.as_of, *relation.confirmed) if day <= seen]
    if not times:
        return 0.5
    age = max(0, (on - max(times)).days)
    return max(kind.lasting, float(0.5 ** (age / kind.shelf_life_days)))


def _joined(reasons: Sequence[Reason], zh: str, en: str) -> Reason:
    """Several reasons as one, with what stands between them in each language."""
    if len(reasons) == 1:
        return reasons[0]
    return Reason(zh=zh.join(one.zh for one in reasons), en=en.join(one.en for one in reasons))


def in_scope(concept: Concept, event: Event) -> bool:
    """Whether an event is of the kind that a concept is about: any, unless it names products or event types."""
    if not concept.products and not concept.event_types:
        return True
    ours = [product for product in event.products if product.relevance >= ABOUT]
    named = {product.id for product in ours} | {product.family for product in ours}
    return bool(named & set(concept.products)) or event.event_type in concept.event_types


def _direct_weight(relevance: int, confidence: float) -> float:
    """Between the floor and 1: what the news is about before what it names beside."""
    return DIRECT_FLOOR + (1 - DIRECT_FLOOR) * relevance / 100 * confidence


def _rank(path: Path) -> tuple[bool, float, str, tuple[str, ...]]:
    """Direct first, then by weight; ties by where it starts and what it follows."""
    return not path.direct, -path.weight, path.company, tuple(relation.id for relation in path.relations)


def _before(paths: Sequence[Path]) -> tuple[float, str]:
    """The order of links: by the weight of the strongest path as a link tells it, then by name."""
    return -round(paths[0].weight, WEIGHT_PLACES), paths[0].security


def _apart(paths: Sequence[Path]) -> Iterator[Path]:
    """The paths that reach the security by another last relation than those before."""
    seen: set[str] = set()
    for path in paths:
        if path.relations[-1].id not in seen:
            seen.add(path.relations[-1].id)
            yield path


def _weakest(relations: Sequence[Relation]) -> Strength:
    return min((r.strength for r in relations), key=lambda strength: STEP[strength])

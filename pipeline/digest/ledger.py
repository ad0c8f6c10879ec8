"""The books of a digest while it is composed: which reports it cites and which figures it claims, each under a number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from knowledge.index import KnowledgeBase
from pipeline.digest.figures import show
from pipeline.digest.shape import Both, Claim, Rule, Source
from pipeline.records import Event, EventFact, Fact


class Ledger:
    """Numbers what is cited and claimed, in order of first use."""

    def __init__(self, knowledge: KnowledgeBase, published_on: date) -> None:
        self.knowledge = knowledge
        self.published_on = published_on
        self.claims: list[Claim] = []
        self._sources: dict[tuple[str, str], Source] = {}
        self._names: dict[str, None] = {}
        self._dates: dict[date, None] = {}
        self._codes: dict[str, None] = {}
        self._claimed: dict[tuple[object, ...], int] = {}

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every report cited so far, by number."""
        return tuple(self._sources.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Every name used so far."""
        return tuple(self._names)

    @property
    def dates(self) -> tuple[date, ...]:
        """Every day noted so far, in order."""
        return tuple(sorted(self._dates))

    @property
    def codes(self) -> tuple[str, ...]:
        """Every security named so far."""
        return tuple(self._codes)

    def cite(self, event: Event, document_id: str) -> int | None:
        """The number of one of an event's reports; None for a document that it does not hold."""
        key = (event.id, document_id)
        if key not in self._sources:
            report = next((r for r in event.reports if r.document_id == document_id), None)
            if report is None:
                return None
            self.name(report.source_name or report.source_id)
            self._sources[key] = Source(
                number=len(self._sources) + 1,
                document_id=document_id,
                event_id=event.id,
                name=report.source_name or report.source_id,
                tier=report.tier,
                url=report.url,
                title=report.title,
                language=report.language,
                published_at=report.published_at,
                first_seen_at=report.first_seen_at,
            )
        return self._sources[key].number

    def claim_fact(self, event: Event, fact: EventFact, rule: Rule = "quoted") -> int:
        """The number under which a stored fact is claimed."""
        key = (event.id, rule, fact.document_id, fact.kind, fact.value, fact.unit, fact.subject)
        if key not in self._claimed:
            self._claimed[key] = self._add(
                rule=rule,
                what=self.fact_name(fact),
                shown=Both(zh=show(fact, "zh"), en=show(fact, "en")),
                value=fact.value,
                unit=fact.unit,
                event_id=event.id,
                source=self.cite(event, fact.document_id),
                quote=fact.quote,
                as_of=fact.as_of,
                conflict=fact.conflict,
            )
        return self._claimed[key]

    def claim_computed(
        self,
        rule: Rule,
        what: Both,
        shown: Both,
        value: float | int | str,
        inputs: Iterable[float] = (),
        event_id: str | None = None,
        source: int | None = None,
        quote: str = "",
    ) -> int:
        """The number under which a computed figure is claimed."""
        return self._add(
            rule=rule,
            what=what,
            shown=shown,
            value=value,
            inputs=tuple(inputs),
            event_id=event_id,
            source=source,
            quote=quote,
        )

    def fact_name(self, fact: Fact) -> Both:
        """What a fact is about: Kimi 上下文长度, Kimi: context length."""
        kind = self.knowledge.fact_kinds.get(fact.kind)
        zh, en = (kind.name_zh, kind.name_en) if kind else (fact.kind, fact.kind)
        whose = self.subject(fact)
        return Both(zh=f"{whose} {zh}".strip(), en=f"{whose}: {en}" if whose else en)

    def subject(self, fact: Fact) -> str:
        """Whose fact it is, as written, else as the knowledge base calls it."""
        product = self.knowledge.products.get(fact.product or "")
        named = fact.subject or (product.name if product else "")
        company = self.knowledge.companies.get(named)
        return self.name(company.name_en if company else named)

    def company(self, company_id: str) -> Both:
        """A company's name in both languages, or its id where the knowledge base does not know it."""
        row = self.knowledge.companies.get(company_id)
        zh, en = (row.name_zh or row.name_en, row.name_en) if row else (company_id, company_id)
        return Both(zh=self.name(zh), en=self.name(en))

    def security(self, security_id: str) -> Both:
        """A security's short name in both languages."""
        self._codes.setdefault(security_id)
        row = self.knowledge.securities.get(security_id)
        zh = (row.name_zh or row.name_en or row.listed_name) if row else None
        en = (row.name_en or row.name_zh or row.listed_name) if row else None
        return Both(zh=self.name(zh or security_id), en=self.name(en or security_id))

    def day(self, day: date) -> date:
        """A day, noted as told."""
        self._dates.setdefault(day)
        return day

    def name(self, name: str) -> str:
        """A name, noted as used."""
        if name:
            self._names.setdefault(name)
        return name

    def _add(self, **fields: object) -> int:
        self.claims.append(Claim.model_validate({"number": len(self.claims) + 1, **fields}))
        return len(self.claims)

"""Records with sensible values: a test states only what matters to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from knowledge.index import KnowledgeBase
from knowledge.schema import Company, Framework, Relation, RelationKind, Security, Taxonomy
from pipeline.records import Alert, CompanyTag, Document, Event, RawDocument, Reason, Report, Tags, Watch

MOMENT = datetime(2024, 3, 18, 9, tzinfo=UTC)


def make_company(id: str, **given: Any) -> Company:
    """A company called as its id."""
    fields = {"name_en": id, "type": "lab", "country": "CN", "status": "private", "source": ("test",)}
    return Company(**{"id": id, "evidence": "read", "as_of": date(2024, 1, 1), **fields, **given})


def make_security(id: str, company: str | None = None, **given: Any) -> Security:
    """A listed security, of a company if one is named."""
    market = "HK" if id.endswith(".HK") else "US" if ":" in id else "CN-A"
    return Security(**{"id": id, "company": company, "name_en": f"name of {id}", "market": market, **given})


def make_relation(company: str, kind: str, security: str, **given: Any) -> Relation:
    """A tie that was always there, of full confidence, seen in a test's own page."""
    fields = {"strength": "high", "what": "", "confidence": 1.0, "source": ("https://example.com/tie",)}
    fields |= {"id": f"{company}/{kind}/{security}", "verification": "read", "as_of": date(2030, 1, 1)}
    return Relation(**{**fields, "company": company, "kind": kind, "security": security, **given})


def make_kind(id: str, weight: float = 0.5, **given: Any) -> RelationKind:
    """A kind of tie."""
    return RelationKind(**{"id": id, "meaning": id, "name_zh": id, "name_en": id, "weight": weight, **given})


def make_knowledge(
    *,
    companies: Iterable[Company] = (),
    securities: Iterable[Security] = (),
    relations: Iterable[Relation] = (),
    kinds: Iterable[RelationKind] = (),
    **given: Any,
) -> KnowledgeBase:
    """A knowledge base of the given rows, with nothing else in it."""
    framework = Framework(
        name_zh="框架",
        name_en="framework",
        layers=(),
        selections=(),
        publisher="test",
        report_date=date(2024, 3, 25),
        sector="传媒",
        sector_rating="增持",
        rating_change="维持",
        emphasis_sectors=(),
        theme_order=(),
        risk_topics_zh=(),
        source="test",
        as_of=date(2024, 3, 25),
    )
    taxonomy = Taxonomy(event_types=(), modalities=(), fact_kinds=(), relation_kinds=tuple(kinds))
    empty = {"products": (), "themes": (), "concepts": (), "lenses": ()}
    rows = {"framework": framework, "taxonomy": taxonomy, **empty, **given}
    return KnowledgeBase(version="test", companies=companies, securities=securities, relations=relations, **rows)


def make_report(document: str = "d1", *, at: datetime | None = MOMENT, **given: Any) -> Report:
    """A report by a media source, published and seen at the same moment."""
    fields = {"source_id": f"source-{document}", "tier": 2, "title": "a title", "language": "en"}
    fields |= {"url": f"https://example.com/{document}", "first_seen_at": at or MOMENT, "published_at": at}
    return Report(**{"document_id": document, **fields, **given})


def make_event(*actors: str, **given: Any) -> Event:
    """An event of the given companies, with one report."""
    tags = tuple(CompanyTag(id=name, relevance=100, role="actor", quote=name) for name in actors)
    reports = (make_report(),)
    fields = {"id": "e1", "title_en": "An event", "event_type": "model_release", "companies": tags, "reports": reports}
    return Event(**{**fields, "first_seen_at": MOMENT, "published_at": MOMENT, **given})


def make_watch(**given: Any) -> Watch:
    """A watch that every event meets."""
    return Watch(**{"id": "w1", "name": "everything", "language": "en", **given})


def make_alert(**given: Any) -> Alert:
    """An alert with a title and two lines of body."""
    fields = {"id": "alert_0123", "watch_id": "w1", "event_id": "e1", "made_at": MOMENT, "title": "A title"}
    fields |= {"body": "Why it comes\nSource: https://example.com/d1", "why": Reason(zh="为何", en="why")}
    return Alert(**{**fields, **given})


def make_raw(title: str = "", text: str = "", **given: Any) -> RawDocument:
    """An entry of a medium, published and first seen at one moment."""
    fields: dict[str, Any] = {"source_id": "medium", "tier": 2, "published_at": MOMENT, "published_precision": "time"}
    return RawDocument(**{**fields, "first_seen_at": MOMENT, "title": title, "text": text, **given})


def make_document(id: str = "d1", title: str = "", text: str = "", **given: Any) -> Document:
    """A clean document of a medium in English, published and first seen at one moment."""
    fields: dict[str, Any] = {"source_id": "medium", "tier": 2, "language": "en", "published_at": MOMENT}
    return Document(**{**fields, "id": id, "first_seen_at": MOMENT, "title": title, "text": text, **given})


def make_tags(document: str = "d1", **given: Any) -> Tags:
    """Tags of a relevant document that names nothing."""
    return Tags(**{"document_id": document, "relevant": True, **given})

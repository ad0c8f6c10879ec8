"""Records for the store's tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from pipeline.records import Document, Fact, Fingerprint, Link, RawDocument, Reason, Score, Sketch, State, Tags
from storage import documents

NOW = datetime(2024, 3, 18, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def make_raw(number: int = 1, **given: Any) -> RawDocument:
    """An entry of a feed."""
    fields = {"id": f"guid-{number}", "source_id": "feed", "url": f"https://news.example/{number}"}
    fields |= {"title": f"Item {number}", "text": f"The text of item {number}. " * 20}
    return RawDocument(**{**fields, "first_seen_at": NOW, **given})


def make_document(document_id: str, **given: Any) -> Document:
    """A clean document of that id."""
    fields = {"source_id": "feed", "title": "A title", "text": "A text", "language": "en", "first_seen_at": NOW}
    return Document(**{"id": document_id, **fields, **given})


def make_tags(document_id: str, **given: Any) -> Tags:
    """What tagging says of a document that is on topic."""
    return Tags(**{"document_id": document_id, "relevant": True, **given})


def make_sketch(event_id: str, *keys: str, when: datetime = NOW, **given: Any) -> Sketch:
    """The sketch of an event's founding document."""
    fields = {"document_id": f"d-{event_id}", "when": when, "language": "en", "title": "A title", "keys": keys}
    return Sketch(**{"event_id": event_id, **fields, **given})


def make_link(event_id: str, security_id: str, *path: str, **given: Any) -> Link:
    """A link along relations."""
    fields = {"direct": False, "relation": "supplier", "weight": 0.5, "strength": "medium", "confidence": 0.9}
    fields |= {"path": path or ("openai", "r1"), "reason": Reason(zh="供应商", en="supplier"), "evidence": ("u",)}
    return Link(**{"event_id": event_id, "security_id": security_id, "as_of": date(2024, 3, 18), **fields, **given})


def make_score(event_id: str, lens: str, total: float) -> Score:
    """An importance without parts."""
    return Score(event_id=event_id, lens=lens, total=total, parts=())


@dataclass(frozen=True)
class Taken:
    """A document as it comes out of the trip, for `documents.finish`."""

    document: Document
    fingerprint: Fingerprint
    tags: Tags
    facts: tuple[Fact, ...] = ()


def take(session: Session, raw: RawDocument, text: str = "words", bands: tuple[str, ...] = ()) -> Taken:
    """An entry received, and read."""
    received = documents.receive(session, [raw], NOW)
    names = set(Document.model_fields) - {"id", "language"}
    document = make_document(received.ids[0], **raw.model_dump(include=names))
    return Taken(document, Fingerprint(url=raw.url, text=text, bands=bands), make_tags(document.id))


def finish(session: Session, taken: Taken, state: State = State.DONE, **given: Any) -> None:
    """A document's trip ended."""
    parts = (taken.document, taken.fingerprint, taken.tags, taken.facts)
    documents.finish(session, *parts, state=state, **{"now": NOW, **given})

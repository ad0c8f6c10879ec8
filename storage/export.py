"""Events x securities as a table, with the three times that a study needs: CSV, or Parquet where its library is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.records import Event
from storage import events as stored
from storage.engine import Store

COLUMNS = {
    "event_id": "text",
    "security_id": "text",
    "event_type": "text",
    "certainty": "text",
    "title_zh": "text",
    "title_en": "text",
    "companies": "texts",
    "products": "texts",
    "occurred_on": "day",
    "published_at": "time",
    "first_seen_at": "time",
    "link_known_at": "time",
    "direct": "truth",
    "relation": "text",
    "strength": "text",
    "weight": "number",
    "confidence": "number",
    "concept": "text",
    "issuer_denied": "truth",
    "as_of": "day",
    "reason_zh": "text",
    "reason_en": "text",
    "evidence": "texts",
    "path": "texts",
}
"""The columns in order, and what each holds. What is not known is empty (CSV) or null (Parquet)."""

FORMATS = ("csv", "parquet")


def rows(store: Store, start: datetime, end: datetime, known_by: datetime | None) -> list[dict[str, Any]]:
    """A row an event and security, in order of the events' times, of one event the strongest link first; as known by a time."""
    with store.reading() as session:
        events = stored.between(session, start, end)
        seen = [event for event in events if known_by is None or event.first_seen_at <= known_by]
        links = stored.known_links(session, [event.id for event in seen], known_by)
    return [_row(event, known) for event in reversed(seen) for known in links[event.id]]


def _row(event: Event, known: stored.KnownLink) -> dict[str, Any]:
    link = known.link
    return {
        "event_id": event.id,
        "security_id": link.security_id,
        "event_type": event.event_type,
        "certainty": event.certainty,
        "title_zh": event.title_zh,
        "title_en": event.title_en,
        "companies": [company.id for company in event.companies],
        "products": [product.id or product.name for product in event.products],
        "occurred_on": event.occurred_on,
        "published_at": event.published_at,
        "first_seen_at": event.first_seen_at,
        "link_known_at": known.known_at,
        "direct": link.direct,
        "relation": link.relation,
        "strength": link.strength,
        "weight": link.weight,
        "confidence": link.confidence,
        "concept": link.concept,
        "issuer_denied": link.issuer_denied,
        "as_of": link.as_of,
        "reason_zh": link.reason.zh,
        "reason_en": link.reason.en,
        "evidence": list(link.evidence),
        "path": list(link.path),
    }


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV: times in UTC, lists with blanks between, true and false."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = " ".join(value) if isinstance(value, list) else str(value)
    is_formula = text.lstrip().startswith(("=", "+", "-", "@")) and not isinstance(value, int | float)
    return f"'{text}" if is_formula else text

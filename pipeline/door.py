"""The door for documents that people hand in: a JSON object becomes a RawDocument, or a clear refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pipeline.records import RawDocument


class DocumentInvalid(ValueError):
    """A document that was handed in cannot be read: says which field and why."""


def raw_document(row: Mapping[str, Any], zone: ZoneInfo, first_seen_at: datetime) -> RawDocument:
    """The document of an object `{"id", "title", "text"?, "url"?, "published_at"?, "language"?, "source"?}`.

    `date` and `lang` are taken for `published_at` and `language`. A bare date is that day in the report's zone.
    Raises DocumentInvalid for a field of the wrong kind, an unreadable time, or neither title nor text.
    """
    title, text = _text(row, "title"), _text(row, "text")
    if not (title.strip() or text.strip()):
        raise DocumentInvalid("neither title nor text: give one of them")
    identifier = row.get("id")
    if identifier is not None and not isinstance(identifier, str | int):
        raise DocumentInvalid(f"id: a text or a number, not {type(identifier).__name__}")
    published_at, precision = moment(row.get("published_at", row.get("date")), zone)
    return RawDocument(
        id=None if identifier is None else str(identifier),
        source_id=_text(row, "source") or "handed-in",
        source_name=_text(row, "source"),
        tier=2,
        url=_text(row, "url") or None,
        title=title,
        text=text,
        language=_text(row, "language") or _text(row, "lang") or None,
        published_at=published_at,
        published_precision=precision,
        first_seen_at=first_seen_at,
    )


def moment(value: Any, zone: ZoneInfo) -> tuple[datetime | None, Literal["time", "day", "unknown"]]:
    """A time in UTC and how precise it is. A bare date is the start of that day in the zone; none is unknown."""
    if value is None or value == "":
        return None, "unknown"
    if not isinstance(value, str):
        raise DocumentInvalid(f"published_at: a text like 2024-03-18T09:00:00+08:00, not {type(value).__name__}")
    try:
        if len(value) == len("2024-03-18"):
            return datetime.combine(date.fromisoformat(value), time(), zone).astimezone(UTC), "day"
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC), "time"
    except (ValueError, OverflowError) as error:
        raise DocumentInvalid(
            f"published_at: {value[:40]!r} is no time; write 2024-03-18 or 2024-03-18T09:00:00+08:00"
        ) from error


def _text(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DocumentInvalid(f"{field}: a text, not {type(value).__name__}")
    return value

"""`launchwatch export`: events x securities with the three times that a study needs, as CSV or Parquet."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import Refusal, complain, day, on_terminal, read_settings, write_whole
from cli.store import opened_store
from pipeline.records import Event
from storage import events as stored
from storage.engine import Store

app = typer.Typer(add_completion=False)

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


@app.command()
def export(
    since: Annotated[str, typer.Option("--from", help="The first day, 2024-03-18.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last, 2024-03-25.")],
    as_of: Annotated[
        str | None, typer.Option(help="Only what this store had seen and linked by the end of that day.")
    ] = None,
    format: Annotated[str, typer.Option(help="csv or parquet; from the file's name without it.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file in place of the screen.")] = None,
) -> None:
    """One row for each event and security linked to it, with the times of publication, first sight and knowing the link."""
    settings = read_settings()
    start, end = day(since, settings.zone, "--from"), day(until, settings.zone, "--to")
    if start is None or end is None or start >= end:
        raise Refusal("--from must lie before --to", code=2)
    by = day(as_of, settings.zone, "--as-of")
    known_by = by + timedelta(days=1) - timedelta(microseconds=1) if by else None
    chosen = format or ("parquet" if output and output.suffix == ".parquet" else "csv")
    if chosen not in FORMATS:
        raise Refusal(f"--format: {chosen!r} is not one of {', '.join(FORMATS)}", code=2)
    write = _parquet() if chosen == "parquet" else as_csv
    with opened_store(settings) as store:
        rows = _rows(store, start, end, known_by)
        left_out = len(_rows(store, start, end, None)) if known_by and not rows else 0
    if left_out:
        complain(f"{left_out} links stand now, but this store drew the first of them after {as_of}")
    _give(write(rows), output, chosen, len(rows))


def _rows(store: Store, start: datetime, end: datetime, known_by: datetime | None) -> list[dict[str, Any]]:
    """The rows in order of the events' times, of one event the strongest link first."""
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


def _parquet() -> Any:
    """The writer of Parquet, which needs an extra."""
    try:
        return partial(import_module("cli.parquet").as_parquet, columns=COLUMNS)
    except ImportError as error:
        raise Refusal(
            "Parquet needs pyarrow: install the extra `launchwatch[parquet]`, or take --format csv", 1
        ) from error


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


def _give(content: str | bytes, output: Path | None, format: str, count: int) -> None:
    if output is not None:
        write_whole(output, content)
        complain(f"wrote {count} rows to {output}")
    elif isinstance(content, str):
        typer.echo(content, nl=False)
    elif on_terminal():
        raise Refusal(f"{format} is not for a screen: name a file with -o", code=2)
    else:
        sys.stdout.buffer.write(content)

"""`launchwatch export`: events x securities, for a study."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from cli.console import Refusal, complain, day, read_settings, write_whole
from cli.store import opened_store
from pipeline.records import Event, Link
from storage import events as stored

app = typer.Typer(add_completion=False)

COLUMNS = (
    "event_id",
    "security_id",
    "event_type",
    "certainty",
    "title_zh",
    "title_en",
    "companies",
    "published_at",
    "first_seen_at",
    "direct",
    "relation",
    "strength",
    "weight",
    "confidence",
    "issuer_denied",
    "as_of",
    "reason_zh",
    "reason_en",
    "evidence",
)


@app.command()
def export(
    since: Annotated[str, typer.Option("--from", help="The first day, 2024-03-18.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last, 2024-03-25.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file in place of the screen.")] = None,
) -> None:
    """One row for each event and security linked to it, as CSV, with the times when each was published and seen."""
    settings = read_settings()
    start, end = day(since, settings.zone, "--from"), day(until, settings.zone, "--to")
    if start is None or end is None or start >= end:
        raise Refusal("--from must lie before --to", code=2)
    with opened_store(settings) as store, store.reading() as session:
        found = stored.between(session, start, end)
        links = stored.links_of_all(session, [event.id for event in found])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = [_row(event, link) for event in reversed(found) for link in links[event.id]]
    writer.writerows(rows)
    if output is None:
        typer.echo(text.getvalue(), nl=False)
        return
    write_whole(output, text.getvalue())
    complain(f"wrote {len(rows)} rows to {output}")


def _row(event: Event, link: Link) -> list[str]:
    values = {
        **link.model_dump(mode="json"),
        "event_type": event.event_type,
        "certainty": event.certainty,
        "title_zh": event.title_zh or "",
        "title_en": event.title_en or "",
        "companies": " ".join(c.id for c in event.companies),
        "published_at": event.published_at.isoformat() if event.published_at else "",
        "first_seen_at": event.first_seen_at.isoformat(),
        "reason_zh": link.reason.zh,
        "reason_en": link.reason.en,
        "evidence": " ".join(link.evidence),
    }
    return [_cell(values[name]) for name in COLUMNS]


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) and not isinstance(value, int | float) else text

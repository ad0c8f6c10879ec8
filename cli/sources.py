"""`launchwatch sources`: where we look, and how each source fares."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.console import Refusal, print_lines, print_table, read_settings
from cli.store import opened_store
from crawlers.sources import SOURCES, SourcesBroken, load_sources
from storage import sources as stored

app = typer.Typer(add_completion=False)


@app.command()
def sources(
    words: Annotated[str, typer.Argument(help="Part of an id, name or address; all sources without it.")] = "",
    health: Annotated[str, typer.Option(help="Only those: fresh, quiet, late, failing, blocked, gone, unknown.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one source a line.")] = False,
) -> None:
    """The feeds and sites that we read, with the health of each and the time of its last success and last new item."""
    settings = read_settings()
    try:
        known = load_sources(SOURCES, *([settings.sources] if settings.sources else []))
    except SourcesBroken as error:
        raise Refusal(str(error)) from error
    with opened_store(settings) as store, store.reading() as session:
        states = {state.source_id: state for state in stored.all_states(session)}
    sought = words.casefold()
    rows = [
        (source, states.get(source.id, stored.SourceState(source_id=source.id)))
        for source in known
        if any(sought in text.casefold() for text in (source.id, source.name, source.url))
    ]
    rows = [(source, state) for source, state in rows if not health or state.health == health]
    if as_json:
        hidden = {"state", "source_id"}
        print_lines(
            {**source.model_dump(mode="json"), **state.model_dump(mode="json", exclude=hidden)}
            for source, state in rows
        )
        return
    table = Table("id", "tier", "kind", "health", "last success", "last new item", "why")
    for source, state in rows:
        times = [
            f"{at.astimezone(settings.zone):%m-%d %H:%M}" if at else ""
            for at in (state.last_success_at, state.last_new_at)
        ]
        table.add_row(source.id, str(source.tier), source.kind, state.health, *times, state.reason)
    print_table(table, f"{len(rows)} sources")

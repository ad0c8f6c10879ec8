"""`launchwatch companies`: the companies that we know, under every name, and their ties on a day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from rich.table import Table

from cli.console import now, print_lines, print_table, read_knowledge, read_settings

app = typer.Typer(add_completion=False)


@app.command()
def companies(
    words: Annotated[str, typer.Argument(help="Part of an id or a name; all companies without it.")] = "",
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Listings and ties that held, and were known, that day."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one company a line.")] = False,
) -> None:
    """The companies that we know, under every name and alias, with their listings and ties on a day."""
    settings = read_settings()
    knowledge = read_knowledge(settings)
    day: date = as_of.date() if as_of else now().astimezone(settings.zone).date()
    sought = words.casefold()
    found = [c for c in knowledge.companies.values() if any(sought in n.casefold() for n in (c.id, *c.names))]
    if as_json:
        print_lines(
            {
                "names": c.names,
                **c.model_dump(mode="json", exclude_none=True),
                "listings": [s.id for s in knowledge.listings(c.id, day)],
                "relations": [
                    r.model_dump(mode="json", exclude_none=True)
                    for r in knowledge.relations_of(c.id, day)
                    if r.kind != "is_listed_as"
                ],
            }
            for c in found
        )
        return
    table = Table("id", "name", "other names", "country", "status", "listed as", "ties")
    for c in found:
        others = ", ".join(n for n in c.names if n != c.name_zh)
        listings = [s.id for s in knowledge.listings(c.id, day)]
        ties = len(knowledge.relations_of(c.id, day)) - len(listings)
        table.add_row(
            c.id, c.name_zh or c.name_en, others, c.country, c.status, ", ".join(listings), str(ties) if ties else ""
        )
    print_table(table, f"{len(found)} companies as of {day}")

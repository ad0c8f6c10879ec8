"""`launchwatch securities`: the listed names that we know, and what ties companies to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from rich.table import Table

from cli.console import now, print_lines, print_table, read_knowledge, read_settings

app = typer.Typer(add_completion=False)


@app.command()
def securities(
    words: Annotated[str, typer.Argument(help="Part of a code or a name; those with relations without it.")] = "",
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Relations valid on that day.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one security a line.")] = False,
) -> None:
    """Listed securities, each with the companies that have a tie to it on a day."""
    settings = read_settings()
    knowledge = read_knowledge(settings)
    day: date = as_of.date() if as_of else now().astimezone(settings.zone).date()
    sought = words.casefold()
    if sought:
        listed = knowledge.listed_names()
        ids = [row.id for row in listed if any(sought in n.casefold() for n in (row.id, *row.names))]
    else:
        ids = sorted({r.security for r in knowledge.relations})
    rows = [(knowledge.securities[i], knowledge.relations_to(i, day)) for i in ids if i in knowledge.securities]
    if as_json:
        print_lines(
            {
                **s.model_dump(mode="json", exclude_none=True),
                "names": s.names,
                "relations": [r.model_dump(mode="json", exclude_none=True) for r in relations],
            }
            for s, relations in rows
        )
        return
    table = Table("id", "name", "tied to")
    for s, relations in rows:
        table.add_row(s.id, s.name_zh or s.name_en or "", ", ".join(f"{r.company} ({r.kind})" for r in relations))
    print_table(table, f"{len(rows)} securities as of {day}")

"""`launchwatch companies`: the companies that we know, under every name."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.console import print_lines, print_table, read_knowledge, read_settings

app = typer.Typer(add_completion=False)


@app.command()
def companies(
    words: Annotated[str, typer.Argument(help="Part of an id or a name; all companies without it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one company a line.")] = False,
) -> None:
    """The companies that we know, under every name and alias."""
    knowledge = read_knowledge(read_settings())
    sought = words.casefold()
    found = [c for c in knowledge.companies.values() if any(sought in n.casefold() for n in (c.id, *c.names))]
    if as_json:
        print_lines({"names": c.names, **c.model_dump(mode="json", exclude_none=True)} for c in found)
        return
    table = Table("id", "name", "other names", "country", "status")
    for c in found:
        table.add_row(
            c.id, c.name_zh or c.name_en, ", ".join(n for n in c.names if n != c.name_zh), c.country, c.status
        )
    print_table(table, f"{len(found)} companies")

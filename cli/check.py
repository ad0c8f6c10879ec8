"""`launchwatch check`: whether the knowledge base and the sources are sound."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import Refusal, read_settings
from crawlers.sources import SourcesBroken
from knowledge.check import check as check_knowledge
from worker.desk import sources_of

app = typer.Typer(add_completion=False)


@app.command()
def check(
    warnings: Annotated[bool, typer.Option(help="Show warnings too.")] = False,
) -> None:
    """Look over the whole knowledge base and the sources: dangling ids, clashing aliases, impossible dates, no evidence."""
    settings = read_settings()
    problems = check_knowledge(settings.knowledge)
    for problem in problems:
        if warnings or problem.severity == "error":
            typer.echo(str(problem))
    errors = sum(p.severity == "error" for p in problems)
    try:
        sources = sources_of(settings)
    except SourcesBroken as error:
        raise Refusal(str(error)) from error
    typer.echo(f"{errors} errors, {len(problems) - errors} warnings in the knowledge base; {len(sources)} sources read")
    if errors:
        raise Refusal("the knowledge base is not sound: mend the rows above")

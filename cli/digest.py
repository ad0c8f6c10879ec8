"""`launchwatch digest`: the weekly viewpoint, and the daily and monthly ones, in every format."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.console import Refusal, complain, now, read_settings, write_whole
from cli.store import opened_desk
from pipeline import digest as digests
from worker.digests import keep, write

app = typer.Typer(add_completion=False)


@app.command()
def digest(
    week: Annotated[
        str, typer.Option(help="2024-W12; a day 2024-03-18 or a month 2024-03 too. Last week without it.")
    ] = "",
    lens: Annotated[str, typer.Option(help="The point of view: media, all, or one of your own.")] = "media",
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(digests.FORMATS)}.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file in place of the screen.")] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep it in the store as a draft.")] = False,
) -> None:
    """The week's events in order, with facts, comparisons, themes and linked stocks; every number with its source."""
    settings, clock = read_settings(), now()
    today = clock.astimezone(settings.zone).date()
    try:
        period = _period(week, settings.timezone, today)
        with opened_desk(settings) as desk:
            if lens not in desk.lexicon.knowledge.lenses:
                known = ", ".join(desk.lexicon.knowledge.lenses)
                raise Refusal(f"no lens is called {lens!r}; there are {known}", code=2)
            author = digests.AuthorBlock(name=settings.author) if settings.author else None
            made = write(desk, period, desk.lexicon.knowledge.lenses[lens], clock, author)
            content = digests.render(made, format, lang)
            if save:
                keep(desk, made, lang, settings.author or "launchwatch", clock)
    except (digests.WrongPeriod, digests.UnknownFormat) as error:
        raise Refusal(str(error), code=2) from error
    if output is not None:
        write_whole(output, content)
        complain(f"wrote {output}")
    elif isinstance(content, str):
        typer.echo(content, nl=not content.endswith("\n"))
    elif sys.stdout.isatty():
        raise Refusal(f"{format} is not for a screen: name a file with -o", code=2)
    else:
        sys.stdout.buffer.write(content)


def _period(label: str, zone: str, today: date) -> digests.Period:
    if label:
        return digests.parse_period(label, zone, today)
    return digests.Week.of(today, zone).previous()

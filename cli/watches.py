"""`launchwatch watches`: standing queries, and where to tell whom."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Annotated

import typer
from rich.table import Table

from cli.console import Refusal, complain, print_lines, print_table, read_knowledge, read_settings
from cli.store import opened_store
from pipeline.records import Watch
from storage import watches as stored
from worker.deliver import DestinationInvalid, destination

app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=False)


@app.callback()
def watches(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one watch a line.")] = False,
) -> None:
    """The standing queries. Each tells its destinations of an event that meets it, once."""
    if ctx.invoked_subcommand:
        return
    with opened_store(read_settings()) as store, store.reading() as session:
        found = stored.all_watches(session)
    if as_json:
        print_lines(found)
        return
    table = Table("id", "name", "companies", "types", "themes", "securities", "words", "at least", "tells")
    for w in found:
        lists = (w.companies, w.event_types, w.themes, w.securities, w.words)
        table.add_row(
            w.id,
            w.name,
            *(", ".join(values) for values in lists),
            f"{w.minimum_importance:g}",
            str(len(w.destinations)),
        )
    print_table(table, f"{len(found)} watches")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    company: Annotated[list[str] | None, typer.Option(help="An id; may be given again.")] = None,
    product: Annotated[list[str] | None, typer.Option(help="A product's id.")] = None,
    modality: Annotated[list[str] | None, typer.Option(help="text, image, video, ...")] = None,
    type: Annotated[list[str] | None, typer.Option(help="model_release, funding, ...")] = None,
    theme: Annotated[list[str] | None, typer.Option(help="A theme's id.")] = None,
    security: Annotated[list[str] | None, typer.Option(help="300364.SZ, NASDAQ:NVDA, ...")] = None,
    word: Annotated[list[str] | None, typer.Option(help="A word that must stand in a title or quote.")] = None,
    minimum: Annotated[float, typer.Option(min=0, max=100, help="The least importance, 0 to 100.")] = 0.0,
    rumours: Annotated[bool, typer.Option(help="Tell rumours too.")] = False,
    lens: Annotated[str, typer.Option(help="By which lens importance is reckoned.")] = "all",
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    to: Annotated[list[str] | None, typer.Option(help="Where to tell it: a channel's URL; may be given again.")] = None,
) -> None:
    """Add a watch, or change the one of that name. An event must meet every list that is given."""
    settings = read_settings()
    knowledge = read_knowledge(settings)
    _known("company", company, knowledge.companies)
    _known("product", product, knowledge.products)
    _known("type", type, knowledge.event_types)
    _known("theme", theme, knowledge.themes)
    _known("security", security, knowledge.securities)
    _known("lens", [lens], knowledge.lenses)
    _known("lang", [lang], {"zh", "en"})
    for address in to or ():
        try:
            destination(address)
        except DestinationInvalid as error:
            raise Refusal(f"--to: {error}", code=2) from error
    watch = Watch(
        id=re.sub(r"[^\w]+", "-", name.casefold()).strip("-") or "watch",
        name=name,
        companies=tuple(company or ()),
        products=tuple(product or ()),
        modalities=tuple(modality or ()),
        event_types=tuple(type or ()),
        themes=tuple(theme or ()),
        securities=tuple(security or ()),
        words=tuple(word or ()),
        minimum_importance=minimum,
        rumours=rumours,
        lens=lens,
        language="zh" if lang == "zh" else "en",
        destinations=tuple(to or ()),
    )
    with opened_store(settings) as store, store.writing() as session:
        stored.save(session, watch)
    complain(
        f"watch {watch.id} saved"
        + ("" if watch.destinations else "; it has no destination yet (--to), so it tells nobody")
    )


@app.command()
def remove(watch_id: Annotated[str, typer.Argument(help="The watch's id.")]) -> None:
    """Remove a watch; its alerts stay on record."""
    with opened_store(read_settings()) as store, store.writing() as session:
        if not stored.remove(session, watch_id):
            raise Refusal(f"there is no watch {watch_id!r}; `launchwatch watches` lists them")


def _known(option: str, given: list[str] | None, known: Container[str]) -> None:
    for value in given or ():
        if value not in known:
            raise Refusal(
                f"--{option}: {value!r} is not known; see `launchwatch companies`, `securities`, `check`", code=2
            )

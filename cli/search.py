"""`launchwatch search`: past events, in Chinese and English."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import Refusal, day, print_lines, read_settings
from cli.events import print_events
from cli.store import opened_store
from storage import events as stored
from storage import search as searching

app = typer.Typer(add_completion=False)


@app.command()
def search(
    words: Annotated[list[str] | None, typer.Argument(help="What to look for; every word must be found.")] = None,
    company: Annotated[str | None, typer.Option(help="An id: moonshot-ai.")] = None,
    product: Annotated[str | None, typer.Option(help="A product's id.")] = None,
    modality: Annotated[str | None, typer.Option(help="text, image, video, ...")] = None,
    type: Annotated[str | None, typer.Option(help="model_release, funding, ...")] = None,
    security: Annotated[str | None, typer.Option(help="300364.SZ, NASDAQ:NVDA, ...")] = None,
    since: Annotated[str | None, typer.Option(help="A day, 2024-03-18.")] = None,
    until: Annotated[str | None, typer.Option(help="A day, not itself included.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=300)] = 20,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one event a line.")] = False,
) -> None:
    """Events that hold every word, in titles, reports and quotes, the best first."""
    settings = read_settings()
    asked = {"co": company, "pr": product, "mod": modality, "type": type, "st": security}
    tags = [searching.tag(prefix, value) for prefix, value in asked.items() if value]
    query = " ".join(words or ())
    if not query.strip() and not tags:
        raise Refusal("nothing to look for: give words, or a filter such as --company moonshot-ai", code=2)
    with opened_store(settings) as store, store.reading() as session:
        hits = searching.find_text(
            session,
            query,
            tags=tags,
            kind="event",
            since=day(since, settings.zone, "--since"),
            until=day(until, settings.zone, "--until"),
            limit=limit,
        )
        found = stored.several(session, [hit.subject for hit in hits])
    ordered = [found[hit.subject] for hit in hits if hit.subject in found]
    if as_json:
        print_lines(ordered)
        return
    print_events(ordered, lang, lambda at: at.astimezone(settings.zone))

"""`launchwatch search`: past events, in Chinese and English."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Annotated

import typer

from cli.console import Refusal, complain, day, end_of, print_lines, read_knowledge, read_settings
from cli.events import print_events
from cli.store import opened_store
from pipeline.names import Names
from pipeline.query import read_query
from storage import events as stored
from storage import finding

app = typer.Typer(add_completion=False)

MOST = 300
"""Events that one search ranks."""


class Order(Enum):
    """What comes first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    IMPORTANCE = "importance"


@app.command()
def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(help='Words that must all be found, "a phrase", -not, company:moonshot-ai, type:model_update.'),
    ] = None,
    company: Annotated[str | None, typer.Option(help="An id: moonshot-ai.")] = None,
    product: Annotated[str | None, typer.Option(help="A product's id.")] = None,
    modality: Annotated[str | None, typer.Option(help="text, image, video, ...")] = None,
    type: Annotated[str | None, typer.Option(help="model_release, funding, ...")] = None,
    security: Annotated[str | None, typer.Option(help="300364.SZ, NASDAQ:NVDA, ...")] = None,
    since: Annotated[str | None, typer.Option(help="A day, 2024-03-18.")] = None,
    until: Annotated[str | None, typer.Option(help="A day, not itself included.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Only events that were here by the end of that day, with the reports of then.")
    ] = None,
    order: Annotated[Order, typer.Option(help="relevance, newest or importance.")] = Order.RELEVANCE,
    limit: Annotated[int, typer.Option(min=1, max=MOST)] = 20,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one event a line.")] = False,
) -> None:
    """Events that hold every word, in titles, reports and quotes, the best first."""
    settings = read_settings()
    filters = {"company": company, "product": product, "modality": modality, "type": type, "stock": security}
    parts = [*(words or ()), *(f'{key}:"{value}"' for key, value in filters.items() if value)]
    if not " ".join(parts).strip():
        raise Refusal("nothing to look for: give words, or a filter such as --company moonshot-ai", code=2)
    knowledge = read_knowledge(settings)
    names = Names(knowledge)
    try:
        query = read_query(" ".join(parts), names, knowledge, settings.zone, datetime.now(UTC))
    except ValueError as error:
        raise Refusal(str(error), code=2) from error
    since_day, until_day = day(since, settings.zone, "--since"), day(until, settings.zone, "--until")
    query = query.model_copy(update={"since": since_day or query.since, "until": until_day or query.until})
    known_by = end_of(day(as_of, settings.zone, "--as-of"))
    with opened_store(settings) as store, store.reading() as session:
        hits = finding.find(
            session, query, kind="event", order=order.value, limit=MOST if known_by else limit, some_words=True
        )
        if whole := [hit for hit in hits if hit.whole]:
            hits = whole
        elif hits:
            complain("nothing holds every word; these hold some of them")
        found = stored.several(session, [hit.subject for hit in hits])
    ordered = [found[hit.subject] for hit in hits if hit.subject in found]
    if known_by:
        ordered = [stored.as_known(e, known_by) for e in ordered if e.first_seen_at <= known_by][:limit]
    if as_json:
        print_lines(ordered)
        return
    near = [name for word in query.words for name in names.near(word)] if not ordered else []
    if near:
        complain(f"nothing found; names that are spelled nearly so: {', '.join(dict.fromkeys(near))}")
    print_events(ordered, lang, lambda at: at.astimezone(settings.zone))

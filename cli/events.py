"""`launchwatch events`: the events in the store, newest first, or all about one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.console import Refusal, day, end_of, print_lines, print_table, read_knowledge, read_settings
from cli.store import opened_store
from knowledge.index import KnowledgeBase
from pipeline.records import Event, Link, Score
from storage import events as stored
from storage.engine import Store

app = typer.Typer(add_completion=False)


@app.command()
def events(
    event_id: Annotated[str, typer.Argument(help="All about this event; a list without it.")] = "",
    company: Annotated[str | None, typer.Option(help="An id: moonshot-ai.")] = None,
    product: Annotated[str | None, typer.Option(help="A product's id or name.")] = None,
    modality: Annotated[str | None, typer.Option(help="text, image, video, ...")] = None,
    type: Annotated[str | None, typer.Option(help="model_release, funding, ...")] = None,
    security: Annotated[str | None, typer.Option(help="300364.SZ, NASDAQ:NVDA, ...")] = None,
    since: Annotated[str | None, typer.Option(help="A day, 2024-03-18.")] = None,
    until: Annotated[str | None, typer.Option(help="A day, not itself included.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_of: Annotated[
        str | None, typer.Option(help="Of one event: reports, facts and links that were here by the end of that day.")
    ] = None,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one event a line.")] = False,
) -> None:
    """The events in the store, newest first; or everything that is known of one, with the words that show it."""
    settings = read_settings()
    by = day(as_of, settings.zone, "--as-of")
    if by and not event_id:
        raise Refusal("--as-of goes with one event: name it", code=2)
    with opened_store(settings) as store:
        if event_id:
            _one(store, event_id, read_knowledge(settings), lang, as_json, end_of(by))
            return
        with store.reading() as session:
            page = stored.page(
                session,
                company=company,
                product=product,
                modality=modality,
                event_type=type,
                security=security,
                since=day(since, settings.zone, "--since"),
                until=day(until, settings.zone, "--until"),
                limit=limit,
            )
    if as_json:
        print_lines(page.events)
        return
    print_events(page.events, lang, lambda at: at.astimezone(settings.zone))


def print_events(found: tuple[Event, ...] | list[Event], lang: str, local: Any) -> None:
    """A table of events."""
    table = Table("id", "when", "title", "type", "companies", "reports")
    for e in found:
        mark = {"rumour": "? ", "denial": "✗ "}.get(e.certainty, "")
        companies = ", ".join(c.id for c in e.companies[:3])
        table.add_row(
            e.id, f"{local(e.when):%Y-%m-%d %H:%M}", mark + e.title(lang), e.event_type, companies, str(len(e.reports))
        )
    print_table(table, f"{len(found)} events")


def _one(
    store: Store, event_id: str, knowledge: KnowledgeBase, lang: str, as_json: bool, known_by: datetime | None
) -> None:
    with store.reading() as session:
        event = stored.get(session, event_id)
        if event is None:
            raise Refusal(f"there is no event {event_id!r}; `launchwatch events` lists them")
        if known_by and event.first_seen_at > known_by:
            raise Refusal(f"{event_id} was first seen later, at {event.first_seen_at:%Y-%m-%d %H:%M} UTC")
        links = stored.links_of(session, event.id, known_by)
        scores = [] if known_by else stored.scores_of(session, event.id)
        follow_ups = stored.follow_ups(session, event.id)
    if known_by:
        event, follow_ups = stored.as_known(event, known_by), [e for e in follow_ups if e.first_seen_at <= known_by]
    if as_json:
        more = {
            "links": [link.model_dump(mode="json") for link in links],
            "scores": [score.model_dump(mode="json") for score in scores],
            "follow_ups": [e.id for e in follow_ups],
        }
        print_lines([event.model_dump(mode="json") | more])
        return
    typer.echo("\n".join(_told(event, links, scores, knowledge, lang)))
    for e in follow_ups:
        typer.echo(f"followed by  {e.id}  {e.title(lang)}")


def _told(event: Event, links: list[Link], scores: list[Score], knowledge: KnowledgeBase, lang: str) -> list[str]:
    lines = [
        event.title(lang),
        f"{event.id}  {event.event_type}  {event.certainty}  heat {event.heat:.1f}  novelty {event.novelty:.2f}",
    ]
    lines += [f"company   {c.id} ({c.role}, {c.relevance})  “{c.quote}”" for c in event.companies]
    lines += [f"product   {p.name}  “{p.quote}”" for p in event.products]
    for f in event.facts:
        kind = knowledge.fact_kinds[f.kind].name_zh if lang == "zh" else knowledge.fact_kinds[f.kind].name_en
        lines.append(
            f"fact      {kind} {f.value} {f.unit} ({f.subject or '-'}){' CONFLICT' if f.conflict else ''}  “{f.quote}”"
        )
    for link in links:
        denied = "  (denied by the issuer)" if link.issuer_denied else ""
        lines.append(
            f"security  {link.security_id} {'direct' if link.direct else link.strength}  {getattr(link.reason, lang)}{denied}"
        )
    lines += [
        f"report    tier {r.tier}  {r.source_name or r.source_id}  {r.published_at or 'no date'}  {r.title}  {r.url or ''}"
        for r in event.reports
    ]
    for score in scores:
        lines.append(
            f"score     {score.lens} {score.total:.1f}: " + ", ".join(f"{p.name} {p.points:+.1f}" for p in score.parts)
        )
    return lines

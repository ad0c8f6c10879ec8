"""`launchwatch sources`: where we look, how each source fares; finding, testing and exchanging sources."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.table import Table

from cli.console import Refusal, complain, now, print_lines, print_table, read_lexicon, read_settings, write_whole
from cli.store import opened_store, refusing
from crawlers.answer import FetchFailed
from crawlers.cage import Cage
from crawlers.crawl import Crawled, FetchState, crawl_source
from crawlers.discover import NothingFound, Proposal, discover, propose_selectors
from crawlers.entry import Entry
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.opml import NotOpml, from_opml, to_opml
from crawlers.reading import Reading
from crawlers.sources import Selectors, Source, load_sources
from pipeline import flow
from settings import Settings
from storage import sources as stored
from worker.collect import raw_document
from worker.desk import sources_of

app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=False)

PREVIEW = 10
"""Entries shown of what a source would bring."""


@app.callback()
def sources(
    ctx: typer.Context,
    health: Annotated[str, typer.Option(help="Only: fresh, quiet, late, failing, blocked, gone, unknown.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one source a line.")] = False,
) -> None:
    """The feeds and sites that we read. Without a further word: the list, with the health of each."""
    if ctx.invoked_subcommand is None:
        _list("", health, as_json)


@app.command("list")
def list_sources(
    words: Annotated[str, typer.Argument(help="Part of an id, name or address.")] = "",
    health: Annotated[str, typer.Option(help="Only: fresh, quiet, late, failing, blocked, gone, unknown.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one source a line.")] = False,
) -> None:
    """Sources with their health, the time of the last success and of the last new item.

    "never" says that this installation has not yet seen it work; why, then, says how far its address was checked before.
    """
    _list(words, health, as_json)


@app.command()
def test(source_id: Annotated[str, typer.Argument(help="A source's id.")]) -> None:
    """Visit one source now and show what it brings, keeping nothing."""
    settings = read_settings()
    found = {source.id: source for source in known(settings)}
    if source_id not in found:
        raise Refusal(f"no source is called {source_id!r}; `launchwatch sources list` shows them", code=2)
    crawled = asyncio.run(_visit(found[source_id], settings))
    if crawled.state.last_error:
        raise Refusal(f"{source_id}: {crawled.health.value}: {crawled.state.last_error}")
    _preview(found[source_id], crawled.entries, settings)
    if found[source_id].kind == "listing" and found[source_id].selectors is None:
        _propose(asyncio.run(_shape(found[source_id], settings)), len(crawled.entries))


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="A feed, or a page whose feed or list of articles is to be found.")],
    tier: Annotated[int, typer.Option(min=1, max=3, help="1 official, 2 media, 3 aggregator.")] = 3,
    company: Annotated[str, typer.Option(help="The company that publishes it, where it is official.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Save without asking.")] = False,
) -> None:
    """Find the feed behind an address, show what it would bring, and save it on yes."""
    settings = read_settings()
    if company and company not in read_lexicon(settings).knowledge.companies:
        raise Refusal(f"no company has the id {company!r}; `launchwatch companies` shows them", code=2)
    proposal = asyncio.run(_discover(url, tier, settings))
    new = _not_known([proposal.source], settings)
    if not new:
        raise Refusal(f"{proposal.source.url} is a source already; `launchwatch sources list` shows it")
    source = new[0].model_copy(update={"company": company or None, "as_of": now().date()})
    typer.echo(f"{source.id}: {source.kind} at {source.url}")
    if source.selectors:
        typer.echo(_as_row(source.selectors), nl=False)
    _preview(source, proposal.entries, settings)
    if not yes and not typer.confirm("Save it?"):
        raise Refusal("not saved", code=1)
    path = _save([source], settings)
    complain(f"saved in {path}; the collector reads it from its next start on, `launchwatch collect {source.id}` now")


@app.command("import")
def import_opml(file: Annotated[Path, typer.Argument(help="An OPML file.")]) -> None:
    """Take in the feeds of an OPML file."""
    settings = read_settings()
    try:
        found, skipped = from_opml(file.read_bytes())
    except OSError as error:
        raise Refusal(f"{file}: cannot be read ({error.strerror})", code=2) from error
    except NotOpml as error:
        raise Refusal(f"{file}: {error}", code=2) from error
    new = _not_known(found, settings)
    for reason in skipped:
        complain(reason)
    if new:
        _save(new, settings)
    typer.echo(f"{len(new)} new, {len(found) - len(new)} known already, {len(skipped)} passed over")


@app.command()
def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file in place of the screen.")] = None,
) -> None:
    """Every source as an OPML file, for another reader."""
    content = to_opml(known(read_settings()))
    if output is None:
        typer.echo(content.decode("utf-8"))
    else:
        write_whole(output, content)


def known(settings: Settings) -> list[Source]:
    """The bundled sources and the installation's own."""
    with refusing():
        return sources_of(settings)


def _not_known(found: Sequence[Source], settings: Settings) -> list[Source]:
    """Those whose address is no source's yet, each under an id that no other has."""
    have = known(settings)
    urls, ids = {source.url for source in have}, {source.id for source in have}
    new = []
    for source in found:
        if source.url not in urls:
            free = (source.id if number == 1 else f"{source.id}-{number}" for number in count(1))
            own = source.model_copy(update={"id": next(one for one in free if one not in ids)})
            urls.add(own.url)
            ids.add(own.id)
            new.append(own)
    return new


async def _discover(url: str, tier: int, settings: Settings) -> Proposal:
    with Cage() as cage:
        async with Fetcher(Guard(), contact=settings.contact) as fetcher:
            try:
                return await discover(url, fetcher, cage, now(), tier=tier)
            except (NothingFound, FetchFailed) as error:
                raise Refusal(str(error)) from error


async def _visit(source: Source, settings: Settings) -> Crawled:
    with Cage() as cage:
        async with Fetcher(Guard(), contact=settings.contact) as fetcher:
            return await crawl_source(source, FetchState(), fetcher, now(), cage)


async def _shape(source: Source, settings: Settings) -> Reading:
    with Cage() as cage:
        async with Fetcher(Guard(), contact=settings.contact) as fetcher:
            try:
                return await propose_selectors(source, fetcher, cage, now())
            except FetchFailed as error:
                raise Refusal(str(error)) from error


def _propose(reading: Reading, many: int) -> None:
    """Selectors to put into a row whose articles are told by the page's shape so far."""
    if reading.selectors is None:
        complain("told by the page's shape; no selectors say as much, so check the titles above now and then")
        return
    dated = sum(entry.published_at is not None for entry in reading.entries)
    complain(f"told by the page's shape; these selectors bring {len(reading.entries)} of {many}, {dated} with a date:")
    typer.echo(_as_row(reading.selectors), nl=False)


def _as_row(selectors: Selectors) -> str:
    """Selectors as they stand in a sources file."""
    fields = selectors.model_dump(exclude_defaults=True)
    return yaml.safe_dump({"selectors": fields}, allow_unicode=True, sort_keys=False)


def _preview(source: Source, entries: Sequence[Entry], settings: Settings) -> None:
    """The first entries with their dates and what they would be tagged as."""
    lexicon, clock = read_lexicon(settings), now()
    table = Table("published", "title", "companies", "type")
    for entry in entries[:PREVIEW]:
        reading = flow.read(raw_document(source, entry, clock), lexicon)
        companies = ", ".join(tag.id for tag in reading.tags.companies[:3])
        when = f"{entry.published_at:%Y-%m-%d %H:%M}" if entry.published_at else "no date"
        table.add_row(when, entry.title, companies, reading.tags.event_type if reading.tags.relevant else "off topic")
    print_table(table, f"{len(entries)} entries in all")


def _save(new: Sequence[Source], settings: Settings) -> Path:
    """Rows added to the installation's own sources file, written whole."""
    path = settings.sources or settings.home / "sources.yaml"
    with refusing():
        old = load_sources(path) if path.exists() else []
    rows = {source.id: source.model_dump(mode="json", exclude_defaults=True) for source in (*old, *new)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, yaml.safe_dump({"sources": list(rows.values())}, allow_unicode=True, sort_keys=False))
    return path


def _checked(source: Source, state: stored.SourceState) -> str:
    """How far an address was checked that this installation has not tried."""
    ways = {"listed": "a public list has it", "none": "nobody checked it"}
    return "" if state.last_try_at else f"not tried; address: {ways.get(source.verification, source.verification)}"


def _list(words: str, health: str, as_json: bool) -> None:
    settings = read_settings()
    with opened_store(settings) as store, store.reading() as session:
        states = {state.source_id: state for state in stored.all_states(session)}
    sought = words.casefold()
    rows = [
        (source, states.get(source.id, stored.SourceState(source_id=source.id)))
        for source in known(settings)
        if any(sought in text.casefold() for text in (source.id, source.name, source.url))
    ]
    rows = [(source, state) for source, state in rows if not health or state.health == health]
    if as_json:
        hidden = {"state", "source_id"}
        print_lines(s.model_dump(mode="json") | state.model_dump(mode="json", exclude=hidden) for s, state in rows)
        return
    table = Table("id", "tier", "kind", "health", "last success", "last new item", "why")
    for source, state in rows:
        last = (state.last_success_at, state.last_new_at)
        times = [f"{at.astimezone(settings.zone):%m-%d %H:%M}" if at else "never" for at in last]
        table.add_row(
            source.id, str(source.tier), source.kind, state.health, *times, state.reason or _checked(source, state)
        )
    print_table(table, f"{len(rows)} sources")

"""`launchwatch collect`: poll sources now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from cli.console import Refusal, now, progress, read_settings, stderr
from cli.ingest import process_all, summary
from cli.store import opened_desk
from crawlers.archive import Archive, KeepingFetcher
from crawlers.cage import Cage
from crawlers.crawl import Health
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.limits import MIB
from crawlers.sources import Source
from settings import Settings
from worker.collect import Visit, due
from worker.collect import collect as poll
from worker.desk import Desk

app = typer.Typer(add_completion=False)


@app.command()
def collect(
    source: Annotated[list[str] | None, typer.Argument(help="Ids of sources; those that are due without them.")] = None,
) -> None:
    """Visit sources, keep what is new, and run it through the pipeline."""
    settings = read_settings()
    with opened_desk(settings) as desk:
        chosen = _chosen(desk, source or [])
        if not chosen:
            stderr.print("no source is due; name one to poll it all the same (`launchwatch sources` lists them)")
            return
        visits = asyncio.run(_poll(desk, chosen, settings))
        for visit in visits:
            state = visit.crawled.state
            typer.echo(
                f"{visit.source_id}: {visit.new} new, {visit.known} known, {visit.crawled.health.value}"
                + (f" ({state.last_error})" if state.last_error else "")
            )
        typer.echo(summary(process_all(desk)))
    bad = [v.source_id for v in visits if v.crawled.health in (Health.FAILING, Health.BLOCKED, Health.GONE)]
    if bad and len(bad) == len(visits):
        raise Refusal("no source could be read (reasons above): is this machine connected?")


def _chosen(desk: Desk, named: Sequence[str]) -> list[Source]:
    unknown = [name for name in named if name not in desk.sources]
    if unknown:
        raise Refusal(f"no source is called {', '.join(unknown)}; `launchwatch sources` lists them", code=2)
    return [desk.sources[name] for name in named] if named else due(desk, now())


async def _poll(desk: Desk, chosen: Sequence[Source], settings: Settings) -> list[Visit]:
    room = settings.archive_mb * MIB
    with Cage() as cage, progress("collecting", len(chosen)) as advance:
        async with Fetcher(Guard(), contact=settings.contact) as fetcher:
            gets = KeepingFetcher(fetcher, Archive(settings.archive, room)) if room else fetcher
            return await poll(desk, chosen, gets, cage, now, lambda _: advance())

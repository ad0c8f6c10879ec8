"""`launchwatch demo`: the main job on the bundled sample weeks, from a local site's feeds to the printed digest."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.console import Refusal, progress, read_settings, stderr
from cli.ingest import summary
from cli.store import opened_desk
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from pipeline import digest
from pipeline.records import State
from sample.render import path_of
from sample.site import Site
from sample.week import SampleDocument
from settings import Settings
from worker import jobs
from worker.collect import Visit, collect
from worker.desk import Desk
from worker.digests import write

app = typer.Typer(add_completion=False)

CLOCK = datetime(2024, 4, 1, 1, 0, tzinfo=UTC)
"""The demo's clock stands at Monday 2024-04-01, 9:00 in Shanghai: the sample's last week has just ended."""

WEEK = "2024-W12"
MARK = ".launchwatch-demo"
"""Says that a folder is the demo's own, so that a new run may empty it."""


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option(help="Where its store goes; `demo` in the home without it.")] = None,
    lens: Annotated[str, typer.Option(help="The point of view: media or all.")] = "media",
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
) -> None:
    """Collect the bundled sample from a local site, process it, and print the digest for 2024-W12."""
    settings = read_settings()
    place = (folder or settings.home / "demo").absolute()
    _empty(place)
    with opened_desk(Settings(home=place, database_url="", redis_url="", model_url="")) as desk, Site() as site:
        visits = asyncio.run(_collect(desk, site))
        fates: Counter[State] = Counter()
        while batch := jobs.process_due(desk, CLOCK, limit=1000):
            fates += batch
        week = digest.Week.parse(WEEK, str(desk.zone))
        made = write(desk, week, desk.lexicon.knowledge.lenses[lens], CLOCK)
        typer.echo(digest.render(made, "text", lang))
    _say(f"collected: {sum(v.new for v in visits)} documents from {len(visits)} sources; {summary(fates)}")
    _say(f"The store is in {place}. What to run next:")
    here = f"LAUNCHWATCH_HOME={place} .venv/bin/launchwatch"
    _say(f"  {here} digest --week {WEEK} --lang en --format html -o digest.html")
    _say(f"  {here} search Kimi")
    _say(f"  {here} up")


def _empty(place: Path) -> None:
    if place.exists() and any(place.iterdir()):
        if not (place / MARK).exists():
            raise Refusal(f"{place} holds other things: name an empty folder with --folder", code=2)
        shutil.rmtree(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / MARK).touch()
    except OSError as error:
        raise Refusal(f"{place}: cannot be written ({error.strerror}); name another with --folder") from error


async def _collect(desk: Desk, site: Site) -> list[Visit]:
    """Poll every source of the site once, through the same fetcher, guard and readers as any source."""
    host, port = site.base_url.removeprefix("http://").split(":")
    chosen = site.sources()
    pages = {site.base_url + path_of(d): _marked(d) for d in site.documents()}

    def public(url: str) -> str:
        """The public page where an article's facts can be checked; the site itself is gone when the demo ends."""
        return pages.get(url, url)

    with Cage() as cage, progress("collecting", len(chosen)) as advance:
        async with Fetcher(Guard(allow=[(host, int(port))]), delay=0.0, per_host=8) as fetcher:
            return await collect(desk, chosen, fetcher, cage, lambda: CLOCK, lambda _: advance(), public)


def _say(line: str) -> None:
    stderr.print(line, markup=False, soft_wrap=True)


def _marked(document: SampleDocument) -> str:
    """The page of a document's facts, told apart from other documents' by a parameter that the page ignores."""
    return f"{document.fact_url}{'&' if '?' in document.fact_url else '?'}sample={document.id}"

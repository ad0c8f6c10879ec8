"""The sample through our own fetcher and readers: what an article says arrives, whatever its feed does to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawlers.cage import Cage
from crawlers.crawl import Crawled, FetchState, crawl_source
from crawlers.entry import Entry
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from sample.render import instant
from sample.site import Site
from sample.week import SampleDocument

NOW = datetime(2024, 4, 1, 1, tzinfo=UTC)

Visits = dict[str, tuple[Crawled, Crawled]]


@asynccontextmanager
async def fetching(site: Site) -> AsyncIterator[Fetcher]:
    address = urlsplit(site.base_url)
    guard = Guard(allow=[(address.hostname or "", address.port or 0)])
    async with Fetcher(guard, delay=0.0, per_host=8) as fetcher:
        yield fetcher


async def visit_twice(site: Site) -> Visits:
    """A first visit to each source, and another two hours later."""
    visits: Visits = {}
    with Cage() as cage:
        async with fetching(site) as fetcher:
            for source in site.sources():
                first = await crawl_source(source, FetchState(), fetcher, NOW, cage)
                again = await crawl_source(source, first.state, fetcher, NOW + timedelta(hours=2), cage)
                visits[source.id] = (first, again)
    return visits


@pytest.fixture(scope="module")
def visits() -> Visits:
    with Site() as site:
        return asyncio.run(visit_twice(site))


@pytest.fixture(scope="module")
def arrived(visits: Visits) -> list[tuple[SampleDocument, Entry]]:
    """Each document with its entry."""
    entries = {
        Path(urlsplit(entry.url or "").path).stem: entry for first, _ in visits.values() for entry in first.entries
    }
    documents = Site().documents()
    assert set(entries) == {document.id for document in documents}
    return [(document, entries[document.id]) for document in documents]


def test_no_source_fails(visits: Visits) -> None:
    assert {id_: first.state.last_error for id_, (first, _) in visits.items() if first.state.failures} == {}


def test_every_headline_arrives(arrived: list[tuple[SampleDocument, Entry]]) -> None:
    assert [(e.title, d.title) for d, e in arrived if e.title != d.title] == []


def test_every_paragraph_arrives_from_the_feed_or_the_page(arrived: list[tuple[SampleDocument, Entry]]) -> None:
    lost = [d.id for d, e in arrived for p in d.paragraphs if p not in unescape(e.text or e.summary)]
    assert lost == []


def test_every_time_arrives_as_the_source_meant_it(arrived: list[tuple[SampleDocument, Entry]]) -> None:
    timed = [(d, e) for d, e in arrived if isinstance(d.published, datetime)]
    assert [d.id for d, e in timed if e.published_at != instant(d) or e.published_precision != "time"] == []


def test_a_bare_day_stays_a_day_and_no_date_stays_none(arrived: list[tuple[SampleDocument, Entry]]) -> None:
    days = {d.id: e.published_precision for d, e in arrived if not isinstance(d.published, datetime)}
    undated = {d.id for d, _ in arrived if d.published is None}
    assert {id_: precision for id_, precision in days.items() if id_ not in undated} == dict.fromkeys(
        set(days) - undated, "day"
    )
    assert {days[id_] for id_ in undated} == {"unknown"}


def test_a_second_visit_brings_nothing(visits: Visits) -> None:
    assert [id_ for id_, (_, again) in visits.items() if again.entries or not again.unchanged] == []

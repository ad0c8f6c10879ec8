"""Polling: each source that is due is visited, and what it brought, its new state and its work rows are kept in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from crawlers.cage import Cage
from crawlers.crawl import Crawled, FetchState, crawl_source
from crawlers.entry import Entry
from crawlers.fetch import Fetcher
from crawlers.sources import Source
from pipeline.records import RawDocument
from storage import documents, sources
from worker.desk import Desk

log = structlog.get_logger()

AT_ONCE = 16
"""Visits under way together; the fetcher's own budget a host is smaller."""


@dataclass(frozen=True)
class Visit:
    """What one visit brought."""

    source_id: str
    crawled: Crawled
    new: int
    known: int
    ids: tuple[str, ...]
    """Of the documents that it brought, known ones included."""


async def collect(
    desk: Desk,
    chosen: Iterable[Source],
    fetcher: Fetcher,
    cage: Cage,
    clock: Callable[[], datetime],
    told: Callable[[Visit], None] = lambda _: None,
    kept_as: Callable[[str], str] = str,
) -> list[Visit]:
    """Visit sources, several at once; `told` hears of each visit as it ends.

    `kept_as` gives the address under which an entry is kept: that of the public page, for a site that only mirrors it.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(source: Source) -> Visit:
        async with gate:
            crawled = await _crawl(desk, source, fetcher, cage, clock)
            visit = await asyncio.to_thread(_save, desk, source, crawled, clock(), kept_as)
        told(visit)
        return visit

    return list(await asyncio.gather(*(one(source) for source in chosen)))


def due(desk: Desk, now: datetime) -> list[Source]:
    """The sources whose turn has come, the longest due first; one never visited is due."""
    enabled = [source.id for source in desk.sources.values() if source.enabled]
    with desk.store.reading() as session:
        return [desk.sources[source_id] for source_id in sources.due(session, now, enabled)]


async def _crawl(desk: Desk, source: Source, fetcher: Fetcher, cage: Cage, clock: Callable[[], datetime]) -> Crawled:
    with desk.store.reading() as session:
        kept = sources.state(session, source.id)
    last = FetchState.model_validate_json(kept.state) if kept.state else FetchState()
    return await crawl_source(source, last, fetcher, clock(), cage)


def _save(desk: Desk, source: Source, crawled: Crawled, now: datetime, kept_as: Callable[[str], str]) -> Visit:
    state = crawled.state
    history = crawled.first or crawled.held
    raws = [raw_document(source, entry, now, history) for entry in crawled.entries]
    raws = [raw.model_copy(update={"url": kept_as(raw.url)}) if raw.url else raw for raw in raws]
    with desk.store.writing() as session:
        received = documents.receive(session, raws, now)
        sources.save_state(
            session,
            sources.SourceState(
                source_id=source.id,
                state=state.model_dump_json(),
                next_due=state.next_due,
                health=crawled.health.value,
                reason=state.last_error or "",
                failures=state.failures,
                last_try_at=state.last_try,
                last_success_at=state.last_success,
                last_new_at=state.last_new_item,
            ),
        )
        for note in crawled.notes:
            sources.notify(session, note.kind, source.id, note.message, now)
    log.info("visited", source=source.id, health=crawled.health.value, new=received.new, known=received.known)
    return Visit(source_id=source.id, crawled=crawled, new=received.new, known=received.known, ids=received.ids)


def raw_document(source: Source, entry: Entry, seen: datetime, history: bool = False) -> RawDocument:
    """An entry of a source, as the pipeline takes it; the article's text where its page was read, else the feed's."""
    extra = "".join(f"\n{name}: {value}" for name, value in entry.extra.items())
    return RawDocument(
        id=entry.guid,
        source_id=source.id,
        source_name=source.name,
        source_company=source.company,
        tier=source.tier,
        url=entry.url,
        title=entry.title,
        text=(entry.text or entry.summary) + extra,
        author=entry.author,
        language=entry.language or source.language,
        published_at=entry.published_at,
        published_precision=entry.published_precision,
        first_seen_at=seen,
        history=history,
    )

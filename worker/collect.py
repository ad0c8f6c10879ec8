"""What one visit leads to: entries, a source's new state, notices and further work are kept in one transaction."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from crawlers.answer import FetchFailed, Gets
from crawlers.articles import page_task, with_pages
from crawlers.backfill import missed
from crawlers.cage import Cage
from crawlers.crawl import PAGES, Crawled, FetchState, PushUnreadable, crawl_pushed, crawl_source
from crawlers.entry import Entry
from crawlers.limits import PAGE
from crawlers.reading import Reading
from crawlers.sources import Source
from crawlers.websub import is_signed
from pipeline.records import RawDocument
from storage import documents, queue, sources, subscriptions
from worker import trail
from worker.desk import Desk
from worker.watchdog import tell_health

log = structlog.get_logger()

AT_ONCE = 16
"""Visits under way together; the fetcher's own budget a host is smaller."""

UNREAD_PAGE = "page"
"""The kind of work that a document waits for whose page could not be read yet."""

RETRY = timedelta(minutes=10)
"""Before a page or a push that could not be read is tried again."""

Public = Callable[[str], str]


class Unreadable(Exception):
    """Work that brought nothing, and why; tried again up to three times, then set aside for a person."""


@dataclass(frozen=True)
class Visit:
    """What one visit brought."""

    source_id: str
    crawled: Crawled
    new: int
    known: int
    ids: tuple[str, ...]
    """Of the documents that it brought, known ones included."""


@dataclass(frozen=True)
class Tools:
    """What a visit is made with."""

    desk: Desk
    fetcher: Gets
    cage: Cage
    clock: Callable[[], datetime]
    hubs: bool = False
    """Whether hubs can reach us, so that it is worth asking them."""
    kept_as: Public = str
    """The address under which an entry is kept: that of the public page, for a site that only mirrors it."""
    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """One visit to a source at a time: each begins with the state that the last one left."""


async def collect(
    desk: Desk,
    chosen: Iterable[Source],
    fetcher: Gets,
    cage: Cage,
    clock: Callable[[], datetime],
    told: Callable[[Visit], None] = lambda _: None,
    kept_as: Public = str,
) -> list[Visit]:
    """Visit sources, several at once; `told` hears of each visit as it ends."""
    tools = Tools(desk, fetcher, cage, clock, kept_as=kept_as)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(source: Source) -> Visit:
        async with gate:
            made = await visit(tools, source)
        told(made)
        return made

    return list(await asyncio.gather(*(one(source) for source in chosen)))


def due(desk: Desk, now: datetime) -> list[Source]:
    """The sources whose turn has come, the longest due first; one never visited is due."""
    enabled = [source.id for source in desk.sources.values() if source.enabled]
    with desk.store.reading() as session:
        return [desk.sources[source_id] for source_id in sources.due(session, now, enabled)]


# ---- the three things that bring entries ----------------------------------------------------------------------------


async def visit(tools: Tools, source: Source, work: queue.Work | None = None) -> Visit:
    """One visit to a source; `work` is what asked for it, done with it."""
    async with tools.turns[source.id]:
        last = await asyncio.to_thread(_state, tools.desk, source)
        crawled = await crawl_source(source, last, tools.fetcher, tools.clock(), tools.cage)
        if any(note.kind == "gap" for note in crawled.notes):
            crawled = await _filled(tools, source, last, crawled)
        return await asyncio.to_thread(_save, tools, source, crawled, work)


async def read_push(tools: Tools, work: queue.Work) -> Visit | None:
    """What a hub pushed, read and kept; None where it is gone, or is not its hub's word. Raises Unreadable."""
    push, subscription = await asyncio.to_thread(_push, tools.desk, int(work.subject))
    source = tools.desk.sources.get(push.source_id) if push else None
    if push is None or subscription is None or source is None:
        await asyncio.to_thread(_drop, tools, work)
        return None
    if not is_signed(push.body, push.signature, subscription.secret):
        log.warning("push without its hub's signature", source=source.id)
        await asyncio.to_thread(_drop, tools, work)
        return None
    async with tools.turns[source.id]:
        last = await asyncio.to_thread(_state, tools.desk, source)
        now, kind = tools.clock(), push.content_type
        try:
            crawled = await crawl_pushed(source, last, push.body, kind, tools.fetcher, now, tools.cage)
        except PushUnreadable as error:
            raise Unreadable(f"what the hub of {source.id} pushed: {error}") from error
        return await asyncio.to_thread(_save, tools, source, crawled, work, push.received_at)


async def read_page(tools: Tools, work: queue.Work) -> None:
    """A document's page, read at another try; the document makes its trip again with the text. Raises Unreadable."""
    raw = await asyncio.to_thread(_raw, tools.desk, work.subject)
    source = tools.desk.sources.get(raw.source_id)
    if source is None or not raw.url:
        await asyncio.to_thread(_finish, tools, work)
        return
    try:
        fetched = await tools.fetcher.get(raw.url, source_id=source.id, limits=PAGE, accept="text/html")
    except FetchFailed as error:
        raise Unreadable(str(error)) from error
    task = page_task(source, fetched.final_url, fetched.headers.get("content-type", ""), tools.clock())
    reading = await tools.cage.read(task, fetched.body)
    if reading.thing == "hostile":
        raise Unreadable(f"{raw.url}: {reading.error}")
    await asyncio.to_thread(_finish, tools, work, _amended(raw, reading))


async def _filled(tools: Tools, source: Source, last: FetchState, crawled: Crawled) -> Crawled:
    """A visit with what was found of its gap, and its note saying so. What fills a gap is late news, but news."""
    now = tools.clock()
    since = last.last_success or now
    found = await missed(source, crawled.entries, crawled.state.seen, since, tools.fetcher, tools.cage, now)
    entries, unread = await with_pages(source, found, PAGES, tools.fetcher, tools.cage, now)
    said = f"; {len(entries)} found in its archive" if entries else "; its archive shows none of them"
    notes = [n.model_copy(update={"message": n.message + said}) if n.kind == "gap" else n for n in crawled.notes]
    return crawled.model_copy(
        update={
            "entries": (*crawled.entries, *entries),
            "notes": tuple(notes),
            "unread": (*crawled.unread, *unread),
        }
    )


# ---- what is loaded and kept ----------------------------------------------------------------------------------------


def _state(desk: Desk, source: Source) -> FetchState:
    with desk.store.reading() as session:
        kept = sources.state(session, source.id)
    return FetchState.model_validate_json(kept.state) if kept.state else FetchState()


def _push(desk: Desk, push_id: int) -> tuple[subscriptions.Push | None, subscriptions.Subscription | None]:
    with desk.store.reading() as session:
        push = subscriptions.push(session, push_id)
        return push, subscriptions.get(session, push.source_id) if push else None


def _raw(desk: Desk, document_id: str) -> RawDocument:
    with desk.store.reading() as session:
        return documents.raw(session, document_id)


def _save(
    tools: Tools, source: Source, crawled: Crawled, work: queue.Work | None = None, pushed_at: datetime | None = None
) -> Visit:
    now = tools.clock()
    raws = [raw_document(source, entry, pushed_at or now, crawled.first or crawled.held) for entry in crawled.entries]
    raws = [raw.model_copy(update={"url": tools.kept_as(raw.url)}) if raw.url else raw for raw in raws]
    with tools.desk.store.writing() as session:
        received = documents.receive(session, raws, now)
        _save_state(session, source, crawled)
        _save_notes(session, source, crawled, now)
        by_url = {entry.url: document_id for entry, document_id in zip(crawled.entries, received.ids, strict=True)}
        for page in crawled.unread:
            queue.push(session, UNREAD_PAGE, by_url[page.url], now, not_before=now + RETRY)
        if tools.hubs:
            subscriptions.want(session, source.id, crawled.state.hub, crawled.state.topic, now)
        if work is not None:
            _done(session, work, now)
    trail.received(source.id, received.fresh)
    log.info("visited", source=source.id, health=crawled.health.value, new=received.new, known=received.known)
    return Visit(source_id=source.id, crawled=crawled, new=received.new, known=received.known, ids=received.ids)


def _save_state(session: Session, source: Source, crawled: Crawled) -> None:
    state = crawled.state
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


def _save_notes(session: Session, source: Source, crawled: Crawled, now: datetime) -> None:
    """What the operator should hear; failures are told by the source's health."""
    for note in crawled.notes:
        if note.kind != "failed":
            sources.notify(session, note.kind, source.id, note.message, now)
    tell_health(session, source, crawled.health, crawled.state, now)


def _done(session: Session, work: queue.Work, now: datetime) -> None:
    queue.done(session, work, now)
    if work.kind == subscriptions.PUSH:
        push = subscriptions.push(session, int(work.subject))
        subscriptions.drop_push(session, int(work.subject))
        if push is not None:
            subscriptions.note_push(session, push.source_id, push.received_at)


def _drop(tools: Tools, work: queue.Work) -> None:
    """A push of no use, gone."""
    with tools.desk.store.writing() as session:
        subscriptions.drop_push(session, int(work.subject))
        queue.done(session, work, tools.clock())


def _finish(tools: Tools, work: queue.Work, raw: RawDocument | None = None) -> None:
    """A page's work done, its document made again with what the page said."""
    now = tools.clock()
    with tools.desk.store.writing() as session:
        if raw is not None:
            documents.amend(session, work.subject, raw, now)
        queue.done(session, work, now)


def _amended(raw: RawDocument, reading: Reading) -> RawDocument | None:
    """An entry with its page's text; None where the page holds no article."""
    if not reading.entries or not reading.entries[0].text:
        return None
    page = reading.entries[0]
    made = raw.model_copy(update={"text": page.text, "title": raw.title or page.title})
    if raw.published_at is not None:
        return made
    return made.model_copy(update={"published_at": page.published_at, "published_precision": page.published_precision})


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

"""What was fetched long ago, read again with today's readers: what they find more comes in as history, and alerts nobody."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crawlers.archive import Archive, Kept
from crawlers.articles import completed, page_task
from crawlers.cage import Cage
from crawlers.entry import Entry
from crawlers.identity import canonical
from crawlers.reading import task_for
from pipeline.records import RawDocument
from worker.collect import raw_document
from worker.desk import Desk
from worker.jobs import receive

PAGE_WITHIN = timedelta(hours=1)
"""An entry's page follows the answer that named it; after so long it goes without."""
AT_A_TIME = 200


@dataclass
class Reread:
    """What reading again brought."""

    answers: int = 0
    new: int = 0
    known: int = 0
    unread: list[str] = field(default_factory=list)
    """What no reader can read today either, and why."""


@dataclass
class _Past:
    """One source's entries on their way from its answers to its pages."""

    waiting: dict[str, tuple[Entry, datetime]] = field(default_factory=dict)
    passed: set[tuple[str, str]] = field(default_factory=set)
    to_come: Counter[str] = field(default_factory=Counter)
    """Pages further on in the archive: at another try, a page may have come hours later."""
    whole: set[str] = field(default_factory=set)
    """Addresses whose page was read."""


def read_again(
    desk: Desk,
    archive: Archive,
    cage: Cage,
    now: datetime,
    since: datetime | None = None,
    source_id: str | None = None,
) -> Reread:
    """Every answer and page kept of the sources that we still know, or of one, from a time on."""
    made, pasts, ready = Reread(), defaultdict[str, _Past](_Past), list[RawDocument]()
    for kept in archive.read(since, source_id):
        if kept.is_page:
            pasts[kept.source_id].to_come[canonical(kept.asked)] += 1
    for kept in archive.read(since, source_id):
        if kept.source_id not in desk.sources:
            continue
        past = pasts[kept.source_id]
        ready += _page(desk, kept, past, cage, made) if kept.is_page else _answer(desk, kept, past, cage, made)
        if len(ready) >= AT_A_TIME:
            _receive(desk, ready, now, made)
    for name, past in pasts.items():
        past.to_come.clear()
        ready += _let_go(desk, name, past, None)
    _receive(desk, ready, now, made)
    return made


def _answer(desk: Desk, kept: Kept, past: _Past, cage: Cage, made: Reread) -> list[RawDocument]:
    """The entries of an answer, put where their pages will look for them; and those whose pages did not come."""
    source = desk.sources[kept.source_id]
    reading = cage.read_now(task_for(source, kept.url, kept.content_type, kept.fetched_at), kept.body)
    made.answers += 1
    if reading.error is not None:
        made.unread.append(f"{kept.url}, fetched {kept.fetched_at:%Y-%m-%d %H:%M}: {reading.error}")
    for entry in reading.entries:
        mark = (canonical(entry.url or entry.guid or ""), entry.title)
        if "sitemap" not in entry.extra and mark not in past.passed:
            past.passed.add(mark)
            past.waiting[f"{mark[0]} {entry.title if not mark[0] else ''}"] = (entry, kept.fetched_at)
    return _let_go(desk, kept.source_id, past, kept.fetched_at - PAGE_WITHIN)


def _page(desk: Desk, kept: Kept, past: _Past, cage: Cage, made: Reread) -> list[RawDocument]:
    """The entry whose page this is, whole; the page alone, where the answer that named it is no longer kept."""
    address = canonical(kept.asked)
    past.to_come[address] -= 1
    found = past.waiting.pop(f"{address} ", None)
    if found is None and address in past.whole:
        return []
    past.whole.add(address)
    source = desk.sources[kept.source_id]
    entry, seen = found or (None, kept.fetched_at)
    reading = cage.read_now(page_task(source, kept.url, kept.content_type, kept.fetched_at), kept.body)
    made.answers += 1
    if reading.entries:
        page = reading.entries[0]
        entry = completed(entry, page) if entry else page.model_copy(update={"url": kept.asked})
    return [raw_document(source, entry, seen, history=True)] if entry else []


def _let_go(desk: Desk, source_id: str, past: _Past, before: datetime | None) -> list[RawDocument]:
    """Entries that waited long enough for a page, and whose page does not come later either."""
    late = [
        key
        for key, (entry, seen) in past.waiting.items()
        if before is None or (seen < before and past.to_come[canonical(entry.url or "")] <= 0)
    ]
    gone = [past.waiting.pop(key) for key in late]
    return [raw_document(desk.sources[source_id], entry, seen, history=True) for entry, seen in gone]


def _receive(desk: Desk, ready: list[RawDocument], now: datetime, made: Reread) -> None:
    received = receive(desk, ready, now)
    made.new, made.known = made.new + received.new, made.known + received.known
    ready.clear()

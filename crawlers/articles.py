"""An entry's own page: which entries need it, and what it adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from crawlers.answer import BadStatus, FetchFailed, Gets, NotAllowed, TooLarge
from crawlers.entry import Entry
from crawlers.limits import PAGE
from crawlers.reading import Reads, Task
from crawlers.sources import API_KINDS, Source

SHORT_TEXT = 280
"""A feed item with fewer characters is a teaser: its page is read."""
_LINKS_ONLY = frozenset({"listing", "sitemap"})
"""Kinds whose items are links: the article is read from its page."""


class Unread(BaseModel):
    """An article whose page is still to be read: it could not be fetched, or killed its reader, or too many came at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    reason: str


class PageUnreadable(Exception):
    """An article's page could not be read; `again` says whether another try may help."""

    def __init__(self, reason: str, *, again: bool) -> None:
        self.reason, self.again = reason, again
        super().__init__(reason)


async def with_pages(
    source: Source, entries: Sequence[Entry], most: int, fetcher: Gets, cage: Reads, now: datetime
) -> tuple[list[Entry], list[Unread]]:
    """The entries, the newest of those that need it with what their page says; and the pages worth another try."""
    whole, unread, left = [], [], most
    for entry in entries:
        if not _wants_page(source, entry):
            whole.append(entry)
            continue
        left -= 1
        try:
            if left < 0:
                raise PageUnreadable(f"more than {most} pages in one visit", again=True)
            whole.append(await with_page(source, entry, fetcher, cage, now))
        except PageUnreadable as error:
            whole.append(entry)
            unread += [Unread(url=entry.url or "", reason=error.reason)] if error.again else []
    return whole, unread


def _wants_page(source: Source, entry: Entry) -> bool:
    if source.pages == "never" or not entry.url or source.kind in API_KINDS:
        return False
    if source.pages == "always" or source.kind in _LINKS_ONLY:
        return True
    return entry.published_at is None or len(entry.summary) < SHORT_TEXT


async def with_page(source: Source, entry: Entry, fetcher: Gets, cage: Reads, now: datetime) -> Entry:
    """An entry with the text and, where it had none, the date and language of its page. Raises PageUnreadable."""
    try:
        fetched = await fetcher.get(entry.url or "", source_id=source.id, limits=PAGE, accept="text/html")
    except FetchFailed as error:
        raise PageUnreadable(error.reason, again=_may_pass(error)) from error
    task = page_task(source, fetched.final_url, fetched.headers.get("content-type", ""), now)
    reading = await cage.read(task, fetched.body)
    if reading.thing == "hostile":
        raise PageUnreadable(reading.error or "", again=True)
    return entry if not reading.entries else completed(entry, reading.entries[0])


def page_task(source: Source, url: str, content_type: str, now: datetime) -> Task:
    """How an article's page is to be read."""
    return Task(reader="page", url=url, content_type=content_type, timezone=source.timezone, now=now)


def completed(entry: Entry, page: Entry) -> Entry:
    """An entry with what its page says: the text, and what it lacked itself."""
    if entry.published_at is None:
        dates = {"published_at": page.published_at, "published_precision": page.published_precision}
        entry = entry.model_copy(update=dates)
    kept = {"title": entry.title or page.title, "author": entry.author or page.author}
    return entry.model_copy(update={**kept, "text": page.text, "language": entry.language or page.language})


def _may_pass(error: FetchFailed) -> bool:
    """Whether another time may go better: not where the site refuses, or has no such page."""
    if isinstance(error, BadStatus):
        return error.status >= 500 or error.status == 429
    return not isinstance(error, (NotAllowed, TooLarge))

"""What to make of bytes: one task in, one reading out, whichever reader it takes. Runs inside the child of cage.py."""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict

from crawlers.dates import zone_of
from crawlers.entry import Entry
from crawlers.sources import JsonPaths, Selectors, Source

Reader = Literal[
    "feed",
    "listing",
    "sitemap",
    "json",
    "hf-org",
    "modelscope-org",
    "hacker-news",
    "page",
    "any",
    "feed-links",
    "shape",
]

OF_KIND: dict[str, Reader] = {
    "rss": "feed",
    "atom": "feed",
    "json-feed": "feed",
    "github-releases": "feed",
    "arxiv": "feed",
    "listing": "listing",
    "sitemap": "sitemap",
    "json-api": "json",
    "hf-org": "hf-org",
    "modelscope-org": "modelscope-org",
    "hacker-news": "hacker-news",
}
"""The reader of each kind of source."""


class Task(BaseModel):
    """What to read bytes as. `any` takes a feed, and where it is none, an article page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reader: Reader
    url: str = ""
    content_type: str = ""
    selectors: Selectors | None = None
    paths: JsonPaths | None = None
    include: str = ""
    timezone: str = ""
    now: AwareDatetime | None = None
    """For dates such as `3 hours ago`."""


class Reading(BaseModel):
    """The entries in some bytes, or what they are instead (`thing`) in plain words (`error`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries: tuple[Entry, ...] = ()
    thing: str = ""
    error: str | None = None
    ttl_minutes: int | None = None
    hub: str | None = None
    topic: str | None = None
    """What a feed says of itself: how long to leave it alone, its WebSub hub, and the address that the hub knows."""
    name: str = ""
    """What a feed calls itself."""
    selectors: Selectors | None = None
    """Where a listing page keeps its articles, as its shape tells: a proposal."""
    cut: bool = False
    """Whether a feed ends in the middle."""


class Reads(Protocol):
    """What a crawl needs of a cage."""

    async def read(self, task: Task, body: bytes) -> Reading:
        """The reading of some bytes."""


def task_for(source: Source, url: str, content_type: str, now: AwareDatetime) -> Task:
    """How a source's answer is to be read."""
    return Task(
        reader=OF_KIND[source.kind],
        url=url,
        content_type=content_type,
        selectors=source.selectors,
        paths=source.paths,
        include=source.include,
        timezone=source.timezone,
        now=now,
    )


def warm(reader: Reader) -> None:
    """Imports what a reader needs: the extractor alone takes half a second, which no page is to blame for."""
    if reader in ("page", "any"):
        import crawlers.page  # noqa: F401  # for later


def read(task: Task, body: bytes) -> Reading:
    """The reading of a body; what is no feed or page is an error in words, not an exception."""
    from crawlers.feeds import NotAFeed

    try:
        if task.reader == "feed":
            return _feed(task, body)
        if task.reader == "shape":
            return _shape(task, body)
        return Reading(entries=tuple(_entries(task, body)))
    except NotAFeed as error:
        return Reading(thing=error.thing, error=error.reason)


def _feed(task: Task, body: bytes) -> Reading:
    from crawlers.feeds import read_whole

    feed = read_whole(body, task.url, {"content-type": task.content_type}, zone_of(task.timezone))
    said = {"ttl_minutes": feed.ttl_minutes, "hub": feed.hub, "topic": feed.topic, "name": feed.name, "cut": feed.cut}
    return Reading.model_validate({"entries": tuple(feed.entries), **said})


def _shape(task: Task, body: bytes) -> Reading:
    from crawlers.spiders.shape import propose

    zone = zone_of(task.timezone)
    selectors, entries = propose(body, task.url, task.content_type, task.include, zone, task.now)
    return Reading(entries=tuple(entries), selectors=selectors)


def _entries(task: Task, body: bytes) -> list[Entry]:
    zone = zone_of(task.timezone)
    headers = {"content-type": task.content_type}
    match task.reader:
        case "listing":
            from crawlers.spiders.listing import read_listing

            return read_listing(body, task.url, task.content_type, task.selectors, task.include, zone, task.now)
        case "sitemap":
            from crawlers.spiders.sitemap import read_sitemap

            return read_sitemap(body, task.content_type, task.include, zone)
        case "json":
            from crawlers.hubs import read_json

            return read_json(body, task.paths or JsonPaths(), zone)
        case "page":
            from crawlers.page import read_page

            return [read_page(body, task.url, headers, zone)]
        case "any":
            return _anything(task, body)
        case "feed-links":
            from crawlers.discover import feed_links

            return feed_links(body, task.url, task.content_type)
        case _:
            from crawlers.hubs import READERS

            return READERS[task.reader](body)


def _anything(task: Task, body: bytes) -> list[Entry]:
    from crawlers.feeds import NotAFeed, read_feed
    from crawlers.page import is_article, read_page

    headers = {"content-type": task.content_type}
    try:
        return read_feed(body, task.url, headers, zone_of(task.timezone))
    except NotAFeed as error:
        if error.thing != "html":
            raise
        page = read_page(body, task.url, headers, zone_of(task.timezone))
        if not is_article(page):
            raise
        return [page]

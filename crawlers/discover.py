"""From a page's address to a source: its feed if it has one, else its list of articles; with a preview to say yes to."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from parsel import Selector
from pydantic import BaseModel, ConfigDict

from crawlers.addresses import joined, split
from crawlers.answer import Fetched, FetchFailed, Gets
from crawlers.charset import to_text
from crawlers.entry import Entry
from crawlers.reading import Reader, Reading, Task
from crawlers.sources import Kind, Source

TRIES = 10
"""Addresses asked for one discovery."""
FEWEST = 3
"""Articles that make a list."""
_FEED_TYPES = re.compile(r"(?:application|text)/(?:rss|atom|rdf|feed)?\+?(?:xml|json)", re.I)
_FEED_LIKE = re.compile(r"(?:^|[/._-])(?:rss|feed|feeds|atom)(?:[/._-]|$)|\.(?:rss|atom|rdf)$|/index\.xml$", re.I)
_USUAL = ("/feed", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/rss", "/feed.json")


class NothingFound(Exception):
    """Neither a feed nor a list of articles could be found."""

    def __init__(self, url: str, tried: list[str], what: str) -> None:
        self.url, self.tried = url, tuple(tried)
        super().__init__(f"no feed and no list of articles at {url}: {what}; tried {', '.join(tried)}")


class Proposal(BaseModel):
    """A source as it could be saved, and what it would collect today."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    entries: tuple[Entry, ...]


class Reads(Protocol):
    """What a discovery needs of a cage."""

    async def read(self, task: Task, body: bytes) -> Reading:
        """The reading of some bytes."""


async def discover(url: str, fetcher: Gets, cage: Reads, now: datetime, *, tier: int = 3) -> Proposal:
    """The best source behind an address. Raises NothingFound, or FetchFailed where the address itself fails."""
    page = await fetcher.get(url)
    direct = await _as_feed(page, cage, now)
    if direct.entries:
        return _proposal(page, direct, _kind(page), tier)
    links = await cage.read(_task("feed-links", page, now), page.body)
    tried = [page.final_url]
    for candidate in [entry.url or "" for entry in links.entries][: TRIES - 1]:
        tried.append(candidate)
        try:
            fetched = await fetcher.get(candidate)
        except FetchFailed:
            continue
        reading = await _as_feed(fetched, cage, now)
        if reading.entries:
            return _proposal(fetched, reading, _kind(fetched), tier)
    listing = await cage.read(_task("shape", page, now), page.body)
    if len(listing.entries) >= FEWEST:
        return _proposal(page, listing, "listing", tier)
    raise NothingFound(url, tried, direct.error or "the feed there is empty")


async def propose_selectors(source: Source, fetcher: Gets, cage: Reads, now: datetime) -> Reading:
    """What a listing page's shape tells of a source: its selectors, and what they would bring. Raises FetchFailed."""
    page = await fetcher.get(source.url, source_id=source.id)
    task = _task("shape", page, now).model_copy(update={"include": source.include, "timezone": source.timezone})
    return await cage.read(task, page.body)


def feed_links(body: bytes, url: str, content_type: str = "") -> list[Entry]:
    """The addresses on and near a page that may be its feed, likeliest first; titles say where each was found."""
    page = Selector(text=to_text(body, content_type).text or "<html></html>", type="html")
    base = joined(url, page.css("base::attr(href)").get() or "") or url
    found: dict[str, str] = {}
    for link in page.css("link[rel~=alternate][href]"):
        if _FEED_TYPES.fullmatch(link.attrib.get("type", "").split(";")[0].strip()):
            found.setdefault(joined(base, link.attrib["href"]), "declared")
    for anchor in page.css("a[href]"):
        if _FEED_LIKE.search(split(anchor.attrib["href"]).path):
            found.setdefault(joined(base, anchor.attrib["href"]), "linked")
    folder = url.split("?")[0].rstrip("/")
    for usual in _USUAL:
        found.setdefault(folder + usual, "usual place")
        found.setdefault(joined(url, usual), "usual place")
    comments = [address for address in found if "comment" in address]
    ordered = [address for address in found if address not in comments] + comments
    return [Entry(url=a, title=found[a]) for a in ordered if a and a != url]


async def _as_feed(fetched: Fetched, cage: Reads, now: datetime) -> Reading:
    return await cage.read(_task("feed", fetched, now), fetched.body)


def _task(reader: Reader, fetched: Fetched, now: datetime) -> Task:
    content_type = fetched.headers.get("content-type", "")
    return Task(reader=reader, url=fetched.final_url, content_type=content_type, now=now)


def _kind(fetched: Fetched) -> Kind:
    if fetched.body.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return "json-feed"
    return "atom" if b"<feed" in fetched.body[:2000] else "rss"


def _proposal(fetched: Fetched, reading: Reading, kind: Kind, tier: int) -> Proposal:
    source = Source.model_validate(
        {
            "id": slug(fetched.final_url),
            "name": reading.name or urlsplit(fetched.final_url).hostname or fetched.final_url,
            "url": fetched.final_url,
            "kind": kind,
            "tier": tier,
            "language": _language(reading.entries),
            "verification": "fetched",
            "selectors": reading.selectors,
        }
    )
    return Proposal(source=source, entries=reading.entries)


def _language(entries: tuple[Entry, ...]) -> str:
    """Chinese where the titles are, else what the feed says, else English."""
    titles = "".join(entry.title for entry in entries)
    if len(re.findall(r"[\u4e00-\u9fff]", titles)) > 0.2 * len(titles):
        return "zh"
    return next((entry.language for entry in entries if entry.language), None) or "en"


def slug(url: str) -> str:
    """An id for an address: `example.org/blog/feed.xml` is `example-org-blog`."""
    parts = split(url)
    words = re.findall(r"[a-z0-9]+", f"{parts.hostname or ''} {parts.path}".lower())
    kept = [word for word in words if word not in {"www", "feed", "feeds", "rss", "xml", "atom", "index", "json"}]
    return "-".join(kept)[:60].strip("-") or "source"

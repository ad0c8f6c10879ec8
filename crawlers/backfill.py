"""After a gap: what a source wrote between two visits and no longer shows, looked for in its archive pages or sitemaps."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from crawlers.addresses import joined, split
from crawlers.answer import FetchFailed, Gets
from crawlers.entry import Entry
from crawlers.identity import sort_out
from crawlers.limits import ROBOTS
from crawlers.manners import parse_robots
from crawlers.reading import Reads
from crawlers.sources import Source

SITEMAPS = 3
"""Of those that a site's robots.txt names."""
PAGES = 12
"""Archive pages or sitemaps read to fill one gap."""
SLACK = timedelta(hours=1)
"""A page's `lastmod` may be a little before the feed showed it."""
_SITEMAP_KINDS = frozenset({"listing", "sitemap"})


async def missed(
    source: Source,
    shown: Sequence[Entry],
    seen: dict[str, str],
    since: datetime,
    fetcher: Gets,
    cage: Reads,
    now: datetime,
) -> list[Entry]:
    """Entries of a source's own archive, changed or published from `since` on, that none of its answers showed.

    `shown` are the entries of the answer behind the gap, `seen` the marks of all that were seen. For a feed, sitemaps of its
    articles' site are read, and only addresses shaped as those of its articles are kept. An archive that cannot be read
    gives nothing.
    """
    from crawlers.spiders.site import walk  # Scrapy alone takes half a second

    found: list[Entry] = []
    shapes = {_shape(entry.url or "") for entry in shown}
    for archive in await _archives(source, shown, fetcher):
        found += await walk(archive, fetcher, cage, now, PAGES)
    within = [entry for entry in found if _is_within(entry, since - SLACK, now, undated=source.kind == "listing")]
    alike = [entry for entry in within if source.kind in _SITEMAP_KINDS or _shape(entry.url or "") in shapes]
    return sort_out(alike, seen)[0]


async def _archives(source: Source, shown: Sequence[Entry], fetcher: Gets) -> list[Source]:
    """Where a source's past may stand: itself for a listing or a sitemap, else the sitemaps of its articles' site."""
    if source.kind in _SITEMAP_KINDS:
        return [source]
    first = next((entry.url for entry in shown if entry.url), None)
    if first is None:
        return []
    try:
        fetched = await fetcher.get(joined(first, "/robots.txt"), source_id=source.id, limits=ROBOTS)
    except FetchFailed:
        return []
    named = [address for address in parse_robots(fetched.body).sitemaps if address.startswith(("http://", "https://"))]
    fresh = {"kind": "sitemap", "selectors": None, "paths": None, "form": None, "include": ""}
    return [source.model_copy(update={"url": address, **fresh}) for address in _likeliest(named)]


def _likeliest(sitemaps: Sequence[str]) -> list[str]:
    """A few sitemaps, those of news and posts before others."""
    return sorted(sitemaps, key=lambda address: not re.search(r"news|post|article|blog", address))[:SITEMAPS]


def _is_within(entry: Entry, since: datetime, until: datetime, *, undated: bool) -> bool:
    at = entry.published_at or entry.updated_at
    return undated if at is None else since <= at <= until


def _shape(url: str) -> str:
    """An address's host and folder, numbers made equal: what a site's articles share."""
    parts = split(url)
    return f"{parts.hostname}{re.sub('[0-9]+', '0', posixpath.dirname(parts.path))}"

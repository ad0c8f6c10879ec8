"""A walk through a site's listing pages or sitemaps with Scrapy: for archives, and to fill a gap. Guarded like all else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import scrapy
from parsel import Selector
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http import Request, Response

from crawlers.addresses import joined
from crawlers.answer import BadStatus, FetchFailed, Gets
from crawlers.charset import to_text
from crawlers.entry import Entry
from crawlers.reading import Reads, task_for
from crawlers.sources import Source

PAGES = 50
"""Listing pages or sitemaps of one walk."""


async def walk(source: Source, fetcher: Gets, cage: Reads, now: datetime, pages: int = PAGES) -> list[Entry]:
    """The entries of a source's listing pages (by its `next` selector) or of every sitemap of its index, each URL once.

    Scrapy keeps the order of requests and forgets none; every request goes through our fetcher, so that guard, caps,
    robots.txt and delays hold. Runs in the caller's event loop; no Twisted reactor is started or imported.
    """
    found: dict[str, Entry] = {}
    runner = AsyncCrawlerRunner(_SETTINGS)
    await runner.crawl(SiteSpider, source=source, fetcher=fetcher, cage=cage, now=now, pages=pages, found=found)
    return list(found.values())


class SiteSpider(scrapy.Spider):
    """Reads one page after another of a listing or a sitemap."""

    name = "site"

    def __init__(
        self, *, source: Source, fetcher: Gets, cage: Reads, now: datetime, pages: int, found: dict[str, Entry]
    ) -> None:
        super().__init__()
        self.source, self.fetcher, self.cage, self.now, self.found = source, fetcher, cage, now, found
        self.left = pages

    async def start(self) -> AsyncIterator[Request]:
        """The first page."""
        for request in self._ask(self.source.url):
            yield request

    async def parse(self, response: Response, **_: Any) -> AsyncIterator[Request]:
        """The page's entries kept, and the pages that follow it."""
        content_type = (response.headers.get("content-type") or b"").decode("latin-1")
        reading = await self.cage.read(task_for(self.source, response.url, content_type, self.now), response.body)
        for entry in reading.entries:
            if "sitemap" in entry.extra:
                for request in self._ask(entry.url or ""):
                    yield request
            else:
                self.found.setdefault(entry.url or entry.guid or entry.title, entry)
        if reading.entries:
            for request in self._ask(_next(self.source, response, content_type)):
                yield request

    def _ask(self, url: str) -> list[Request]:
        """A request, as long as the walk may go on."""
        if not url or self.left <= 0:
            return []
        self.left -= 1
        return [Request(url)]


class GuardedHandler(BaseDownloadHandler):
    """Downloads through the spider's own fetcher."""

    async def download_request(self, request: Request) -> Response:
        """The answer at a request's URL; a failed fetch is an empty answer with its status, or 599."""
        spider = self.crawler.spider
        assert isinstance(spider, SiteSpider)
        try:
            fetched = await spider.fetcher.get(request.url, source_id=spider.source.id)
        except BadStatus as error:
            return Response(request.url, status=error.status, request=request)
        except FetchFailed:
            return Response(request.url, status=599, request=request)
        headers = {"content-type": fetched.headers.get("content-type", "")}
        return Response(fetched.final_url, status=200, headers=headers, body=fetched.body, request=request)


def _next(source: Source, response: Response, content_type: str) -> str:
    """The address of the page after a listing page, where its source says how to find it."""
    if source.kind != "listing" or source.selectors is None or not source.selectors.next:
        return ""
    page = Selector(text=to_text(response.body, content_type).text, type="html")
    link = page.css(source.selectors.next)
    return joined(response.url, link.attrib["href"]) if link and "href" in link.attrib else ""


_SETTINGS: dict[str, Any] = {
    "TWISTED_REACTOR_ENABLED": False,
    "DOWNLOAD_HANDLERS": {
        "http": GuardedHandler,
        "https": GuardedHandler,
        "data": None,
        "file": None,
        "ftp": None,
        "s3": None,
    },
    "CONCURRENT_REQUESTS": 4,
    "COOKIES_ENABLED": False,
    "HTTPPROXY_ENABLED": False,
    "LOG_ENABLED": False,
    "REDIRECT_ENABLED": False,  # the fetcher follows, through the guard
    "RETRY_ENABLED": False,  # the next visit asks again
    "ROBOTSTXT_OBEY": False,  # the fetcher asks, once for all ways to a site
    "TELNETCONSOLE_ENABLED": False,
}

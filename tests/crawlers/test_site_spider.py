"""A walk through a site with Scrapy, without a reactor and behind the guard."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

from crawlers.cage import Cage
from crawlers.entry import Entry
from crawlers.fetch import Fetcher
from crawlers.sources import Source
from crawlers.spiders.site import walk
from tests.crawlers.conftest import with_fetcher
from tests.site.misdeeds import PAGES
from tests.site.server import Answer, Asked, Misdeed, Site

NOW = datetime(2024, 3, 20, tzinfo=UTC)


async def archive(asked: Asked, answer: Answer) -> None:
    """`/archive?3` has ten items and a link to `/archive?4`; the seventh is the last."""
    number = int(asked.path.partition("?")[2] or 1)
    rows = "".join(f"<p><a href=/item/{number}-{n}>Headline {number}-{n} of the archive</a></p>" for n in range(10))
    follow = f'<a class=next href="/archive?{number + 1}">more</a>' if number < 7 else ""
    await answer.send(rows + follow)


async def sitemaps(asked: Asked, answer: Answer) -> None:
    base = f"http://127.0.0.1:{asked.port}"
    rows = "".join(f"<sitemap><loc>{base}/map?{n}</loc></sitemap>" for n in range(3))
    await answer.send(f"<sitemapindex>{rows}<sitemap><loc>http://10.0.0.1/x.xml</loc></sitemap></sitemapindex>")


async def one_map(asked: Asked, answer: Answer) -> None:
    number = asked.path.partition("?")[2]
    rows = "".join(f"<url><loc>https://e.org/news/{number}-{n}</loc></url>" for n in range(5))
    await answer.send(f"<urlset>{rows}</urlset>")


WALKS: dict[str, Misdeed] = {**PAGES, "/archive": archive, "/sitemap.xml": sitemaps, "/map": one_map}


def walked(site: Site, cage: Cage, path: str, pages: int = 50, **fields: object) -> list[Entry]:
    source = Source.model_validate(
        {"id": "a", "name": "A", "url": site.base + path, "tier": 1, "language": "en", **fields}
    )

    async def work(fetcher: Fetcher) -> list[Entry]:
        return await walk(source, fetcher, cage, NOW, pages)

    return with_fetcher(site, work)


def test_a_listing_is_walked_to_its_last_page(cage: Cage) -> None:
    with Site(WALKS) as site:
        entries = walked(site, cage, "/archive", kind="listing", selectors={"item": "p", "next": "a.next"})
    assert len(entries) == 70
    assert entries[0].title == "Headline 1-0 of the archive"


def test_a_walk_has_an_end(cage: Cage) -> None:
    with Site(WALKS) as site:
        entries = walked(site, cage, "/archive", 3, kind="listing", selectors={"item": "p", "next": "a.next"})
        assert len(entries) == 30
        assert len([path for path in site.paths() if path.startswith("/archive")]) == 3


def test_every_sitemap_of_an_index_is_read_and_a_private_address_is_not(cage: Cage) -> None:
    with Site(WALKS) as site:
        entries = walked(site, cage, "/sitemap.xml", kind="sitemap", include="/news/")
    assert len(entries) == 15


def test_a_site_that_fails_gives_nothing(site: Site, cage: Cage) -> None:
    for path in ("/broken", "/hang-up", "/gzip-bomb", "/loop"):
        assert walked(site, cage, path, kind="listing", selectors={"item": "p"}) == []


def test_two_walks_fit_in_one_process(cage: Cage) -> None:
    with Site(WALKS) as site:
        for _ in range(2):
            assert len(walked(site, cage, "/archive?7", kind="listing", selectors={"item": "p"})) == 10


def test_nothing_imports_the_reactor() -> None:
    """Scrapy refuses to run without one once anything has imported it."""
    modules = "crawlers.spiders.site, crawlers.crawl, crawlers.reading, crawlers.page, crawlers.feeds, crawlers.hubs"
    code = f"import sys, {modules}; sys.exit('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

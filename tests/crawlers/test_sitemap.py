"""Sitemaps to entries."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from crawlers.feeds import NotAFeed
from crawlers.spiders.sitemap import read_sitemap

PLAIN = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://e.org/news/old-model</loc><lastmod>2024-03-01</lastmod></url>
<url><loc> https://e.org/news/new_model-2.html </loc><lastmod>2024-03-18T10:00:00+08:00</lastmod></url>
<url><loc>https://e.org/jobs/1</loc></url><url><loc>nonsense</loc></url></urlset>"""
NEWS = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://e.org/n/1</loc><news:news><news:publication><news:name>E</news:name><news:language>zh-cn</news:language>
</news:publication><news:publication_date>2024-03-18T10:00:00Z</news:publication_date><news:title>新模型</news:title></news:news>
</url></urlset>"""


def test_pages_come_newest_first_and_a_change_is_not_a_publication() -> None:
    first, second = read_sitemap(PLAIN.encode(), include="/news/")
    assert (first.url, first.title) == ("https://e.org/news/new_model-2.html", "new model 2")
    assert first.updated_at == datetime(2024, 3, 18, 2, tzinfo=UTC)
    assert first.published_at is None
    assert second.url == "https://e.org/news/old-model"


def test_a_news_sitemap_says_title_language_and_time() -> None:
    entry = read_sitemap(NEWS.encode())[0]
    assert (entry.title, entry.language) == ("新模型", "zh")
    assert entry.published_at == datetime(2024, 3, 18, 10, tzinfo=UTC)


def test_an_index_names_further_sitemaps() -> None:
    index = "<sitemapindex><sitemap><loc>https://e.org/s1.xml</loc></sitemap></sitemapindex>"
    entry = read_sitemap(index.encode(), include="/news/")[0]
    assert (entry.url, entry.extra) == ("https://e.org/s1.xml", {"sitemap": "index"})


def test_a_sitemap_cut_off_keeps_its_whole_rows() -> None:
    assert len(read_sitemap(PLAIN[: PLAIN.index("https://e.org/jobs")].encode())) == 2


@pytest.mark.parametrize("body", [b"", b"<html><body>x</body></html>", b"{}", b"<rss/>", gzip.compress(b"x", mtime=0)])
def test_what_is_no_sitemap_says_so(body: bytes) -> None:
    with pytest.raises(NotAFeed):
        read_sitemap(body)

"""From a page's address to a source."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawlers.answer import FetchFailed
from crawlers.cage import Cage
from crawlers.discover import NothingFound, Proposal, discover, feed_links, slug
from crawlers.fetch import Fetcher
from tests.crawlers.conftest import with_fetcher
from tests.site.misdeeds import GOOD, PAGES, XML
from tests.site.server import Answer, Asked, Misdeed, Site

NOW = datetime(2024, 3, 20, tzinfo=UTC)
ROWS = "".join(f"<p><a href=/posts/{n}>A headline with many words {n}</a></p>" for n in range(5))


def page(text: str) -> Misdeed:
    async def show(_: Asked, answer: Answer) -> None:
        await answer.send(text, kind=XML if text.startswith("<?xml") else "text/html")

    return show


def found(cage: Cage, path: str, **pages: str) -> tuple[Proposal, Site]:
    site = Site({**PAGES, **{name.replace("__", "/"): page(text) for name, text in pages.items()}})

    async def work(fetcher: Fetcher) -> Proposal:
        return await discover(site.base + path, fetcher, cage, NOW)

    with site:
        return with_fetcher(site, work), site


def test_a_feed_is_itself(cage: Cage) -> None:
    proposal, site = found(cage, "/good")
    assert proposal.source.url == f"{site.base}/good"
    assert (proposal.source.kind, proposal.source.name) == ("rss", "News")
    assert proposal.source.verification == "fetched"
    assert [entry.title for entry in proposal.entries][:1] == ["First model released"]


def test_a_declared_feed_is_taken_before_others(cage: Cage) -> None:
    head = (
        '<link rel=alternate type="application/rss+xml" href="/comments/feed">'
        '<link rel="alternate" type="application/atom+xml" href="/good">'
    )
    proposal, site = found(cage, "/blog", __blog=f"<html><head>{head}</head><body>{ROWS}</body></html>")
    assert proposal.source.url == f"{site.base}/good"


def test_a_feed_in_its_usual_place_is_found(cage: Cage) -> None:
    proposal, _ = found(cage, "/blog", __blog="<html><body>Hello</body></html>", **{"/rss.xml": GOOD})
    assert proposal.source.url.endswith("/rss.xml")


def test_a_declared_feed_that_is_none_is_passed_over(cage: Cage) -> None:
    head = '<link rel=alternate type="application/rss+xml" href="/html-error">'
    proposal, _ = found(cage, "/blog", __blog=f"<html><head>{head}</head><body>{ROWS}</body></html>")
    assert proposal.source.kind == "listing"
    assert len(proposal.entries) == 5


def test_nothing_is_said_with_what_was_tried(cage: Cage) -> None:
    with pytest.raises(NothingFound, match="no feed and no list") as error:
        found(cage, "/blog", __blog="<html><body>Hello</body></html>")
    assert len(error.value.tried) <= 10


def test_a_page_that_checks_for_robots_is_said_to_be_one(cage: Cage) -> None:
    with pytest.raises(NothingFound, match="checks for robots stands before it; tried"):
        found(cage, "/challenge")


def test_an_address_that_fails_fails(cage: Cage) -> None:
    with pytest.raises(FetchFailed):
        found(cage, "/gone")


def test_links_that_look_like_feeds_are_candidates() -> None:
    body = '<a href="/blog/rss">RSS</a><a href="/feedback">Feedback</a><a href="javascript:feed">x</a>'
    urls = [entry.url for entry in feed_links(body.encode(), "https://e.org/blog")]
    assert urls[0] == "https://e.org/blog/rss"
    assert "https://e.org/feedback" not in urls


def test_an_id_is_made_of_the_address() -> None:
    assert slug("https://www.example.org/blog/feed.xml") == "example-org-blog"
    assert slug("https://例子.中国/feed") == "source"

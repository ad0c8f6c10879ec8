"""Whatever bytes, addresses and dates the world sends, a reader answers or says what it got."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crawlers.charset import to_text
from crawlers.dates import read_date
from crawlers.decode import BadCoding, Overflow, Unpacker
from crawlers.discover import feed_links, slug
from crawlers.entry import Entry
from crawlers.feeds import NotAFeed, read_feed
from crawlers.guard import Guard, Refused
from crawlers.identity import canonical, remember, sort_out
from crawlers.manners import parse_robots, retry_after
from crawlers.opml import NotOpml, from_opml
from crawlers.page import read_page
from crawlers.sources import Selectors
from crawlers.spiders.listing import read_listing
from crawlers.spiders.sitemap import read_sitemap
from tests.site.misdeeds import CHINESE, GOOD

NOW = datetime(2024, 3, 20, tzinfo=UTC)
quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
ADDRESSES = [
    "http://[bad",
    "http://e.org:99999/",
    "http://\x00/",
    "//",
    "http://[::1",
    "http://e.org/%zz",
    "http://é.org/ü",
    "x" * 9_000,
]
address = st.one_of(st.text(max_size=60), st.sampled_from(ADDRESSES))
FRAGMENTS = [
    b"<rss>", b"<item>", b"</item>", b"<![CDATA[", b"]]>", b"&", b"&#x110000;", b"<!DOCTYPE r [", b"<!ENTITY a 'b'>", b"]>",
    b"<link>http://[bad</link>", b"<pubDate>0</pubDate>", b"<title>", b"\xff", b"\x00", b"<a:b c='", b"<feed xmlns='", b"{", b"\"",
    b"<a href='http://[x'>A headline with words</a>", b"<base href='http://[x'>", b"<time datetime='99999999999999999'>",
    b"<loc>http://[bad</loc>", b"<urlset>", b"<opml>", b"<outline xmlUrl='http://[bad'/>", b"<meta charset=utf-16>",
    b"<link rel=canonical href='http://[bad'>", b"<link rel=alternate type=application/rss+xml href='http://[bad'>",
]  # fmt: skip
soup = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=12)), max_size=30).map(b"".join)
damaged = st.tuples(
    st.sampled_from([GOOD.encode(), CHINESE.encode("gbk")]), st.integers(0, 1200), st.binary(max_size=8)
).map(lambda t: t[0][: t[1]] + t[2] + t[0][t[1] + len(t[2]) :])


@quick
@given(st.one_of(soup, damaged, st.binary(max_size=200)))
def test_readers_answer_or_say_what_they_got(body: bytes) -> None:
    for read in (
        lambda: read_feed(body, "http://e.org/"),
        lambda: read_listing(body, "http://e.org/"),
        lambda: read_listing(body, "http://e.org/", selectors=Selectors(item="*", date="*")),
        lambda: read_sitemap(body),
        lambda: from_opml(body),
    ):
        try:
            read()
        except (NotAFeed, NotOpml) as error:
            assert str(error)  # noqa: PT017  # either outcome is right
    feed_links(body, "http://e.org/")
    parse_robots(body)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(soup)
def test_pages_answer_or_say_what_they_got(body: bytes) -> None:
    try:
        read_page(body, "http://e.org/")
    except NotAFeed as error:
        assert str(error)  # noqa: PT017  # either outcome is right


@quick
@given(damaged)
def test_a_damaged_feed_never_has_more_items_than_were_written(body: bytes) -> None:
    with contextlib.suppress(NotAFeed):
        assert len(read_feed(body)) <= 4


@quick
@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_have_a_text(body: bytes, label: str) -> None:
    assert isinstance(to_text(body, f"text/html; charset={label}").text, str)


@quick
@given(st.text(max_size=80))
@example("0000-00-00")
@example("99999999999")
@example("9999-12-31T23:59:60-23:59")
@example("Mon, 31 Dec 9999 24:00:00 -1200")
@example("0001-01-01T00:00:00+14:00")
@example("2024-03-18T10:00:00+99:99")
@example("２０２４年③月")
def test_any_text_is_a_date_or_unknown(text: str) -> None:
    moment, precision = read_date(text, now=NOW)
    assert (moment is None) == (precision == "unknown")
    retry_after(text, NOW)


@quick
@given(address, address)
def test_any_address_has_a_canonical_form_and_an_id(one: str, other: str) -> None:
    assert isinstance(canonical(one), str)
    assert slug(one)
    entries = [Entry(guid=one, url=other, title=one), Entry(guid=other, url=one, summary=other)]
    assert sort_out(entries, remember(entries, {})) == ([], [])


@quick
@given(address)
def test_the_guard_takes_an_address_or_refuses_it(url: str) -> None:
    try:
        Guard().check(url)
    except Refused as error:
        assert "refused" in str(error)  # noqa: PT017  # either outcome is right


@quick
@given(
    st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br", "x", "", ",,,", "a,b,c,d"])
)
def test_any_packing_is_undone_or_refused(body: bytes, coding: str) -> None:
    with contextlib.suppress(BadCoding, Overflow):
        unpacker = Unpacker(coding, 10_000)
        assert sum(map(len, [*unpacker.feed(body[:7]), *unpacker.feed(body[7:]), *unpacker.rest()])) <= 10_000


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_entry_with_a_bad_address_does_not_spoil_the_feed(url: str) -> None:
    safe = url.replace("\x00", "")
    entries = read_feed(GOOD.replace("http://example.org/1<", f"{safe}<").encode(), "http://e.org/")
    assert len(entries) == 3

"""Feeds to entries: dialects, damage, dates, and what is no feed at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawlers.entry import Entry
from crawlers.feeds import NotAFeed, read_feed, read_whole
from tests.site.misdeeds import CHINESE, GOOD, rss

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN"><title>博客</title>
<link rel="self" href="http://example.org/feed"/><id>urn:feed</id><updated>2024-03-20T00:00:00Z</updated>
<entry><id>urn:1</id><title type="html">Kimi &lt;b&gt;200万字&lt;/b&gt; &amp;amp; more</title>
<link rel="alternate" href="/posts/1"/><published>2024-03-18T10:30:00+08:00</published>
<updated>2024-03-19T00:00:00Z</updated><author><name>月之暗面</name></author>
<content type="html">&lt;p&gt;Long text&lt;/p&gt;</content><summary>Short</summary></entry></feed>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://e.org/"><title>t</title>
</channel><item rdf:about="http://e.org/1"><title>First</title><link>http://e.org/1</link><dc:date>2024-03-18</dc:date>
<dc:creator>Ann</dc:creator></item><item rdf:about="http://e.org/2"><title>Second</title><link>http://e.org/2</link></item></rdf:RDF>"""
JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "News",
    "home_page_url": "https://e.org/",
    "language": "zh-CN",
    "authors": [{"name": "Ann"}],
    "items": [
        {"id": 7, "url": "/a", "title": "A &amp; B", "content_text": "1 < 2", "tags": ["llm"],
         "date_published": "2024-03-18T10:30:00+08:00"},
        {"id": "8", "content_html": "<p>x</p>"},
        "junk",
    ],
}  # fmt: skip


def titles(entries: list[Entry]) -> list[str]:
    return [entry.title for entry in entries]


def refused(body: bytes | str) -> NotAFeed:
    with pytest.raises(NotAFeed) as error:
        read_feed(body.encode() if isinstance(body, str) else body)
    return error.value


# ---- dialects -------------------------------------------------------------------------------------------------------


def test_rss_gives_its_items_with_guid_link_text_and_time() -> None:
    first = read_feed(GOOD.encode())[0]
    assert first.title == "First model released"
    assert first.guid == "item-0000"
    assert first.url == "http://example.org/0"
    assert first.summary.startswith("The text of First model")
    assert (first.published_at, first.published_precision) == (datetime(2024, 3, 18, tzinfo=UTC), "time")


def test_atom_gives_its_fullest_text_its_own_address_and_both_dates() -> None:
    entry = read_feed(ATOM.encode(), "http://example.org/feed")[0]
    assert entry.title == "Kimi 200万字 & more"
    assert entry.url == "http://example.org/posts/1"
    assert entry.summary == "<p>Long text</p>"
    assert entry.author == "月之暗面"
    assert entry.language == "zh"
    assert entry.published_at == datetime(2024, 3, 18, 2, 30, tzinfo=UTC)
    assert entry.updated_at == datetime(2024, 3, 19, tzinfo=UTC)


def test_rdf_items_stand_beside_their_channel() -> None:
    first, second = read_feed(RDF.encode())
    assert (first.title, first.author, first.published_precision) == ("First", "Ann", "day")
    assert second.published_at is None
    assert second.published_precision == "unknown"


def test_json_feed_is_read_with_what_it_leaves_out() -> None:
    first, second = read_feed(json.dumps(JSON_FEED).encode(), "https://e.org/feed.json")
    assert (first.guid, first.url, first.title) == ("7", "https://e.org/a", "A & B")
    assert first.summary == "1 &lt; 2"
    assert (first.author, first.language) == ("Ann", "zh")
    assert first.extra == {"categories": "llm"}
    assert second.title == ""
    assert second.published_at is None


@pytest.mark.parametrize("version", ["0.90", "0.91", "0.92", "1.0", "2.0", "9.9"])
def test_any_version_of_rss_will_do(version: str) -> None:
    assert len(read_feed(GOOD.replace('version="2.0"', f'version="{version}"').encode())) == 3


def test_an_empty_feed_is_a_feed() -> None:
    assert read_feed(rss().encode()) == []


def test_a_day_is_a_day_of_the_sources_zone() -> None:
    entry = read_feed(RDF.encode(), zone=ZoneInfo("Asia/Shanghai"))[0]
    assert entry.published_at == datetime(2024, 3, 17, 16, tzinfo=UTC)


def test_two_thousand_items_are_enough() -> None:
    assert len(read_feed(rss(*(f"Item {n}" for n in range(2_100))).encode())) == 2_000


def test_a_feed_says_how_long_to_leave_it_alone_and_who_tells_of_its_news() -> None:
    links = "<ttl>30</ttl><atom:link rel='hub' href='https://hub.example/'/><atom:link rel='self' href='/feed'/>"
    feed = read_whole(GOOD.replace("<description>-", links + "<description>-").encode(), "http://example.org/x")
    assert (feed.ttl_minutes, feed.hub, feed.topic) == (30, "https://hub.example/", "http://example.org/feed")
    told = JSON_FEED | {"hubs": [{"type": "WebSub", "url": "https://hub.example/"}], "feed_url": "https://e.org/f"}
    assert read_whole(json.dumps(told).encode()).hub == "https://hub.example/"
    assert read_whole(GOOD.encode()).hub is None


# ---- damage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_gbk_called_gb2312_is_read(encoding: str) -> None:
    assert titles(read_feed(CHINESE.encode(encoding)))[0] == "月之暗面发布二百万字长文本模型"


def test_a_header_that_lies_of_utf8_is_not_believed() -> None:
    body = CHINESE.replace("gb2312", "utf-8").encode()
    assert titles(read_feed(body, headers={"content-type": "text/xml; charset=gb2312"}))[1] == "潞晨科技开源视频模型"


@pytest.mark.parametrize(
    ("damage", "first"),
    [
        (lambda text: "\ufeff\n\n  " + text, "First model released"),
        (lambda text: "<br />\n<b>Warning</b>: mysql in x.php on line 3\n" + text, "First model released"),
        (lambda text: text.replace("First", "R&D < First"), "R&D < First model released"),
        (lambda text: text.replace("First", "First\x0b\x00\x1f"), "First model released"),
        (lambda text: text.replace("First", "Caf&eacute;&nbsp;&mdash; First"), "Café — First model released"),
        (lambda text: text.replace("First", "&unknown; First"), "&unknown; First model released"),
        (lambda text: text.replace("First", "&#0;&#x1f;First"), "First model released"),
        (lambda text: text.replace("<guid>", "<media:thumbnail url='x'/><guid>"), "First model released"),
        (lambda text: text.replace("First model released", "<![CDATA[A & B < C &amp; <b>D</b>]]>"), "A & B < C & D"),
        (lambda text: text.replace("</channel></rss>", ""), "First model released"),
        (lambda text: text + "<!-- cached --><script>x</script>", "First model released"),
        (lambda text: text.replace("&", "&amp;").replace("First", "AT&amp;amp;T First"), "AT&T First model released"),
    ],
    ids=["mark", "php-warning", "bare-signs", "controls", "entities", "unknown-entity", "bad-references", "namespace",
         "cdata", "unclosed", "trailing-junk", "escaped-twice"],
)  # fmt: skip
def test_damaged_xml_keeps_every_item(damage: object, first: str) -> None:
    assert callable(damage)
    entries = read_feed(damage(GOOD).encode())
    assert len(entries) == 3
    assert entries[0].title == first


@pytest.mark.parametrize("share", [0.5, 0.6, 0.7, 0.8, 0.9, 0.97])
def test_a_feed_cut_off_keeps_its_whole_items(share: float) -> None:
    text = rss(*(f"Item number {n}" for n in range(20)))
    cut = text[: int(len(text) * share)]
    entries = read_feed(cut.encode())
    assert len(entries) == cut.count("</item>")
    assert all(entry.summary.endswith("from others.") for entry in entries)


def test_a_cut_in_the_middle_of_a_character_is_a_cut() -> None:
    text = rss("第一条新闻很长", "第二条新闻很长").encode()
    assert titles(read_feed(text[: text.index("第二".encode()) + 1])) == ["第一条新闻很长"]


# ---- hostility ------------------------------------------------------------------------------------------------------


def test_entity_bombs_and_foreign_files_go_with_the_doctype() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    text = rss("&l9; &f; Title", extra=bomb)
    entry = read_feed(text.encode())[0]
    assert len(entry.title) < 100
    assert "root:" not in entry.title


def test_a_plain_entity_of_the_document_is_put_in_place() -> None:
    text = rss("Made by &company;", extra='<!DOCTYPE rss [<!ENTITY company "Acme &lt;AI&gt;">]>')
    assert read_feed(text.replace("Acme &lt;AI&gt;", "Acme AI").encode())[0].title == "Made by Acme AI"


def test_markup_in_text_is_kept_for_the_sanitiser_at_output() -> None:
    entry = read_feed(rss("x").replace("The text", "&lt;script&gt;alert(1)&lt;/script&gt;").encode())[0]
    assert "<script>" in entry.summary


# ---- what is no feed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "thing"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "binary"),
        (b"%PDF-1.7 ...", "binary"),
        (b"PK\x03\x04" + bytes(50), "binary"),
        (bytes(range(256)) * 10, "binary"),
        ("<!doctype html><title>502 Bad Gateway</title>", "html"),
        ("<html><head><title>Just a moment...</title></head></html>", "challenge"),
        ("<html><title>安全验证</title><body>请完成安全验证</body></html>", "challenge"),
        ("<?xml version='1.0'?><urlset></urlset>", "xml"),
        ("<?xml version='1.0'?><opml><body/></opml>", "xml"),
        ('{"error": "rate limited"}', "json"),
        ('{"version": "https://jsonfeed.org/version/1", "items": [', "json"),
        ("[1, 2]", "json"),
        ("Not Found", "text"),
        ("<rss><channel><item", "truncated"),
    ],
)
def test_a_thing_that_is_no_feed_says_which_it_is(body: bytes | str, thing: str) -> None:
    error = refused(body)
    assert error.thing == thing
    assert error.reason


def test_an_error_page_is_named_by_its_title() -> None:
    assert "'502 Bad Gateway'" in refused("<html><title>502 Bad Gateway</title>").reason


def test_nested_json_does_not_reach_the_bottom_of_the_stack() -> None:
    assert refused("[" * 100_000).thing == "json"

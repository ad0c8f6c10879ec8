"""Listing pages to entries: by selectors, and by their shape."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawlers.feeds import NotAFeed
from crawlers.sources import Selectors
from crawlers.spiders.listing import read_listing

URL = "https://e.org/news/"
SHANGHAI = ZoneInfo("Asia/Shanghai")
CARDS = """<html><head><meta charset="{charset}"></head><body><nav><a href="/about">About this company</a></nav>
<div class="list"><div class="card"><a class="title" href="/news/1">月之暗面：Kimi 支持 200 万字</a>
<span class="time">发布于 2024年3月18日</span><p class="intro">长文本</p></div>
<div class="card"><a class="title" href="2?utm=1">第二条新闻标题在这里</a><span class="time">昨天</span></div>
<div class="card"><a class="title" href="javascript:void(0)">坏链接</a></div>
<div class="card"><p>没有链接</p></div>
<div class="card"><a class="title" href="/news/1">重复的链接</a></div></div>
<footer><a href="/legal">Legal notice and imprint</a></footer></body></html>"""
SELECTORS = Selectors(item=".card", link="a.title", date=".time", summary=".intro")


def test_selectors_pick_link_title_date_and_summary() -> None:
    now = datetime(2024, 3, 20, 12, tzinfo=UTC)
    first, second = read_listing(CARDS.encode(), URL, selectors=SELECTORS, zone=SHANGHAI, now=now)
    assert first.url == "https://e.org/news/1"
    assert first.title == "月之暗面：Kimi 支持 200 万字"
    assert first.summary == "长文本"
    assert (first.published_at, first.published_precision) == (datetime(2024, 3, 17, 16, tzinfo=UTC), "day")
    assert second.url == "https://e.org/news/2?utm=1"
    assert second.published_at == datetime(2024, 3, 18, 16, tzinfo=UTC)


def test_a_gbk_page_is_read_by_its_meta_tag() -> None:
    body = CARDS.replace("{charset}", "gb2312").encode("gbk")
    assert read_listing(body, URL, "text/html", SELECTORS)[0].title == "月之暗面：Kimi 支持 200 万字"


def test_a_selector_may_name_an_attribute() -> None:
    page = '<ul><li data-t="2024-03-18 09:00" data-u="/a"><b title="A long headline here">x</b></li></ul>'
    chosen = Selectors(item="li", link="::attr(data-u)", title="b::attr(title)", date="::attr(data-t)")
    entry = read_listing(page.encode(), URL, selectors=chosen)[0]
    assert (entry.url, entry.title) == ("https://e.org/a", "A long headline here")
    assert entry.published_at == datetime(2024, 3, 18, 9, tzinfo=UTC)


def test_an_item_may_be_the_link_itself() -> None:
    page = '<a class=row href=/x><h2>Headline of the row</h2><time datetime="2024-03-18T10:00:00Z">Mon</time></a>'
    entry = read_listing(page.encode(), URL, selectors=Selectors(item="a.row", title="h2", date="time"))[0]
    assert (entry.url, entry.title) == ("https://e.org/x", "Headline of the row")
    assert entry.published_at == datetime(2024, 3, 18, 10, tzinfo=UTC)


def test_a_date_of_known_form_is_read_as_that_form() -> None:
    page = "<p><a href=/x>Headline of the row</a><i>03/04/2024</i></p>"
    chosen = Selectors(item="p", date="i", date_format="%d/%m/%Y")
    assert read_listing(page.encode(), URL, selectors=chosen)[0].published_at == datetime(2024, 4, 3, tzinfo=UTC)


def test_without_selectors_articles_are_told_by_their_shape() -> None:
    cards = "".join(
        f'<article><a href="/news/post-{n}"><img src=x><h3>A headline with many words {n}</h3></a>'
        f"<time>March {n}, 2024</time></article>"
        for n in range(10, 15)
    )
    menu = "".join(f'<a href="/topic/{t}">Everything about {t} and more</a>' for t in "ab")
    page = f"<body><nav>{menu}</nav><main>{cards}<a href='/login'>Sign in to your account</a></main></body>"
    entries = read_listing(page.encode(), URL)
    assert [entry.url for entry in entries] == [f"https://e.org/news/post-{n}" for n in range(10, 15)]
    assert [entry.published_at.day for entry in entries if entry.published_at] == [10, 11, 12, 13, 14]


def test_a_day_in_the_address_will_do() -> None:
    page = "".join(f'<p><a href="/2024/03/1{n}/some-slug-{n}">A headline with many words {n}</a></p>' for n in range(4))
    assert read_listing(page.encode(), URL)[3].published_at == datetime(2024, 3, 13, tzinfo=UTC)


def test_links_to_other_sites_are_no_items_by_shape() -> None:
    page = "".join(f'<p><a href="https://ads.example/{n}">A headline with many words {n}</a></p>' for n in range(5))
    with pytest.raises(NotAFeed):
        read_listing(page.encode(), URL)


def test_include_keeps_what_matches() -> None:
    page = "<p><a href=/a/1>Headline number one</a></p><p><a href=/b/2>Headline number two</a></p>"
    entries = read_listing(page.encode(), URL, selectors=Selectors(item="p"), include="/b/")
    assert [entry.url for entry in entries] == ["https://e.org/b/2"]


@pytest.mark.parametrize(
    ("body", "thing"),
    [
        ("", "empty"),
        ("<div id=app></div><script src=x></script>", "html"),
        ("<title>Just a moment...</title>", "challenge"),
    ],
)
def test_a_page_without_items_says_why(body: str, thing: str) -> None:
    for selectors in (None, SELECTORS):
        with pytest.raises(NotAFeed) as error:
            read_listing(body.encode(), URL, selectors=selectors)
        assert error.value.thing == thing

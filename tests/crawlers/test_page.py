"""Article pages to text, title, date and language."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawlers.entry import Entry
from crawlers.feeds import NotAFeed
from crawlers.page import is_article, read_page

SHANGHAI = ZoneInfo("Asia/Shanghai")
LD = '<script type="application/ld+json">'
ENGLISH = "".join(f"<p>Sentence number {n} tells how the model reads long documents in one go.</p>" for n in range(12))
CHINESE = "".join(f"<p>第{n}段：公司宣布模型支持二百万字上下文，价格下降，开发者可以申请试用。</p>" for n in range(12))


def page(body: str, head: str = "", lang: str = "en") -> bytes:
    return f'<!doctype html><html lang="{lang}"><head>{head}</head><body>{body}</body></html>'.encode()


def read(body: bytes) -> Entry:
    return read_page(body, "https://e.org/a", {"content-type": "text/html"}, SHANGHAI)


def test_the_article_is_kept_and_the_menu_is_not() -> None:
    menu = "<nav><a href=/>Home</a> <a href=/x>Products</a></nav>"
    entry = read(page(f"{menu}<article><h1>A title</h1>{ENGLISH}</article><footer>Copyright and cookies</footer>"))
    assert "Sentence number 7" in entry.text
    assert "cookies" not in entry.text
    assert entry.title == "A title"
    assert entry.language == "en"
    assert is_article(entry)


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8"])
def test_a_chinese_page_is_read_in_its_charset(encoding: str) -> None:
    label = "gb2312" if encoding != "utf-8" else "utf-8"
    body = page(
        f"<h1>新模型发布</h1><div id=content>{CHINESE}</div>",
        f"<meta charset={label}><title>新模型发布_某网</title>",
        "zh",
    )
    entry = read(body.decode().encode(encoding))
    assert "第7段：公司宣布模型支持二百万字上下文" in entry.text
    assert (entry.title, entry.language) == ("新模型发布", "zh")


def test_a_wechat_page_that_hides_its_text_is_read() -> None:
    body = f'<div id="js_content" style="visibility: hidden; opacity: 0;">{CHINESE}<img data-src="x.png"></div>'
    assert "第7段" in read(page(body, '<meta property="og:title" content="标题">')).text


@pytest.mark.parametrize(
    ("where", "precision"),
    [
        ('<meta property="article:published_time" content="2024-03-18T09:30:00+08:00">', "time"),
        (
            f'{LD}{{"@graph":[{{"@type":"NewsArticle","datePublished":"2024-03-18T09:30:00+08:00"}}]}}</script>',
            "time",
        ),
        (LD + '{broken "datePublished": "2024-03-18T09:30:00+08:00", </script>', "time"),
        ('<meta name="PubDate" content="2024-03-18 09:30:00">', "time"),
        ('<meta itemprop="datePublished" content="2024-03-18">', "day"),
    ],
)
def test_a_date_is_taken_from_metadata(where: str, precision: str) -> None:
    entry = read(page(ENGLISH, where))
    assert entry.published_precision == precision
    assert entry.published_at == (
        datetime(2024, 3, 18, 1, 30, tzinfo=UTC) if precision == "time" else datetime(2024, 3, 17, 16, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "where",
    [
        '<time datetime="2024-03-18T09:30:00+08:00">today</time>',
        '<span class="pubtime">2024-03-18 09:30</span>',
        '<div class="article-info">来源：新华社 2024年03月18日 09:30 编辑：张三</div>',
        '<em id="publish_time">2024-03-18 09:30</em>',
    ],
)
def test_a_date_is_taken_from_the_byline(where: str) -> None:
    assert read(page(f"<h1>标题</h1>{where}{CHINESE}")).published_at == datetime(2024, 3, 18, 1, 30, tzinfo=UTC)


def test_a_date_in_the_text_is_not_the_pages_date() -> None:
    entry = read(page(f"<article>{ENGLISH}<p>On 2019-05-06 the company was founded.</p></article>"))
    assert entry.published_at is None
    assert entry.published_precision == "unknown"


def test_a_page_too_deep_for_the_extractor_keeps_its_words() -> None:
    entry = read(page("<div>" * 500 + "The words that matter stand here." + "</div>" * 500))
    assert "The words that matter stand here." in entry.text


@pytest.mark.parametrize(
    ("body", "thing"),
    [
        (b"", "empty"),
        (b"%PDF-1.4" + bytes(100), "binary"),
        (page("<p>wait</p>", "<title>Just a moment...</title>"), "challenge"),
    ],
)
def test_what_is_no_page_says_what_it_is(body: bytes, thing: str) -> None:
    with pytest.raises(NotAFeed) as error:
        read(body)
    assert error.value.thing == thing


@pytest.mark.parametrize("body", [b"x", b"<", b"<html", b"</html>", b"<?xml version='1.0'?>", b"<!---->", b"\xff\xfe<"])
def test_odd_pages_do_not_raise(body: bytes) -> None:
    assert not is_article(read(body))


def test_a_canonical_address_is_taken_if_it_is_one() -> None:
    assert read(page(ENGLISH, '<link rel=canonical href="/b">')).url == "https://e.org/b"
    assert read(page(ENGLISH, '<link rel=canonical href="javascript:x">')).url == "https://e.org/a"

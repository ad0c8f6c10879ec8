"""Article pages to text, title, date and language."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
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


PAGES = Path(__file__).parent / "pages"
SAVED = {
    "account.html": (
        ("远山模型发布：上下文一次读完二百万字", "2024-03-18 09:30"),
        (
            "读完一部长篇小说并回答其中的细节，大约需要四十秒。",
            "输入价格每百万字降到十二元；",
            "网页版在四月",
            "先读一遍。",
        ),
        ("微信扫一扫", "在看", "#大模型", "data:image"),
    ),
    "digest.html": (
        ("青禾推出新款推理芯片：功耗降四成", "2024-03-21 07:48"),
        (
            "功耗比上一代降低 40%",
            "| 显存 | 32 GB | 96 GB |",
            "- 支持四位量化",
            "- 提供与主流框架兼容的编译器",
            "售价没有公布",
        ),
        ("广告声明", "显卡涨价潮来了", "日榜", "投稿", "img.example.org"),
    ),
    "magazine.html": (
        ("写代码的智能体开始进工厂", "2024-03-20 08:12"),
        ("三月的苏州，", "成本怎么算", "- 第一个月，智能体只给建议；", "- 第三个月，系统自动下发。", "两家产业基金。"),
        ("登录", "咖啡店", "九块九", "仅代表作者本人", "另一份正文", "<br"),
    ),
    "portal.gbk.html": (
        ("北辰科技开源视频模型 单卡可以运行", "2024-03-19 14:05"),
        ("本报讯 北辰科技昨日在上海宣布", "喆、堃等生僻字", "同行检查。", "配套的剪辑软件。"),
        ("家电大促销", "责任编辑", "新浪微博", "芯片股", "楼市周报", "首页"),
    ),
}
"""Pages of our own, shaped like those of Chinese accounts, news sites, magazines and portals: head, words, and none of these."""


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_chinese_page_gives_its_article_and_nothing_else(name: str) -> None:
    (title, when), words, others = SAVED[name]
    entry = read((PAGES / name).read_bytes())
    assert entry.published_at is not None
    assert (entry.title, f"{entry.published_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}") == (title, when)
    assert (entry.language, entry.published_precision) == ("zh", "time")
    places = [entry.text.find(part) for part in words]
    assert -1 not in places
    assert places == sorted(places)
    assert [part for part in others if part in entry.text] == []

"""Extract: clean words, one address for one page, and an id that never changes."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extract import canonical, extract, language_of, plain
from tests.factories import MOMENT, make_raw

# ---- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "page"),
    [
        ("HTTP://www.Example.com:80/News/a.html?utm_source=x&b=2&a=1#top", "https://example.com/News/a.html?a=1&b=2"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com/a/index.html", "https://example.com/a"),
        ("https://example.com/a/", "https://example.com/a"),
        ("https://example.com/%e8%b7%af", "https://example.com/%E8%B7%AF"),
        ("https://m.example.com/p/1?from=timeline&isappinstalled=0", "https://example.com/p/1"),
        ("https://example.com/2024/story/amp/", "https://example.com/2024/story"),
        ("https://example.com/2024/story?outputType=amp", "https://example.com/2024/story"),
        ("https://www.google.com/amp/s/example.com/story/amp", "https://example.com/story"),
        ("https://example-com.cdn.ampproject.org/c/s/example.com/story", "https://example.com/story"),
        ("https://www.google.com/url?q=https://example.com/story&sa=D", "https://example.com/story"),
        ("https://link.zhihu.com/?target=https%3A//example.com/a%3Futm_medium%3Dx", "https://example.com/a"),
        ("https://youtu.be/abcdefghijk?t=30", "https://youtube.com/watch?v=abcdefghijk"),
        ("https://arxiv.org/pdf/2403.09611v2.pdf", "https://arxiv.org/abs/2403.09611"),
        ("https://twitter.com/someone/status/1767?s=20", "https://x.com/i/status/1767"),
        ("https://old.reddit.com/r/LocalLLaMA/comments/abc/a_title/", "https://reddit.com/comments/abc"),
        ("https://example.com/#!/story/7", "https://example.com/#!/story/7"),
        ("//example.com/a", "https://example.com/a"),
    ],
)
def test_every_address_of_a_page_is_one(seen: str, page: str) -> None:
    assert canonical(seen) == page


@pytest.mark.parametrize(
    "odd", ["", "mailto:a@b.c", "javascript:alert(1)", "http://[bad", "https://", "http://a:99999/"]
)
def test_what_is_no_web_address_has_none(odd: str) -> None:
    assert canonical(odd) is None


def test_two_pages_told_apart_by_a_parameter_stay_two() -> None:
    assert canonical("https://example.com/a?id=1") != canonical("https://example.com/a?id=2")


def test_a_ring_of_redirectors_ends() -> None:
    ring = "https://link.zhihu.com/?target=" * 50 + "https://example.com"
    assert canonical(ring) is not None


@given(st.text(max_size=60).map(lambda words: f"https://example.com/{words}"))
@settings(max_examples=200, deadline=None)
def test_a_canonical_address_is_its_own(url: str) -> None:
    once = canonical(url)
    assert once is not None
    assert canonical(once) == once


# ---- text -----------------------------------------------------------------------------------------------------------


def test_html_becomes_its_words() -> None:
    found = plain("<p>Hi <b>you</b> &amp; me</p><ul><li>a<li>b</ul><script>x=1</script><!-- no --> end")
    assert found == "Hi you & me\n\na\nb\nend"


def test_html_escaped_twice_becomes_its_words() -> None:
    assert plain("&lt;p&gt;one&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;") == "one\n\ntwo"


def test_signs_that_are_no_tags_stay() -> None:
    assert plain("5 < 6 and <think> is a token") == "5 < 6 and <think> is a token"


def test_a_script_closed_in_capitals_is_hidden() -> None:
    assert plain("a<SCRIPT>x</SCRIPT>b<script>y</script>c") == "a b c"


@pytest.mark.parametrize("piece", ["<div>", "<", "<!--", "<p ", "<script>", "<style><b ", "&", "&lt;", "<a href='"])
def test_hostile_html_takes_time_in_proportion(piece: str) -> None:
    start = time.perf_counter()
    plain(piece * (400_000 // len(piece)))
    assert time.perf_counter() - start < 3


@given(st.text(max_size=300), st.text(max_size=600))
@settings(max_examples=200, deadline=None)
def test_odd_text_never_raises(title: str, text: str) -> None:
    document = extract(make_raw(title, text, url=text))
    assert "\x00" not in document.title + document.text


def test_the_name_of_the_site_leaves_the_title() -> None:
    raw = make_raw("Model X is out | TechCrunch", url="https://techcrunch.com/a")
    assert extract(raw).title == "Model X is out"
    assert extract(make_raw("大模型开源 - 量子位", source_name="量子位")).title == "大模型开源"


def test_a_dash_in_a_title_is_not_the_name_of_a_site() -> None:
    raw = make_raw("GPT-4.5 Turbo — what we know", url="https://techcrunch.com/a")
    assert extract(raw).title == "GPT-4.5 Turbo — what we know"


@pytest.mark.parametrize(
    ("title", "given_language", "found"),
    [
        ("月之暗面宣布 Kimi 支持 200 万字上下文", None, "zh"),
        ("OpenAI 发布 GPT-4o", "en", "zh"),
        ("月之暗面發布長文本模型", "zh-TW", "zh"),
        ("The model is now open to all of us", "zh-CN", "en"),
        ("オープンソースの言語モデルを公開", None, "ja"),
        ("오픈소스 언어 모델 공개", None, "ko"),
        ("Le modèle est disponible pour les développeurs", None, "fr"),
        ("Grok 1.5", None, "und"),
        ("Grok 1.5", "en-US", "en"),
        ("", None, "und"),
    ],
)
def test_script_and_small_words_decide_the_language(title: str, given_language: str | None, found: str) -> None:
    assert language_of(title, "", given_language) == found


# ---- identity and time ----------------------------------------------------------------------------------------------


def test_one_page_is_one_document_whatever_leads_there() -> None:
    first = extract(make_raw("a", url="https://example.com/a?utm_source=x"))
    again = extract(make_raw("a, corrected", url="http://m.example.com/a#top", source_id="another"))
    assert first.id == again.id
    assert first.canonical_url == "https://example.com/a"
    assert first.url == "https://example.com/a?utm_source=x"


def test_without_address_the_giver_s_id_or_the_words_and_day_identify() -> None:
    assert extract(make_raw("a", id="7")).id == extract(make_raw("b", id="7")).id
    assert extract(make_raw("a", id="7")).id != extract(make_raw("a", id="7", source_id="another")).id
    assert extract(make_raw("a")).id == extract(make_raw("a")).id
    assert extract(make_raw("a")).id != extract(make_raw("a", published_at=MOMENT - timedelta(days=2))).id
    assert extract(make_raw("a")).id[0] == "d"
    assert len(extract(make_raw("a")).id) == 17


def test_unknown_time_stays_unknown() -> None:
    document = extract(make_raw("a", published_at=None, published_precision="unknown"))
    assert document.published_at is None
    assert document.when == MOMENT


def test_a_date_in_the_future_is_kept_but_not_believed() -> None:
    ahead = MOMENT + timedelta(hours=3)
    document = extract(make_raw("a", published_at=ahead))
    assert document.published_at == ahead
    assert document.published_precision == "unknown"
    assert document.when == MOMENT


def test_a_clock_a_little_ahead_is_believed() -> None:
    assert extract(make_raw("a", published_at=MOMENT + timedelta(minutes=40))).published_precision == "time"

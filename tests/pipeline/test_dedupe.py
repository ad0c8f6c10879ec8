"""Dedupe: a reprint is known again; two outlets with the same short headline are two reports."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from pipeline.dedupe import dedupe, fingerprint, likeness
from pipeline.records import Document, Verdict
from pipeline.text import tokens
from tests.factories import MOMENT, make_document

ARTICLE = (
    "The laboratory released a new language model on Monday and published its weights under an open licence. "
    "It reads two hundred thousand tokens at once, was trained on public text and code in forty languages, and runs on one "
    "graphics card. Engineers who tried it in advance praised its speed and were less sure about its grasp of long novels. "
    "The company said that a larger version would follow in the summer and that prices for its service would not change."
)
CHINESE = (
    "月之暗面周一宣布旗下智能助手支持两百万字的无损上下文输入，并从即日起开放内测申请。公司表示，长文本能力来自模型架构与"
    "训练方式的改进，没有采用滑动窗口或降采样等牺牲质量的办法。多位提前试用的用户称，它能一次读完几十份财报并回答细节问题。"
)


def verdict(document: Document, *known: Document) -> Verdict:
    return dedupe(document, fingerprint(document), known)


def edited(text: str, share: float) -> str:
    """The text with a share of its words changed."""
    random = Random(7)
    return " ".join(f"word{n}" if random.random() < share else word for n, word in enumerate(text.split()))


def test_the_same_page_is_the_same_document() -> None:
    old = make_document("d1", "a", ARTICLE, canonical_url="https://example.com/a")
    corrected = make_document("d1", "a, corrected", ARTICLE[:200], canonical_url="https://example.com/a")
    assert verdict(corrected, old) == Verdict(kind="same_url", of="d1")


def test_the_same_item_of_a_feed_under_a_new_address_is_the_same_page() -> None:
    old = make_document("d1", "a", "one", external_id="guid-1", canonical_url="https://example.com/a")
    moved = make_document("d2", "b", "two", external_id="guid-1", canonical_url="https://example.com/b")
    assert verdict(moved, old) == Verdict(kind="same_url", of="d1")
    elsewhere = moved.model_copy(update={"source_id": "another"})
    assert verdict(elsewhere, old).kind == "new"


@pytest.mark.parametrize("text", [ARTICLE, CHINESE])
def test_a_reprint_with_another_headline_is_a_copy(text: str) -> None:
    old = make_document("d1", "New model reads 200,000 tokens", text)
    reprint = make_document("d2", "Shock in the valley", text, source_id="another")
    assert fingerprint(old).text == fingerprint(reprint).text
    assert verdict(reprint, old) == Verdict(kind="same_text", of="d1")


def test_an_edited_wire_copy_is_found_by_its_bands() -> None:
    old = make_document("d1", "a", ARTICLE)
    copy = make_document("d2", "b", edited(ARTICLE, 0.05), source_id="another")
    assert set(fingerprint(old).bands) & set(fingerprint(copy).bands)
    assert verdict(copy, old) == Verdict(kind="near", of="d1")


def test_another_report_in_its_own_words_is_new() -> None:
    old = make_document("d1", "a", ARTICLE)
    own_words = make_document("d2", "b", edited(ARTICLE, 0.6), source_id="another")
    assert verdict(own_words, old).kind == "new"


def test_the_earliest_of_several_copies_is_the_original() -> None:
    late = make_document("d1", "a", ARTICLE, published_at=MOMENT)
    early = make_document("d2", "b", ARTICLE, published_at=MOMENT - timedelta(days=1))
    assert verdict(make_document("d3", "c", ARTICLE), late, early).of == "d2"


def test_two_outlets_with_one_short_headline_are_two_reports() -> None:
    headline = "OpenAI 发布 GPT-4o"
    old = make_document("d1", headline)
    assert verdict(make_document("d2", headline, source_id="another"), old).kind == "new"
    assert verdict(make_document("d3", headline), old) == Verdict(kind="same_text", of="d1")


def test_a_headline_that_returns_long_after_is_new() -> None:
    old = make_document("d1", "This week in AI", published_at=MOMENT - timedelta(days=7))
    assert verdict(make_document("d2", "This week in AI"), old).kind == "new"


def test_a_template_filled_with_other_figures_is_new() -> None:
    frame = "截至收盘，{0} 报 {1} 元，涨幅 {2}%，成交额 {3} 亿元，换手率 {4}%，主力资金净流入 {5} 亿元。" + CHINESE[:80]
    monday = make_document("d1", "a", frame.format("ALPHA", 10.1, 3.2, 4.5, 1.2, 0.7))
    tuesday = make_document("d2", "b", frame.format("BETA", 25.7, 1.9, 8.8, 3.4, 2.6), source_id="another")
    assert likeness(tokens(monday.text), tokens(tuesday.text)) > 0.5
    assert verdict(tuesday, monday).kind == "new"


def test_short_texts_have_no_bands() -> None:
    assert fingerprint(make_document("d1", "a", "only a few words")).bands == ()


def test_a_fingerprint_is_the_same_on_every_machine() -> None:
    found = fingerprint(make_document("d1", "a", ARTICLE, canonical_url="https://example.com/a"))
    assert (found.url, found.text, found.bands[0]) == ("f24a9deb5f47e5a4", "0b9690fe32cc1ada", "009d083fd0228bb1de")


def test_an_empty_document_is_new() -> None:
    assert verdict(make_document("d2"), make_document("d1", "a")).kind == "new"

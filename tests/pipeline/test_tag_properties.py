"""Any text at all gives tags and facts in bounded time, and every quote is a substring of it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import facts
from pipeline.tag import tag
from tests.factories import make_document
from tests.pipeline.reading import lexicon

NAMES = [
    "OpenAI",
    "发布",
    "Qwen3.5-397B-A17B",
    "两百万字",
    "8*H800",
    "（300364）",
    "A17B",
    "Meta",
    "据传",
    "1.55 倍",
    "机器人",
    "$BABA",
]
MARKS = ["$", "￥", "万亿", "‑", "-", ".", "，", " ", "\n", "每百万", "token", "İ", "ﬁ", "㎏", "9" * 30]
UNSAFE = ["\u202e", "\x00", chr(0xD800)]
WORDS = st.sampled_from([*NAMES, *MARKS, *UNSAFE])
TEXTS = st.one_of(st.text(), st.lists(WORDS, max_size=30).map("".join))


def check(title: str, text: str) -> None:
    document = make_document(title=title, text=text)
    tags = tag(document, lexicon())
    whole = f"{title}\n{text}"
    quotes = [c.quote for c in tags.companies] + [p.quote for p in tags.products] + [s.quote for s in tags.securities]
    quotes += [tags.event_type_quote, tags.certainty_quote, *(f.quote for f in facts.find(document, tags, lexicon()))]
    assert all(quote in whole for quote in quotes)


@settings(max_examples=150, deadline=2000)
@given(title=TEXTS, text=TEXTS)
def test_any_text_is_answered_with_quotes_from_it(title: str, text: str) -> None:
    check(title, text)


@pytest.mark.parametrize(
    "unit", ["a", "A", "9", "万", "，", "-", "A-", "OpenAI ", "1.5 ", "从", "\n", "十", "(", "GPT-4 ", "3 个"]
)
def test_a_million_of_one_thing_is_answered_in_bounded_time(unit: str) -> None:
    text = (unit * (1_000_000 // len(unit)))[:1_000_000]
    start = time.process_time()
    check("", text)
    check(text, "")
    assert time.process_time() - start < 10

from __future__ import annotations

import pytest

from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.names import Names


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return load()


@pytest.fixture(scope="module")
def names(knowledge: KnowledgeBase) -> Names:
    return Names(knowledge)


@pytest.mark.parametrize("written", ["月之暗面", "Moonshot AI", "moonshot", "moonshot-ai", "ＭＯＯＮＳＨＯＴ"])
def test_a_company_is_known_by_each_of_its_names(names: Names, written: str) -> None:
    assert ("company", "moonshot-ai") in names.of(written)


def test_an_everyday_word_is_no_security(names: Names) -> None:
    assert names.of("机器人", "security") == ()


@pytest.mark.parametrize(
    ("code", "security"),
    [
        ("300364", "300364.SZ"),
        ("SZ300364", "300364.SZ"),
        ("sz.300364", "300364.SZ"),
        ("300364.SZ", "300364.SZ"),
        ("0700.HK", "00700.HK"),
        ("9988.hk", "09988.HK"),
        ("$BABA", "NYSE:BABA"),
        ("nvda", "NASDAQ:NVDA"),
        ("NASDAQ:NVDA", "NASDAQ:NVDA"),
        ("腾讯控股", "00700.HK"),
        ("nothing at all", None),
        ("", None),
    ],
)
def test_a_security_is_known_by_each_common_spelling_of_its_code(names: Names, code: str, security: str | None) -> None:
    assert names.security(code) == security


@pytest.mark.parametrize(
    ("text", "name"), [("月之暗面上下文", "月之暗面"), ("Kimi长文本", "Kimi"), ("开源模型", ""), ("Metaphor", "")]
)
def test_a_name_is_found_at_the_start_of_a_word_but_never_inside_one(names: Names, text: str, name: str) -> None:
    assert names.prefix(text) == name


@pytest.mark.parametrize(("typed", "meant"), [("monshot", "Moonshot"), ("月之暗画", "月之暗面")])
def test_a_wrong_spelling_brings_the_right_one(names: Names, typed: str, meant: str) -> None:
    assert meant in names.near(typed)

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.names import Names
from pipeline.query import Query, Term, marks, plain, read_query

NOW = datetime(2024, 3, 25, 2, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return load()


@pytest.fixture(scope="module")
def names(knowledge: KnowledgeBase) -> Names:
    return Names(knowledge)


class Asking:
    def __init__(self, names: Names, knowledge: KnowledgeBase) -> None:
        self.names, self.knowledge = names, knowledge

    def __call__(self, text: str) -> Query:
        return read_query(text, self.names, self.knowledge, SHANGHAI, NOW)


@pytest.fixture(scope="module")
def ask(names: Names, knowledge: KnowledgeBase) -> Asking:
    return Asking(names, knowledge)


def tags(query: Query) -> set[tuple[str, str]]:
    return {term.tag for group in query.groups for way in group for term in way if term.tag}


def phrases(query: Query) -> list[set[tuple[str, ...]]]:
    return [{term.tokens for way in group for term in way if term.tokens} for group in query.groups]


def test_a_name_asks_for_its_words_or_for_whom_it_names(ask: Asking) -> None:
    query = ask("月之暗面 上下文")
    assert ("co", "moonshot-ai") in tags(query)
    assert phrases(query)[0] == {("月之", "之暗", "暗面")}
    assert ("上下", "下文") in phrases(query)[1]
    assert query.names == ("company:moonshot-ai",)


def test_words_that_together_are_a_name_are_looked_for_as_one(ask: Asking) -> None:
    query = ask("open sora 开源")
    assert len(query.groups) == 2
    assert ("pr", "open-sora") in tags(query)


def test_a_name_written_onto_the_next_word_is_understood(ask: Asking) -> None:
    assert ("pr", "kimi") in tags(ask("Kimi长文本"))


@pytest.mark.parametrize("written", ["Qwen3.5", "Qwen-3.5", "qwen 3.5"])
def test_a_version_is_found_joined_or_set_off(ask: Asking, written: str) -> None:
    ways = phrases(ask(f'"{written}"'))[0]
    assert {("qwen3", "5"), ("qwen", "3", "5")} <= ways


def test_filters_take_names_and_codes_in_any_spelling(ask: Asking) -> None:
    query = ask("company:月之暗面 stock:SZ300364 type:model_update modality:视频 certainty:rumor product:kimi")
    assert tags(query) == {
        ("co", "moonshot-ai"),
        ("st", "300364.SZ"),
        ("type", "model_update"),
        ("mod", "video"),
        ("cert", "rumour"),
        ("pr", "kimi"),
    }


def test_values_between_commas_are_alternatives(ask: Asking) -> None:
    (group,) = ask("company:openai,google").groups
    assert group == ((Term(tag=("co", "openai")),), (Term(tag=("co", "google")),))


def test_a_minus_excludes_words_phrases_and_filters(ask: Asking) -> None:
    query = ask('模型 -开源 -"open source" -company:openai')
    assert len(query.groups) == 1
    barred = [term for group in query.excluded for way in group for term in way]
    assert Term(tag=("co", "openai")) in barred
    assert Term(tokens=("open", "source")) in barred


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("since:2024-03-18", datetime(2024, 3, 18, tzinfo=SHANGHAI)),
        ("since:2024-03", datetime(2024, 3, 1, tzinfo=SHANGHAI)),
        ("since:2024", datetime(2024, 1, 1, tzinfo=SHANGHAI)),
        ("since:7d", datetime(2024, 3, 18, 2, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_day_a_month_a_year_or_so_long_ago(ask: Asking, typed: str, day: datetime) -> None:
    assert ask(typed).since == day


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("colour:red", "is no filter; there are company"),
        ("company:monshot", "did you mean Moonshot"),
        ("stock:nothing", "is not known"),
        ("type:launchy", "there are"),
        ("since:yesterday", "is no day"),
        ("-since:2024", "cannot be excluded"),
        ("importance:high", "is no number"),
        ("x" * 500, "at most 400 characters"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_would_do(ask: Asking, typed: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ask(typed)


@pytest.mark.parametrize(
    ("typed", "security"), [("NASDAQ:NVDA", "NASDAQ:NVDA"), ("$nvda", "NASDAQ:NVDA"), ("300364", "300364.SZ")]
)
def test_a_listing_s_code_stands_for_the_listing(ask: Asking, typed: str, security: str) -> None:
    assert ("st", security) in tags(ask(typed))


def test_an_address_is_no_filter(ask: Asking) -> None:
    assert phrases(ask("https://x.example/1")) == [{("https", "x", "example", "1")}]


def test_mere_punctuation_asks_for_what_nothing_holds(ask: Asking) -> None:
    assert ask("!!! ...").groups == ((),) == plain("!!!").groups
    assert ask("").is_empty


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(ask: Asking, text: str) -> None:
    with contextlib.suppress(ValueError):
        ask(text)


def test_marks_fall_on_what_was_asked_for() -> None:
    title = "阿里开源Ｑｗｅｎ３.5-Max，通义大模型"
    spans = [title[start:end] for start, end in marks(title, ["开源", "qwen3.5-max", "大模型"])]
    assert spans == ["开源Ｑｗｅｎ３.5-Max", "大模型"]
    assert marks("Metaphor", ["meta"]) == []
    assert marks("", ["x"]) == []


def test_a_word_is_also_found_with_another_ending_for_less(ask: Asking) -> None:
    (group,) = ask("merging").groups
    worth = {term.tokens: term.worth for way in group for term in way}
    assert worth["merging",] == 1.0
    assert 0 < worth["merge",] < 1.0
    assert ("merg",) not in {tuple(way) for way in phrases(ask("AI"))[0]}


@pytest.mark.parametrize(
    ("typed", "also"), [("开源", ("open", "source")), ("fine-tuning", ("微调",)), ("融资", ("funding",))]
)
def test_a_notion_is_found_in_the_other_language(ask: Asking, typed: str, also: tuple[str, ...]) -> None:
    assert also in phrases(ask(typed))[0]


def test_words_that_together_are_a_notion_are_looked_for_as_one(ask: Asking) -> None:
    assert len(ask("open source Grok").groups) == 2


@pytest.mark.parametrize(
    ("typed", "apart"),
    [
        ("AI手机", {("ai",), ("手机",)}),
        ("视频生成", {("视频",), ("生成",)}),
        ("开源大模型", {("开源",), ("大模", "模型")}),
        ("大模型开源", {("大模", "模型"), ("开源",)}),
    ],
)
def test_the_pieces_of_a_run_may_stand_apart(ask: Asking, typed: str, apart: set[tuple[str, ...]]) -> None:
    ways = [{term.tokens for term in way} for group in ask(typed).groups for way in group]
    assert apart in ways
    assert {len(way) for way in ask(f'"{typed}"').groups[0]} == {1}


def test_words_side_by_side_are_known_to_have_been_typed_so(ask: Asking) -> None:
    assert [term.tokens for term in ask("AI PC").together] == [("ai", "pc")]
    assert ask("手机").together == ()

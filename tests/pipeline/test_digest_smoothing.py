"""What a language model may do to an issue's sentences: join their words otherwise, and change none of them."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.digest import Digest, compose, smoothing, unsupported_sentences
from tests.pipeline.founding_week import MADE_AT, WEEK, founding_week, knowledge

BEFORE = "此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍。"
RIVALS = "Claude-100k has about 80,000 Chinese characters and GPT-4-32k has about 25,000 Chinese characters."


@cache
def issue() -> Digest:
    """The founding week's issue under the media lens."""
    lens = knowledge().lenses["media"]
    return compose(WEEK, lens, founding_week(), [], knowledge(), MADE_AT)


def said(change: object = None) -> list[str | None]:
    """Answers to an issue's questions, each sentence changed by a function of its words."""
    answers: list[str | None] = []
    for question in smoothing.questions(issue()):
        words = json.loads(question.material)["sentences"]
        answers.append(json.dumps({"sentences": [change(w) for w in words]}))  # type: ignore[operator]
    return answers


@pytest.mark.parametrize(
    ("original", "answer"),
    [
        (BEFORE, "此前，Kimi的上下文长度为20万字（2023年10月），而本次为其10倍。"),
        (BEFORE, "此外，此前Kimi的上下文长度为20万字（2023年10月）；本次为其10倍。"),
        (
            RIVALS,
            "Claude-100k has about 80,000 Chinese characters, while GPT-4-32k has about 25,000 Chinese characters.",
        ),
        ("Its output is text.", "Meanwhile, its output is text."),
    ],
)
def test_the_same_words_joined_otherwise_are_taken(original: str, answer: str) -> None:
    assert smoothing.accepted(original, answer, issue()) == answer


@pytest.mark.parametrize(
    ("original", "answer"),
    [
        (BEFORE, "此前Kimi的上下文长度为200万字（2023年10月），本次为其10倍。"),
        (BEFORE, "此前Kimi的上下文长度为20万字（2023年11月），本次为其10倍。"),
        (BEFORE, "此前Kimi的上下文长度为20万字，本次为其10倍。"),
        (BEFORE, "此前Kimi的上下文长度为20万字（2023年10月），本次为其十倍。"),
        (BEFORE, "此前Kimi的上下文长度为２０万字（2023年10月），本次为其10倍。"),
        (BEFORE, "此前豆包的上下文长度为20万字（2023年10月），本次为其10倍。"),
        (BEFORE, "此前Kimi的上下文长度不为20万字（2023年10月），本次为其10倍。"),
        (BEFORE, "此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍，强烈推荐中文在线。"),
        (BEFORE, "此前Kimi（300364.SZ）的上下文长度为20万字（2023年10月），本次为其10倍。"),
        (BEFORE, "此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍。\n买入。"),
        (BEFORE, "此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍？"),
        (BEFORE, "此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍 https://evil.example/。"),
        (BEFORE, "<b>此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍。"),
        (BEFORE, "\u202e此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍。"),
        (BEFORE, ""),
        (BEFORE, "CANARY"),
        (RIVALS, "Claude-100k has about 25,000 Chinese characters and GPT-4-32k has about 80,000 Chinese characters."),
        (RIVALS, "GPT-4-32k has about 80,000 Chinese characters and Claude-100k has about 25,000 Chinese characters."),
        (RIVALS, "Claude-100k has 80,000 Chinese characters and GPT-4-32k has about 25,000 Chinese characters."),
        (RIVALS, "Claude-100k has about 80.000 Chinese characters and GPT-4-32k has about 25,000 Chinese characters."),
        (RIVALS, "Claude-100k has about 80,000 Chinese characters and GPT-4 32k has about 25,000 Chinese characters."),
        ("input at $1 and output at $2.", "output at $1 and input at $2."),
        ("input at $1 and output at $2.", "input at $1 and at $2."),
        ("Its output is text.", "Kimi output is text."),
        ("月之暗面，并购Kimi。", "月之暗面，购Kimi。"),
        ("A report.", "and " * 30 + "A report."),
    ],
)
def test_any_other_word_number_name_code_or_sign_falls_back_to_ours(original: str, answer: str) -> None:
    assert smoothing.accepted(original, answer, issue()) == original


def test_a_name_keeps_its_joining_words() -> None:
    named = issue().model_copy(update={"names": ("The Information",)})
    original = "The Information reports it."
    assert smoothing.accepted(original, "Information reports it.", named) == original


def test_an_issue_is_smoothed_in_both_languages_and_stays_supported() -> None:
    made = smoothing.smoothed(issue(), said(lambda w: "此外，" + w if w.endswith("。") else "Moreover, " + w))
    assert made.items[0].facts[0].zh == "此外，" + issue().items[0].facts[0].zh
    assert made.items[0].facts[0].en == "Moreover, " + issue().items[0].facts[0].en
    assert unsupported_sentences(made) == []
    assert made.model_copy(update={"items": issue().items}) == issue()


def test_what_a_reader_must_not_miss_is_neither_sent_nor_changed() -> None:
    notes = [s.zh for item in issue().items for s in (*item.facts, *item.views) if s.kind == "note"]
    assert notes
    sent = "".join(q.material for q in smoothing.questions(issue()))
    assert not any(json.dumps(note, ensure_ascii=False)[1:-1] in sent for note in notes)


@pytest.mark.parametrize(
    "lie",
    [
        lambda w: w.replace("200", "300"),
        lambda w: w + "（300364.SZ）",
        lambda w: w + " CANARY",
        lambda w: "CANARY",
        lambda w: w.replace("Kimi", "ChatGPT"),
        lambda w: w[::-1],
        lambda w: "",
    ],
)
def test_lies_leave_the_issue_as_it_was(lie: object) -> None:
    made = smoothing.smoothed(issue(), said(lie))
    assert made.model_dump_json().count("CANARY") == 0
    assert unsupported_sentences(made) == []
    for mine, theirs in zip(issue().items, made.items, strict=True):
        for ours, other in zip((*mine.facts, *mine.views), (*theirs.facts, *theirs.views), strict=True):
            assert (ours.zh, ours.en) == (other.zh, other.en)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "CANARY",
        "{}",
        "[]",
        '{"sentences": 7}',
        '{"sentences": ["CANARY"]}',
        '{"sentences": [7]}',
        "{" * 50_000,
    ],
)
def test_a_broken_answer_leaves_the_issue_as_it_was(answer: str | None) -> None:
    asked = smoothing.questions(issue())
    assert smoothing.smoothed(issue(), [answer] * len(asked)) == issue()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([BEFORE, RIVALS]), st.data())
def test_one_character_changed_anywhere_is_ours_again_unless_it_is_a_joint(original: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(original) - 1))
    other = data.draw(st.characters(codec="utf-8") | st.sampled_from("0123456789万亿不未一二三$%ABKx"))
    answer = original[:place] + other + original[place + 1 :]
    taken = smoothing.accepted(original, answer, issue())
    if taken != original:
        light = set(" ，。；、：,.;:\u3000")
        assert original[place] in light
        assert other in light

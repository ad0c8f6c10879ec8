"""Cluster: one happening is one event, in Chinese and English; what only looks alike stays apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.load import load
from pipeline import cluster, flow
from pipeline.cluster.words import first_sentence, headline, words
from pipeline.lexicon import Lexicon
from pipeline.records import Placement, RawDocument, Sketch
from pipeline.shelf import Shelf
from tests.factories import MOMENT, make_document, make_raw, make_tags


@cache
def lexicon() -> Lexicon:
    return Lexicon(load())


def events_of(*documents: RawDocument) -> list[str]:
    """The event of each document of a stream."""
    return [event for _, event in flow.stream(documents, lexicon())]


def report(title: str, text: str = "", hours: float = 0, **given: object) -> RawDocument:
    """A report some hours after the first one, with an id of its own."""
    at = MOMENT + timedelta(hours=hours)
    return make_raw(title, text, **{"id": f"{title}{hours}", "published_at": at, "first_seen_at": at, **given})


# ---- what is one event ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "Mistral AI releases Mistral Large 2 with 123B parameters",
            "Mistral Large 2 is out: 123B parameters, 128k context",
        ),
        ("月之暗面宣布 Kimi 支持 200 万字超长无损上下文", "Kimi 智能助手支持 200 万字无损上下文，月之暗面开启内测"),
        (
            "Cognition unveils Devin, the first AI software engineer",
            "全球首个 AI 软件工程师 Devin 亮相，Cognition 发布",
        ),
        ("OpenAI raises $6.6 billion at a $157 billion valuation", "OpenAI 完成 66 亿美元融资，估值 1570 亿美元"),
    ],
)
def test_two_reports_of_one_happening_are_one_event(first: str, second: str) -> None:
    one, other = events_of(report(first), report(second, hours=5))
    assert one == other


def test_headlines_without_a_name_in_common_find_each_other_by_two_terms() -> None:
    english = flow.read(report("European Parliament approves AI regulation act with fines"), lexicon()).sketch
    chinese = flow.read(report("欧洲议会批准人工智能监管法案，违者罚款"), lexicon()).sketch
    shared = set(english.keys) & set(chinese.keys)
    assert any(key.startswith("~") and " ~" in key for key in shared), shared


def test_a_usual_type_that_no_word_shows_is_no_likeness() -> None:
    document = make_document("d1", "a headline")
    usual = cluster.sketch(document, make_tags("d1", event_type="product_launch"), (), lexicon().knowledge)
    shown = make_tags("d1", event_type="product_launch", event_type_quote="launches")
    assert usual.event_type == ""
    assert cluster.sketch(document, shown, (), lexicon().knowledge).event_type == "product_launch"


def test_a_rumour_and_its_denial_are_one_event() -> None:
    rumour = report("消息称字节跳动将收购昕原半导体，字节跳动成第三大股东")
    denial = report("字节跳动否认收购昕原半导体：消息不实", hours=6)
    one, other = events_of(rumour, denial)
    assert one == other


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("OpenAI 发布 GPT-4.5 模型", "OpenAI 发布 GPT-5 模型"),
        ("Microsoft releases MAI-Transcribe-1", "Microsoft releases MAI-Voice-1"),
        ("Anthropic launches Claude 3 Haiku", "Anthropic raises $2 billion from Google"),
        ("OpenAI 与塔塔集团合作布局印度市场", "OpenAI 向对齐研究基金捐赠 750 万美元"),
        ("苹果发布新款 MacBook Air", "欧洲议会通过《人工智能法案》"),
    ],
)
def test_what_only_looks_alike_stays_apart(first: str, second: str) -> None:
    one, other = events_of(report(first), report(second, hours=5))
    assert one != other


def test_the_same_headline_a_month_later_is_another_event() -> None:
    one, other = events_of(
        report("OpenAI 宕机，ChatGPT 无法访问"), report("OpenAI 宕机，ChatGPT 无法访问", hours=24 * 30)
    )
    assert one != other


def test_a_chain_of_small_steps_does_not_drift() -> None:
    """Each report resembles the one before; the last has nothing of the first left and founds its own event."""
    steps = [
        "Acme launches Rocket model with long context window and video input",
        "Acme Rocket model long context window video input gets price cut",
        "Rocket model price cut angers partners, Beta Corp lawyers prepare complaint",
        "Beta Corp lawyers file complaint, regulators open market probe",
        "Regulators open market probe into whole industry of cloud sellers",
    ]
    events = events_of(*(report(title, hours=2 * n) for n, title in enumerate(steps)))
    assert events[0] != events[-1]


def test_a_follow_up_is_its_own_event_and_says_what_it_follows() -> None:
    shelf = Shelf()
    founding = read(report("Anthropic releases Claude Opus 4.7 with better vision and coding"))
    shelf.keep(founding)
    later = read(report("Anthropic cuts the price of Claude Opus 4.7 by half for enterprise customers", hours=24 * 9))
    placement = cluster.place(later, shelf.candidates(later), lexicon().knowledge)
    assert placement.new
    assert placement.follows == founding.event_id
    assert placement.signals["days_after"] == 9


def test_an_event_never_follows_a_later_one() -> None:
    later = read(report("Anthropic cuts the price of Claude Opus 4.7 by half for enterprise customers", hours=24 * 9))
    earlier = read(report("Anthropic releases Claude Opus 4.7 with better vision and coding"))
    assert cluster.place(earlier, [later], lexicon().knowledge).follows is None


# ---- what holds for every stream ------------------------------------------------------------------------------------

WORDS = [
    "OpenAI",
    "Sora",
    "发布",
    "模型",
    "GPT-5",
    "GPT-4.5",
    "开源",
    "price",
    "cut",
    "Kimi",
    "200万字",
    "融资",
    "百度",
    "launches",
    "?",
]
TITLES = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)


def read(raw: RawDocument) -> Sketch:
    return flow.read(raw, lexicon()).sketch


@given(st.lists(TITLES, max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_document_is_in_exactly_one_event_and_ids_come_from_founders(titles: list[str]) -> None:
    raws = [report(title, hours=n, id=str(n)) for n, title in enumerate(titles)]
    found = list(flow.stream(raws, lexicon()))
    assert len(found) == len(raws)
    assert len({document for document, _ in found}) == len(raws)
    founders: dict[str, str] = {}
    for document, event in found:
        founders.setdefault(event, document)
    assert all(event == cluster.event_id(document) for event, document in founders.items())


@given(st.lists(TITLES, max_size=10))
@settings(max_examples=30, deadline=None)
def test_the_same_stream_gives_the_same_events_and_knows_no_future(titles: list[str]) -> None:
    raws = [report(title, hours=n, id=str(n)) for n, title in enumerate(titles)]
    whole = events_of(*raws)
    assert whole == events_of(*raws)
    assert whole[: len(raws) // 2] == events_of(*raws[: len(raws) // 2])


@given(st.lists(TITLES, min_size=1, max_size=10), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_candidates_does_not_matter(titles: list[str], random: Random) -> None:
    sketches = [read(report(title, hours=n, id=str(n))) for n, title in enumerate(titles)]
    mixed = random.sample(sketches, len(sketches))
    new = read(report("OpenAI 发布 GPT-5 模型", hours=20))
    assert cluster.place(new, sketches, lexicon().knowledge) == cluster.place(new, mixed, lexicon().knowledge)


def test_a_document_seen_again_returns_to_its_event() -> None:
    first = report("Mistral AI releases Mistral Large 2", id="7")
    assert len(set(events_of(first, first, first))) == 1


def test_without_learned_weights_every_document_founds_an_event() -> None:
    from tests.factories import make_knowledge

    sketch = read(report("OpenAI releases Sora"))
    assert cluster.place(sketch, [sketch], make_knowledge()).new


# ---- the sketch -----------------------------------------------------------------------------------------------------


def test_keys_are_few_and_hold_no_common_word() -> None:
    sketch = read(
        report("Mistral AI releases Mistral Large 2 with 123B parameters", "A long text about the model. " * 50)
    )
    assert 0 < len(sketch.keys) <= 24
    assert "w:the" not in sketch.keys
    assert sketch.event_id == cluster.event_id(sketch.document_id)


def test_a_chinese_and_an_english_report_share_a_key() -> None:
    chinese = read(report("OpenAI 完成 66 亿美元融资，估值 1570 亿美元"))
    english = read(report("OpenAI raises $6.6 billion at a $157 billion valuation"))
    assert set(chinese.keys) & set(english.keys)


def test_an_event_keeps_the_first_documents_that_join_and_no_more() -> None:
    founding = read(report("OpenAI releases Sora"))
    kept: Sketch = founding
    placement = Placement(event_id=founding.event_id, new=False)
    for n in range(10):
        kept = cluster.remember(read(report("OpenAI releases Sora", hours=n, id=str(n))), placement, kept)
    assert kept.event_id == founding.event_id
    assert kept.document_id == founding.document_id
    assert len(kept.others) == 3
    assert len(kept.keys) <= 48


def test_an_empty_document_has_a_sketch() -> None:
    sketch = cluster.sketch(make_document(), make_tags(), (), lexicon().knowledge)
    assert sketch.keys == ()
    assert cluster.place(sketch, (), lexicon().knowledge).new


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("300亿参数", ["#3e+10", "参数"]),
        ("30B parameters", ["#3e+10", "paramet"]),
        ("4 trillion", ["#4e+12"]),
        ("24,000 and 2.4万", ["#24000", "and", "#24000"]),
        ("GPT-4.5 at 40%", ["gpt", "#4.5", "at", "#40%"]),
        ("qwen3.5 ＡＩ", ["qwen", "#3.5", "ai"]),
        ("大模型", ["大模", "模型"]),
        ("", []),
    ],
)
def test_numbers_and_names_are_cut_alike_in_both_languages(text: str, found: list[str]) -> None:
    cut: Sequence[str] = words(text)
    assert [w for w in cut if not w.startswith("paramet")] == [w for w in found if not w.startswith("paramet")]


def test_a_label_borrows_the_first_sentence() -> None:
    assert headline("Cerebras", "Cerebras unveiled a chip. It is big.").startswith("Cerebras unveiled a chip")
    assert headline("", "Meta shows a cluster. More follows.") == "Meta shows a cluster"
    assert headline("OpenAI 发布新的语音克隆模型", "很长的正文。") == "OpenAI 发布新的语音克隆模型"
    assert len(first_sentence("x" * 5000)) <= 240


# ---- steps of their own ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "Apple is in talks with OpenAI to bring a chatbot to the iPhone",
            "Apple is in talks with Baidu to bring a chatbot to the iPhone",
        ),
        ("微软与 Mistral AI 合作，在 Azure 上提供大模型", "微软与 OpenAI 合作，在 Azure 上提供大模型"),
    ],
)
def test_a_deal_with_another_party_is_another_event(first: str, second: str) -> None:
    one, other = events_of(report(first), report(second, hours=5))
    assert one != other


def test_an_outage_after_a_launch_is_an_event_of_its_own_that_follows() -> None:
    launch = report("月之暗面 Kimi 智能助手启动 200 万字无损上下文内测")
    outage = report("月之暗面 Kimi 智能助手启动 200 万字内测后宕机，官方致歉", hours=20)
    shelf = Shelf()
    placed = []
    for raw in (launch, outage):
        sketch = flow.read(raw, lexicon()).sketch
        placement = cluster.place(sketch, shelf.candidates(sketch), lexicon().knowledge)
        shelf.keep(cluster.remember(sketch, placement, shelf.get(placement.event_id)))
        placed.append(placement)
    assert placed[1].new
    assert placed[1].follows == placed[0].event_id


def test_a_report_without_a_date_that_is_seen_late_still_joins() -> None:
    late = report("Cognition 发布全球首个 AI 软件工程师 Devin", hours=24 * 9)
    undated = late.model_copy(update={"published_at": None, "published_precision": "unknown"})
    first = report("Cognition 推出全球首个 AI 软件工程师 Devin")
    one, other = events_of(first, undated)
    assert one == other
    one, other = events_of(first, late)
    assert one != other

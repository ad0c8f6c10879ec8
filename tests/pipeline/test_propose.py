"""What a language model may add to tags: names that the text holds and ours left open, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.index import KnowledgeBase
from pipeline import propose
from pipeline.extract import extract
from pipeline.lexicon import Lexicon
from pipeline.records import Document, RawDocument, Tags
from pipeline.tag import tag
from tests.pipeline.founding_week import knowledge as bundled

AT = datetime(2024, 3, 18, 4, tzinfo=UTC)
TITLE = "苹果为杀入AI领域低调收购，iOS 18要有大动作"
TEXT = "苹果今年已买下多家公司。开源的 Devin 也引人注目，英伟达没有评论。"


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return bundled()


def document(title: str = TITLE, text: str = TEXT) -> Document:
    return extract(RawDocument(source_id="daily", title=title, text=text, published_at=AT, first_seen_at=AT))


def bare(document: Document, **given: object) -> Tags:
    """Tags that hold nothing yet, of a document about AI."""
    return Tags(document_id=document.id, relevant=True, **given)


def heard(answer: object, knowledge: KnowledgeBase, of: Document | None = None, tags: Tags | None = None) -> Tags:
    of = of or document()
    said = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return propose.read_answer(said, of, tags or bare(of), knowledge)


def test_the_question_holds_the_article_and_the_names_left_open_and_no_more(knowledge: KnowledgeBase) -> None:
    asked = propose.question(document(), bare(document()), knowledge)
    assert asked is not None
    material = json.loads(asked.material)
    assert (material["title"], material["text"]) == (TITLE, TEXT)
    assert {"kind": "company", "id": "apple", "words": "苹果"} in material["names"]
    assert {"kind": "product", "id": "devin", "words": "Devin"} in material["names"]
    assert "daily" not in asked.material
    assert TITLE not in asked.rules


def test_nothing_is_asked_where_our_own_reading_leaves_nothing_open(knowledge: KnowledgeBase) -> None:
    known = document("OpenAI releases GPT-5", "OpenAI released GPT-5, a language model, today.")
    assert propose.question(known, tag(known, Lexicon(knowledge)), knowledge) is None


def test_a_name_that_the_text_holds_is_taken_as_mentioned_by_the_model(knowledge: KnowledgeBase) -> None:
    tags = heard({"companies": [{"id": "apple", "quote": "苹果为杀入AI领域低调收购"}]}, knowledge)
    (added,) = tags.companies
    assert (added.id, added.quote, added.role, added.rule) == ("apple", "苹果", "mentioned", "model")
    assert tags.proposed == ("company:apple",)


@pytest.mark.parametrize(
    "claim",
    [
        {"id": "apple", "quote": "苹果收购了OpenAI"},  # words that nobody wrote
        {"id": "apple", "quote": "今年已买下多家公司"},  # words of the text that do not name it
        {"id": "tesla", "quote": "苹果今年"},  # a company that is not there
        {"id": "canary-labs", "quote": "苹果今年"},  # a company that is nowhere
        {"id": "NASDAQ:AAPL", "quote": "苹果今年"},
        {"id": "devin", "quote": "Devin"},  # a product is no company
        {"id": "apple", "quote": ""},
        {"id": ["apple"], "quote": "苹果"},
        {"id": "apple", "quote": {"苹果": 1}},
        {"id": "apple"},
        "apple",
        None,
        7,
    ],
)
def test_a_claim_that_the_text_does_not_bear_out_is_not_taken(claim: object, knowledge: KnowledgeBase) -> None:
    tags = heard(
        {"companies": [claim], "products": [claim] if claim != {"id": "devin", "quote": "Devin"} else []}, knowledge
    )
    assert (tags.companies, tags.products, tags.proposed) == ((), (), ())


def test_ours_stay_first_and_as_they_are_whatever_the_answer_says(knowledge: KnowledgeBase) -> None:
    of = document()
    ours = tag(of, Lexicon(knowledge))
    lie = {
        "companies": [{"id": "nvidia", "quote": "英伟达", "relevance": 100}, {"id": "apple", "quote": "苹果今年"}],
        "products": [],
        "event_type": {"id": "funding", "quote": "苹果为杀入AI领域低调收购"},
        "modalities": {"output": [{"id": "video", "quote": "多家公司"}]},
        "relevant": False,
        "certainty": "rumour",
        "securities": [{"id": "NASDAQ:AAPL", "quote": "苹果"}],
    }
    tags = heard(lie, knowledge, of, ours)
    assert tags.companies[: len(ours.companies)] == ours.companies
    assert all(c.rule == "model" for c in tags.companies[len(ours.companies) :])
    kept = ("relevant", "reason", "certainty", "securities", "event_type", "event_type_quote", "layer")
    assert [getattr(tags, name) for name in kept] == [getattr(ours, name) for name in kept]


def test_a_name_inside_a_longer_one_is_not_put_to_the_model(knowledge: KnowledgeBase) -> None:
    of = document("Google DeepMind says AI will help", "The people of Google DeepMind agree.")
    assert heard({"companies": [{"id": "google", "quote": "Google DeepMind"}]}, knowledge, of).companies == ()


def test_a_word_that_merely_looks_like_a_name_in_small_letters_is_not_one(knowledge: KnowledgeBase) -> None:
    of = document("AI and the meta level", "A meta analysis of apple growing with AI.")
    lie = {"companies": [{"id": "meta", "quote": "meta level"}, {"id": "apple", "quote": "apple growing"}]}
    assert heard(lie, knowledge, of).companies == ()


def test_the_type_is_taken_only_where_no_word_showed_ours(knowledge: KnowledgeBase) -> None:
    claim = {
        "event_type": {"id": "acquisition", "quote": "苹果为杀入AI领域低调收购"},
        "companies": [{"id": "apple", "quote": "苹果"}],
    }
    assert heard(claim, knowledge).event_type == "acquisition"
    shown = bare(document(), event_type="funding", event_type_quote="融资")
    assert heard(claim, knowledge, tags=shown).event_type == "funding"
    rumoured = bare(document(), certainty="rumour")
    assert heard(claim, knowledge, tags=rumoured).event_type == "product_launch"


@pytest.mark.parametrize(
    ("type_", "quote"),
    [
        ("acquisition", "苹果"),  # a name alone tells of no deed
        ("acquisition", "今年已买下多家公司"),  # and a deed of nobody's is no event
        ("apocalypse", "苹果为杀入AI领域低调收购"),
        ("rumor", "苹果为杀入AI领域低调收购"),
    ],
)
def test_a_type_without_who_and_what_or_that_nobody_knows_is_not_taken(
    type_: str, quote: str, knowledge: KnowledgeBase
) -> None:
    lie = {"event_type": {"id": type_, "quote": quote}, "companies": [{"id": "apple", "quote": "苹果"}]}
    tags = heard(lie, knowledge)
    assert (tags.event_type, tags.event_type_quote) == ("product_launch", "")


def test_modalities_are_taken_only_where_nothing_told_ours(knowledge: KnowledgeBase) -> None:
    claim = {
        "modalities": {"output": [{"id": "code", "quote": "开源的 Devin"}, {"id": "smell", "quote": "开源的 Devin"}]}
    }
    assert heard(claim, knowledge).modalities.output == ("code",)
    told = bare(document(), modalities={"input": (), "output": ("text",)})
    assert heard(claim, knowledge, tags=told).modalities.output == ("text",)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "null",
        "[]",
        "{}}",
        "CANARY",
        '{"companies": 7}',
        "[" * 100_000,
        '{"a":' * 3_000 + "}" * 3_000,
        "{" + "9" * 19_000 + "}",
    ],
)
def test_a_broken_answer_adds_nothing(said: str, knowledge: KnowledgeBase) -> None:
    assert heard(said, knowledge) == bare(document())


def test_an_answer_in_a_code_fence_is_read(knowledge: KnowledgeBase) -> None:
    said = 'Sure!\n```json\n{"products": [{"id": "devin", "quote": "开源的 Devin 也"}]}\n```'
    assert [p.id for p in heard(said, knowledge).products] == ["devin"]


_WORDS = st.sampled_from(
    [
        "companies",
        "products",
        "event_type",
        "modalities",
        "id",
        "quote",
        "output",
        "apple",
        "devin",
        "苹果",
        "CANARY",
        "acquisition",
        "video",
        TITLE,
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        _WORDS | st.text(max_size=8) | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=5),
    )
)
def test_whatever_is_answered_only_words_of_the_article_and_known_ids_come_of_it(answer: object) -> None:
    base, of = bundled(), document()
    tags = heard({"companies": [answer], **(answer if isinstance(answer, dict) else {})}, base, of)
    article = f"{of.title}\n{of.text}"
    assert all(c.id in base.companies and c.quote in article for c in tags.companies)
    assert all(p.id in base.products and p.quote in article for p in tags.products)
    assert tags.event_type in base.event_types
    assert tags.event_type_quote in article
    assert "CANARY" not in tags.model_dump_json()

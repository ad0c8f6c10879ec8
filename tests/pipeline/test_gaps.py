"""Ties and names that the knowledge base lacks, shown by sentences of stored news."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pytest

from knowledge.index import KnowledgeBase
from knowledge.load import load
from knowledge.schema import EventType, Relation, Taxonomy, WordGroup
from pipeline import gaps
from pipeline.records import CompanyTag, ProductTag, SecurityTag
from tests.factories import (
    make_company,
    make_document,
    make_knowledge,
    make_relation,
    make_security,
    make_tags,
)

LISTED = [make_relation("acme", "is_listed_as", "NASDAQ:ACME"), make_relation("umbra", "is_listed_as", "NYSE:UMB")]


def knowledge(relations: Iterable[Relation] = ()) -> KnowledgeBase:
    """A laboratory, two issuers, a stock without a company, and words of deals and news."""
    base = make_knowledge(
        companies=[make_company(name, name_en=name.title()) for name in ("lab", "acme", "umbra")]
        + [make_company("acme-research", name_en="Acme Research", parent="acme")],
        securities=[
            make_security("NASDAQ:ACME", "acme"),
            make_security("NYSE:UMB", "umbra"),
            make_security("300364.SZ"),
        ],
        relations=[*LISTED, *relations],
    )
    deal = EventType(
        id="funding", name_zh="融资", name_en="funding", strong_en=("invests",), strong_zh=("领投",), weight=1
    )
    words = (
        WordGroup(id="release", words_zh=("发布", "推出"), words_en=("launches", "releases")),
        WordGroup(id="act", words_zh=("获", "完成")),
        WordGroup(id="tie", words_zh=("领投", "合作"), words_en=("invests",)),
        WordGroup(id="not_names", words_en=("The", "New")),
    )
    base.event_types = {"funding": deal}
    base.taxonomy = Taxonomy(event_types=(deal,), modalities=(), fact_kinds=(), relation_kinds=(), words=words)
    return base


def told(title: str, text: str = "", event: str = "e1", **tags: object) -> gaps.Told:
    """A document of an event, tagged with the companies whose names stand in it."""
    whole = f"{title} {text}"
    names = {"Lab": "lab", "Acme Research": "acme-research", "Acme": "acme", "Umbra": "umbra"}
    companies = [
        CompanyTag(id=id, relevance=90 - 10 * n, quote=name)
        for n, (name, id) in enumerate(names.items())
        if name in whole
    ]
    document = make_document(f"d-{event}", title, text, source_id=f"s-{event}")
    return gaps.Told(
        event_id=event, document=document, tags=make_tags(f"d-{event}", **{"companies": companies, **tags})
    )


def test_a_company_and_an_issuer_in_one_sentence_are_a_candidate_with_its_words() -> None:
    news = [told("News", "Acme invests in Lab. Nothing else."), told("Lab and Acme meet", event="e2")]
    (tie,) = gaps.ties(news, knowledge())
    assert (tie.company, tie.securities) == ("lab", ("NASDAQ:ACME",))
    assert (tie.events, tie.sentences, tie.deals) == (2, 2, 1)
    assert [q.words for q in tie.quotes] == ["Acme invests in Lab.", "Lab and Acme meet"]
    assert tie.quotes[0].document_id == "d-e1"


def test_names_in_different_sentences_are_none() -> None:
    assert gaps.ties([told("News", "Lab grows. Acme shrinks.")], knowledge()) == []


def test_a_tie_that_the_base_has_is_none_whatever_its_kind_date_or_direction() -> None:
    news = [told("Acme invests in Lab")]
    assert gaps.ties(news, knowledge([make_relation("lab", "partner", "NASDAQ:ACME", valid_to="2001")])) == []
    both = [told("Acme and Umbra meet")]
    assert len(gaps.ties(both, knowledge())) == 1
    assert gaps.ties(both, knowledge([make_relation("umbra", "customer", "NASDAQ:ACME")])) == []


def test_a_unit_and_its_own_issuer_are_none() -> None:
    assert gaps.ties([told("Acme Research leaves Acme")], knowledge()) == []


def test_a_stock_named_in_the_sentence_is_a_candidate_though_its_issuer_is_unknown() -> None:
    tag = SecurityTag(id="300364.SZ", quote="中文在线")
    (tie,) = gaps.ties([told("中文在线与Lab合作", securities=(tag,))], knowledge())
    assert tie.securities == ("300364.SZ",)


def test_a_list_of_names_shows_no_tie() -> None:
    stocks = [SecurityTag(id="300364.SZ", quote=f"股{n}") for n in range(5)]
    assert gaps.ties([told("Lab 股0 股1 股2 股3 股4", securities=stocks)], knowledge()) == []


def test_a_name_inside_a_longer_word_is_not_it() -> None:
    assert (
        gaps.ties([told("Label and Acme", companies=(CompanyTag(id="lab", relevance=90, quote="Lab"),))], knowledge())
        == []
    )


def test_words_of_a_deal_come_before_mere_company() -> None:
    news = [told("Acme meets Lab", event=f"e{n}") for n in range(3)] + [told("Umbra invests in Lab", event="e9")]
    assert [tie.securities for tie in gaps.ties(news, knowledge())] == [("NYSE:UMB",), ("NASDAQ:ACME",)]


def test_a_product_of_no_row_is_a_name_with_its_maker() -> None:
    tag = ProductTag(name="Zeta-7B", quote="Zeta-7B", company="lab")
    news = [told("Lab launches Zeta-7B", event=f"e{n}", products=(tag,)) for n in (1, 2)]
    (name,) = gaps.names(news, knowledge())
    assert (name.kind, name.name, name.company, name.documents, name.sources) == ("product", "Zeta-7B", "lab", 2, 2)
    assert name.quotes[0].words == "Lab launches Zeta-7B"


def test_a_piece_of_an_address_is_no_product() -> None:
    tag = ProductTag(name="zeta.ai", quote="zeta.ai")
    assert gaps.names([told("News", "See https://zeta.ai/blog for more", products=(tag,))], knowledge()) == []


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("星河智能发布新一代大模型", "星河智能"),
        ("「云起无垠」获数千万元融资｜首发", "云起无垠"),
        ("快讯｜星河智能推出应用", "星河智能"),
        ("Zeta Labs launches a model", "Zeta Labs"),
        ("Robots: Zeta Labs releases one", "Zeta Labs"),
    ],
)
def test_what_announces_in_a_headline_and_is_unknown_is_a_company(title: str, name: str) -> None:
    assert [(n.kind, n.name) for n in gaps.names([told(title)], knowledge())] == [("company", name)]


@pytest.mark.parametrize(
    "title",
    [
        "Acme launches a model",
        "Acme Japan launches a model",
        "The company launches a model",
        "最强的模型发布",
        "Zeta Labs is quiet",
        "",
        "「」发布「",
    ],
)
def test_known_names_and_common_words_are_no_companies(title: str) -> None:
    assert gaps.names([told(title)], knowledge()) == []


def test_a_publisher_is_no_company_to_add() -> None:
    one = told("星河快报发布榜单")
    ours = one.model_copy(update={"document": one.document.model_copy(update={"source_name": "星河快报"})})
    assert gaps.names([ours], knowledge()) == []


@cache
def bundled() -> KnowledgeBase:
    return load()


def test_the_bundled_words_find_a_new_company_and_leave_known_ones() -> None:
    news = [
        told("星环量子正式发布大模型"),
        told("OpenAI releases GPT-9", event="e2"),
        told("阿里通义发布新模型", event="e3"),
    ]
    assert [n.name for n in gaps.names(news, bundled())] == ["星环量子"]


@pytest.mark.parametrize(
    ("sentence", "joined"),
    [
        ("Acme领投Umbra", True),
        ("Acme与Umbra合作开发芯片", True),
        ("Acme and Umbra are rivals", False),
        ("领投的有Acme、Lab、Umbra", False),
        ("Acme领投Lab后，Umbra上市", False),
        ("Acme领投Lab给Umbra", False),
    ],
)
def test_a_tie_is_told_where_its_word_joins_the_two_names_and_no_third(sentence: str, joined: bool) -> None:
    words = re.compile("领投|合作")
    assert gaps.are_joined(sentence, "Acme", "Umbra", words, others=["Lab"]) is joined


def test_two_issuers_are_one_candidate_whoever_comes_first() -> None:
    one, other = told("Acme invests in Umbra"), told("Umbra and Acme", event="e2")
    turned = other.model_copy(
        update={"tags": other.tags.model_copy(update={"companies": tuple(reversed(other.tags.companies))})}
    )
    (tie,) = gaps.ties([one, turned], knowledge())
    assert (tie.events, tie.deals) == (2, 1)

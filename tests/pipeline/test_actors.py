"""Who an event is about: what the headline says, what only passes by, and who is but a place."""

from __future__ import annotations

import pytest

from knowledge.index import KnowledgeBase
from knowledge.schema import Taxonomy, WordGroup
from pipeline.actors import actors
from pipeline.records import CompanyTag, Event
from tests.factories import make_company, make_event, make_knowledge, make_report

WORLD: KnowledgeBase = make_knowledge(companies=[make_company("lab"), make_company("chat")])


def an_event(title: str, *tags: CompanyTag) -> Event:
    return make_event(reports=(make_report("d", title=title),)).model_copy(update={"companies": tags})


def tag(company: str, relevance: int, quote: str, role: str = "actor", rule: str = "name") -> CompanyTag:
    return CompanyTag.model_validate(
        {"id": company, "relevance": relevance, "role": role, "quote": quote, "rule": rule}
    )


def names(event: Event) -> list[str]:
    return [actor.company for actor in actors(event, WORLD)]


def test_a_place_where_something_was_posted_is_no_actor_unless_the_headline_is_about_it() -> None:
    place = tag("chat", 65, "微信", rule="venue")
    assert names(an_event("召回的三款产品均未在中国上市", place)) == []
    assert names(an_event("AI社交来了，微信慌了吗", place)) == ["chat"]


def test_an_actor_that_the_headline_does_not_name_must_be_surer() -> None:
    assert names(an_event("欧洲通过人工智能法案", tag("lab", 44, "实验室"))) == []
    assert names(an_event("实验室的一天", tag("lab", 44, "实验室"))) == ["lab"]
    assert names(an_event("", tag("lab", 44, "实验室"))) == ["lab"]


def test_a_second_company_in_the_headline_counts_by_its_name_but_not_by_its_product() -> None:
    first = tag("lab", 90, "实验室")
    named = tag("chat", 62, "Temu", role="mentioned")
    shown = tag("chat", 66, "Temu", role="mentioned", rule="product")
    assert names(an_event("实验室之后，是Temu吗", first, named)) == ["lab", "chat"]
    assert names(an_event("实验室之后，是Temu吗", first, shown)) == ["lab"]
    assert names(an_event("实验室之后是谁", first, named)) == ["lab"]


def test_a_product_that_the_headline_does_not_name_makes_no_actor_of_its_maker_but_a_unit_s_name_does() -> None:
    shown = tag("lab", 55, "Lab-0.5B", rule="product")
    assert names(an_event("Fine-tuning raises the bar", shown)) == []
    assert names(an_event("Lab-0.5B is out", shown)) == ["lab"]
    group, unit = tag("lab", 55, "Deep Unit", rule="group"), tag("chat", 55, "Deep Unit", role="mentioned")
    assert names(an_event("Knighthood for services to AI", group, unit)) == ["lab"]


@pytest.mark.parametrize(
    ("headline", "rule", "acts"),
    [
        ("我在面试中用 Chatty 作弊", "product", False),
        ("学术圈险被Chatty论文攻陷", "product", False),
        ("Chatty 被用来作弊", "product", True),
        ("Chatty 再次开放注册", "product", True),
        ("被 Chatty 收购", "name", True),
        ("对标国防平台Chatty，新公司完成融资", "name", False),
        ("「手撕」Chatty 后宣布开源", "name", False),
        ("OpenCoder Rivals Chatty", "product", False),
        ("超越GPT-9，Chatty成新王", "product", True),
    ],
)
def test_what_a_headline_has_only_as_a_tool_or_a_measure_does_not_act(headline: str, rule: str, acts: bool) -> None:
    groups = (
        WordGroup(id="used", words_zh=("用", "被")),
        WordGroup(id="measure", words_zh=("对标", "手撕", "超越"), words_en=("rivals",)),
    )
    taxonomy = Taxonomy(event_types=(), modalities=(), fact_kinds=(), relation_kinds=(), words=groups)
    world = make_knowledge(companies=[make_company("chat")], taxonomy=taxonomy)
    found = actors(an_event(headline, tag("chat", 90, "Chatty", rule=rule)), world)
    assert bool(found) is acts

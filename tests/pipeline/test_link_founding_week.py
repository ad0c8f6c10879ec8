"""The founding week against the reviewed facts themselves: Kimi takes two million characters, and who traded on it."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.link import link
from pipeline.records import CompanyTag, Event, EventFact, Modalities, ProductTag
from tests.factories import make_event

CONTENT_NAMES = {"300364.SZ", "603533.SH", "300133.SZ"}
AFTER = date(2024, 3, 25)
BEFORE = date(2024, 3, 1)


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return load()


@pytest.fixture
def kimi() -> Event:
    return make_event(
        companies=(CompanyTag(id="moonshot-ai", relevance=92, role="actor", quote="月之暗面"),),
        products=(ProductTag(name="Kimi", id="kimi", family="kimi", quote="Kimi"),),
        event_type="model_update",
        modalities=Modalities(input=("text",), output=("text",)),
        facts=(
            EventFact(kind="context_length", value=2_000_000, unit="characters", quote="200万字", document_id="d1"),
            EventFact(
                kind="context_length",
                value=200_000,
                unit="characters",
                quote="20万汉字",
                document_id="d1",
                comparison=True,
            ),
        ),
    )


def test_the_content_names_are_linked_as_concepts_with_reasons_and_low_confidence(
    knowledge: KnowledgeBase, kimi: Event
) -> None:
    links = {one.security_id: one for one in link(kimi, knowledge, AFTER)}
    assert set(links) >= CONTENT_NAMES
    for name in CONTENT_NAMES:
        one = links[name]
        assert (one.direct, one.relation, one.concept) == (False, "concept", "kimi")
        assert one.confidence < 0.5
        assert "月之暗面" in one.reason.zh
        assert "Moonshot AI" in one.reason.en
        assert one.evidence


def test_no_concept_is_linked_before_it_was_one(knowledge: KnowledgeBase, kimi: Event) -> None:
    links = link(kimi, knowledge, BEFORE)
    assert links
    assert not [one for one in links if one.concept]
    assert CONTENT_NAMES.isdisjoint(one.security_id for one in links)


def test_an_investor_of_two_months_later_is_not_yet_one(knowledge: KnowledgeBase, kimi: Event) -> None:
    tencent = {one.security_id for one in link(kimi, knowledge, date(2024, 6, 30))} & {"00700.HK"}
    assert tencent
    assert "00700.HK" not in {one.security_id for one in link(kimi, knowledge, AFTER)}


def test_no_reason_speaks_of_what_came_after(knowledge: KnowledgeBase, kimi: Event) -> None:
    for one in link(kimi, knowledge, date(2024, 4, 1)):
        assert not any(year in one.reason.en + one.reason.zh for year in ("2025", "2026"))


def test_an_openai_event_without_sora_links_no_sora_concept(knowledge: KnowledgeBase) -> None:
    price_cut = make_event("openai", event_type="pricing_change")
    assert not [one for one in link(price_cut, knowledge, AFTER) if one.concept == "sora"]


def test_the_four_lists_of_the_founding_report_stand_as_of_its_day(knowledge: KnowledgeBase) -> None:
    lists = {
        name: {(member.security, member.stance) for member in knowledge.members(name, AFTER)}
        for name in knowledge.framework.theme_order
    }
    assert lists == {
        "ai": {("300609.SZ", "watch"), ("300418.SZ", "watch"), ("300688.SZ", "recommend")},
        "mr": {("603466.SH", "recommend"), ("300031.SZ", "watch"), ("301313.SZ", "watch")},
        "game-new-mode": {
            ("300494.SZ", "recommend"),
            ("002624.SZ", "recommend"),
            ("002555.SZ", "recommend"),
            ("002919.SZ", "watch"),
        },
        "film-tv-new-mode": {
            ("300364.SZ", "watch"),
            ("601595.SH", "watch"),
            ("300251.SZ", "watch"),
            ("300133.SZ", "watch"),
        },
    }
    authors = {member.author for name in knowledge.framework.theme_order for member in knowledge.members(name, AFTER)}
    assert authors == {"上海证券"}


def test_no_stance_stands_before_somebody_typed_it(knowledge: KnowledgeBase) -> None:
    assert [knowledge.members(name, date(2024, 3, 24)) for name in knowledge.framework.theme_order] == [[], [], [], []]

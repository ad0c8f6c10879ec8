"""Links on small made-up worlds: what is direct, what leads where, how strong, why, and as known on which day."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge.index import KnowledgeBase
from knowledge.schema import Concept, Taxonomy, WordGroup
from pipeline.link import DIRECT_FLOOR, INDIRECT_CAP, MOST_INDIRECT, link
from pipeline.records import CompanyTag, ProductTag, SecurityTag
from tests.factories import (
    make_company,
    make_event,
    make_kind,
    make_knowledge,
    make_relation,
    make_report,
    make_security,
)

ON = date(2024, 3, 25)
KINDS = [
    make_kind("is_listed_as", 1.0),
    make_kind("subsidiary_of", 0.9, leads_to=("hardware_supplier",)),
    make_kind("investor", 0.5, name_zh="投资"),
    make_kind("hardware_supplier", 0.6, shelf_life_days=730, leads_to=("hardware_supplier",)),
    make_kind("concept", 0.3, shelf_life_days=180),
]


@pytest.fixture
def world() -> KnowledgeBase:
    """A laboratory with an investor listed twice, a unit of that investor, and its supplier."""
    return make_knowledge(
        kinds=KINDS,
        companies=[
            make_company("lab", name_zh="实验室"),
            make_company("giant", name_zh="巨头"),
            make_company("unit"),
            make_company("chips"),
            make_company("rival"),
        ],
        securities=[
            make_security("09988.HK", "giant"),
            make_security("NYSE:BABA", "giant"),
            make_security("NASDAQ:NVDA", "chips"),
            make_security("300364.SZ"),
            make_security("NYSE:RVL", "rival"),
        ],
        relations=[
            make_relation("giant", "is_listed_as", "09988.HK"),
            make_relation("giant", "is_listed_as", "NYSE:BABA", valid_from="2014-09-19"),
            make_relation("rival", "is_listed_as", "NYSE:RVL"),
            make_relation("unit", "subsidiary_of", "NYSE:BABA", valid_from="2023-04", confidence=0.5),
            make_relation("giant", "hardware_supplier", "NASDAQ:NVDA", valid_from="2024-01-01"),
            make_relation("lab", "investor", "NYSE:BABA", valid_from="2024-02", confidence=0.85),
            make_relation("lab", "concept", "300364.SZ", valid_from="2024-03-18", concept="kimi", confidence=0.4),
        ],
        concepts=[
            Concept(
                id="kimi",
                name_zh="Kimi概念",
                provider="test",
                products=("kimi",),
                source="test",
                as_of=date(2024, 3, 18),
            )
        ],
    )


KIMI = (ProductTag(name="Kimi", id="kimi", family="kimi", quote="Kimi"),)


def test_all_listings_of_the_acting_company_are_direct(world: KnowledgeBase) -> None:
    links = link(make_event("giant"), world, ON)
    assert {one.security_id for one in links if one.direct} == {"09988.HK", "NYSE:BABA"}
    assert {one.relation for one in links if one.direct} == {"issuer"}


def test_a_unit_links_its_owner_directly_and_on_every_listing(world: KnowledgeBase) -> None:
    links = link(make_event("unit"), world, ON)
    assert {(one.security_id, one.relation) for one in links if one.direct} == {
        ("09988.HK", "subsidiary_of"),
        ("NYSE:BABA", "subsidiary_of"),
    }
    assert all(one.confidence == 0.5 for one in links if one.direct)


def test_a_unit_is_no_link_before_it_belonged_to_its_owner(world: KnowledgeBase) -> None:
    assert link(make_event("unit"), world, date(2023, 4, 29)) == []


def test_a_named_security_is_direct_and_brings_its_issuers_other_listings(world: KnowledgeBase) -> None:
    named = SecurityTag(id="09988.HK", quote="9988.HK")
    links = link(make_event(securities=(named,)), world, ON)
    assert [(one.security_id, one.relation, one.direct) for one in links] == [
        ("09988.HK", "named", True),
        ("NYSE:BABA", "issuer", True),
    ]
    assert "9988.HK" in links[0].reason.zh


def test_a_security_named_beside_ranks_below_the_issuer_that_acts(world: KnowledgeBase) -> None:
    beside = CompanyTag(id="rival", relevance=10, role="mentioned", quote="rival")
    event = make_event("giant", securities=(SecurityTag(id="NYSE:RVL", quote="rival"),))
    event = event.model_copy(update={"companies": (*event.companies, beside)})
    assert [one.security_id for one in link(event, world, ON) if one.direct][-1] == "NYSE:RVL"


def test_a_company_merely_mentioned_is_no_link(world: KnowledgeBase) -> None:
    mentioned = CompanyTag(id="rival", relevance=40, role="mentioned", quote="rival")
    links = link(make_event(companies=(mentioned,)), world, ON)
    assert links == []


def test_a_company_that_only_passes_through_a_market_report_is_no_link(world: KnowledgeBase) -> None:
    first = CompanyTag(id="rival", relevance=30, role="actor", quote="rival")
    assert link(make_event(companies=(first,)), world, ON) == []


def test_the_named_other_side_of_a_deal_is_direct_and_a_rival_in_a_release_is_not(world: KnowledgeBase) -> None:
    other = CompanyTag(id="rival", relevance=64, role="mentioned", quote="rival", rule="name")
    deal = make_event("lab", event_type="partnership")
    deal = deal.model_copy(update={"companies": (*deal.companies, other)})
    assert "NYSE:RVL" in {one.security_id for one in link(deal, world, ON) if one.direct}
    release = deal.model_copy(update={"event_type": "model_release"})
    assert "NYSE:RVL" not in {one.security_id for one in link(release, world, ON)}
    by_product = other.model_copy(update={"rule": "product"})
    shown = deal.model_copy(update={"companies": (*deal.companies[:1], by_product)})
    assert "NYSE:RVL" not in {one.security_id for one in link(shown, world, ON)}


def test_an_investor_is_indirect_and_below_every_direct_link(world: KnowledgeBase) -> None:
    event = make_event("lab", "rival")
    links = link(event, world, ON)
    assert [one.direct for one in links] == sorted((one.direct for one in links), reverse=True)
    investor = next(one for one in links if one.security_id == "NYSE:BABA")
    assert not investor.direct
    assert investor.weight <= INDIRECT_CAP < DIRECT_FLOOR
    assert investor.weight == pytest.approx(0.5 * 0.85)


def test_the_reason_is_composed_from_the_path_in_both_languages(world: KnowledgeBase) -> None:
    investor = next(one for one in link(make_event("lab"), world, ON) if one.security_id == "NYSE:BABA")
    assert investor.reason.zh == "实验室 ← 巨头 NYSE:BABA 投资（2024-02 起，来源：example.com）"
    assert investor.reason.en == "lab ← giant NYSE:BABA: investor (since 2024-02; source: example.com)"
    assert investor.evidence == ("https://example.com/tie",)
    assert investor.as_of == ON
    assert investor.path == ("lab", "lab/investor/NYSE:BABA")


def test_an_investor_does_not_bring_its_own_suppliers(world: KnowledgeBase) -> None:
    assert "NASDAQ:NVDA" not in {one.security_id for one in link(make_event("lab"), world, ON)}


def test_a_unit_brings_its_owners_suppliers_by_two_steps(world: KnowledgeBase) -> None:
    supplier = next(one for one in link(make_event("unit"), world, ON) if one.security_id == "NASDAQ:NVDA")
    assert not supplier.direct
    assert len(supplier.path) == 3
    assert supplier.relation == "hardware_supplier"
    assert supplier.weight < 0.9 * 0.6


def test_a_concept_links_only_events_of_its_product(world: KnowledgeBase) -> None:
    assert "300364.SZ" in {one.security_id for one in link(make_event("lab", products=KIMI), world, ON)}
    assert "300364.SZ" not in {one.security_id for one in link(make_event("lab"), world, ON)}


def test_a_concept_keeps_its_low_confidence_and_says_so(world: KnowledgeBase) -> None:
    concept = next(one for one in link(make_event("lab", products=KIMI), world, ON) if one.concept)
    assert concept.confidence == 0.4
    assert "置信度低 0.40" in concept.reason.zh
    assert "low confidence 0.40" in concept.reason.en


def test_a_tie_weighs_half_after_its_shelf_life(world: KnowledgeBase) -> None:
    def weight(on: date) -> float:
        return next(one.weight for one in link(make_event("giant"), world, on) if one.security_id == "NASDAQ:NVDA")

    assert weight(date(2024, 1, 1)) == pytest.approx(0.6)
    assert weight(date(2025, 12, 31)) == pytest.approx(0.3, abs=1e-3)


def test_an_old_tie_keeps_what_its_kind_lets_last_while_it_holds() -> None:
    tie = make_relation("lab", "cloud", "NASDAQ:MSFT", valid_from="2019-07")
    world = make_knowledge(
        kinds=[make_kind("cloud", 0.6, shelf_life_days=365, lasting=0.4)],
        companies=[make_company("lab")],
        securities=[make_security("NASDAQ:MSFT")],
        relations=[tie],
    )
    assert [one.weight for one in link(make_event("lab"), world, ON)] == [pytest.approx(0.24)]


def test_a_product_named_in_passing_brings_no_concept(world: KnowledgeBase) -> None:
    passing = (KIMI[0].model_copy(update={"relevance": 32}),)
    assert "300364.SZ" not in {one.security_id for one in link(make_event("lab", products=passing), world, ON)}


def test_a_later_confirmation_makes_a_tie_fresh_only_once_it_is_made() -> None:
    tie = make_relation(
        "lab", "concept", "300364.SZ", valid_from="2023-01-01", as_of=date(2024, 3, 1), what="seen again in March"
    )
    world = make_knowledge(
        kinds=KINDS, companies=[make_company("lab")], securities=[make_security("300364.SZ")], relations=[tie]
    )
    before, after = (link(make_event("lab"), world, on)[0] for on in (date(2024, 2, 29), date(2024, 3, 1)))
    assert before.weight < 0.1 < after.weight == pytest.approx(0.3)
    assert "seen again" not in before.reason.en
    assert "seen again" in after.reason.en


def test_two_paths_to_one_security_collapse_to_the_stronger_which_names_the_other() -> None:
    world = make_knowledge(
        kinds=KINDS,
        companies=[make_company("lab")],
        securities=[make_security("002432.SZ")],
        relations=[
            make_relation("lab", "investor", "002432.SZ"),
            make_relation("lab", "concept", "002432.SZ", issuer_denied=True, source=("https://example.com/denial",)),
        ],
    )
    only = link(make_event("lab"), world, ON)
    assert [one.relation for one in only] == ["investor"]
    assert "concept" in only[0].reason.en
    assert "denied by the issuer" in only[0].reason.en
    assert only[0].issuer_denied
    assert only[0].evidence == ("https://example.com/tie", "https://example.com/denial")


def test_a_tie_known_later_is_not_used_before(world: KnowledgeBase) -> None:
    late = make_relation("lab", "investor", "NASDAQ:NVDA", valid_from="2023-07", known_from="2024-06-01")
    world = make_knowledge(
        kinds=KINDS, companies=[make_company("lab")], securities=[make_security("NASDAQ:NVDA")], relations=[late]
    )
    assert link(make_event("lab"), world, ON) == []
    assert link(make_event("lab"), world, ON, known_by=date(2024, 6, 1)) != []
    assert link(make_event("lab"), world, date(2024, 7, 1), known_by=date(2024, 5, 1)) == []


def test_a_security_is_no_link_before_it_trades() -> None:
    world = make_knowledge(
        kinds=KINDS,
        companies=[make_company("rockets"), make_company("unit")],
        securities=[make_security("NASDAQ:SPCX", "rockets", listed_from="2024-06")],
        relations=[make_relation("unit", "subsidiary_of", "NASDAQ:SPCX", valid_from="2024-01-01")],
    )
    assert link(make_event("unit"), world, date(2024, 6, 29)) == []
    assert [one.security_id for one in link(make_event("unit"), world, date(2024, 6, 30))] == ["NASDAQ:SPCX"]


def test_companies_and_securities_that_nobody_knows_are_no_error(world: KnowledgeBase) -> None:
    event = make_event("nobody", securities=(SecurityTag(id="999999.SZ", quote="999999"),))
    assert [(one.security_id, bool(one.evidence)) for one in link(event, world, ON)] == [("999999.SZ", True)]


def test_only_a_sure_actor_s_ties_are_followed(world: KnowledgeBase) -> None:
    def kinds(relevance: int) -> set[bool]:
        tag = CompanyTag(id="giant", relevance=relevance, role="actor", quote="giant")
        return {one.direct for one in link(make_event(companies=(tag,)), world, ON)}

    assert kinds(80) == {True, False}
    assert kinds(45) == {True}
    assert kinds(30) == set()


def test_what_an_evaluator_measures_counts_like_the_actor_though_only_its_product_is_named() -> None:
    world = make_knowledge(
        kinds=KINDS,
        companies=[make_company("arena", type="eval"), make_company("maker"), make_company("giant")],
        securities=[make_security("NYSE:BABA", "giant")],
        relations=[make_relation("maker", "investor", "NYSE:BABA", valid_from="2024-02")],
    )

    def linked(first: str) -> list[str]:
        tags = (
            CompanyTag(id=first, relevance=94, role="actor", quote=first),
            CompanyTag(id="maker", relevance=75, quote="Model 3", rule="product"),
        )
        return [one.security_id for one in link(make_event(companies=tags), world, ON)]

    assert linked("arena") == ["NYSE:BABA"]
    assert linked("giant") == []


@pytest.fixture
def market() -> KnowledgeBase:
    """A listed company with a supplier, and the words of market wraps and round-ups."""
    words = (
        WordGroup(id="wrap", words_zh=("美股",)),
        WordGroup(id="market", words_zh=("美股", "收跌")),
        WordGroup(id="roundup", words_zh=("晚报",)),
    )
    return make_knowledge(
        companies=[make_company("giant"), make_company("chips")],
        securities=[make_security("NYSE:BABA", "giant"), make_security("NASDAQ:NVDA", "chips")],
        relations=[
            make_relation("giant", "is_listed_as", "NYSE:BABA"),
            make_relation("giant", "hardware_supplier", "NASDAQ:NVDA", valid_from="2024-01-01"),
        ],
        taxonomy=Taxonomy(event_types=(), modalities=(), fact_kinds=(), relation_kinds=tuple(KINDS), words=words),
    )


@pytest.mark.parametrize("headline", ["美股三大指数收跌，巨头跌超2%", "某晚报：巨头建新楼；又一家公司上市"])
def test_a_market_wrap_or_a_round_up_leads_to_no_supplier(headline: str, market: KnowledgeBase) -> None:
    gathered = link(make_event("giant", reports=(make_report(title=headline),)), market, ON)
    assert {one.security_id for one in gathered} == {"NYSE:BABA"}


def test_one_report_that_tells_of_the_company_itself_opens_its_ties_again(market: KnowledgeBase) -> None:
    reports = (make_report("d1", title="美股收跌"), make_report("d2", title="巨头发布新模型"))
    assert {one.security_id for one in link(make_event("giant", reports=reports), market, ON)} == {
        "NYSE:BABA",
        "NASDAQ:NVDA",
    }


def test_who_is_only_named_beside_the_actor_of_a_release_is_linked_without_its_suppliers(world: KnowledgeBase) -> None:
    tags = (
        CompanyTag(id="rival", relevance=94, role="actor", quote="rival"),
        CompanyTag(id="giant", relevance=85, quote="giant", rule="name"),
    )

    def linked(event_type: str) -> set[str]:
        return {one.security_id for one in link(make_event(companies=tags, event_type=event_type), world, ON)}

    assert linked("partnership") - linked("model_release") == {"NASDAQ:NVDA"}
    assert "NYSE:BABA" in linked("model_release")


def test_an_event_keeps_only_its_strongest_indirect_links() -> None:
    ids = [f"NYSE:S{number}" for number in range(MOST_INDIRECT + 5)]
    world = make_knowledge(
        kinds=KINDS,
        companies=[make_company("lab")],
        securities=[make_security(one) for one in ids],
        relations=[
            make_relation("lab", "investor", one, confidence=0.4 + number / 100) for number, one in enumerate(ids)
        ],
    )
    links = link(make_event("lab"), world, ON)
    assert [one.security_id for one in links] == list(reversed(ids))[:MOST_INDIRECT]

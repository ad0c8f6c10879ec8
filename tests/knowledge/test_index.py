"""Look-ups as of a date: what held on a day and was known by then, and never what came later."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.index import KnowledgeBase, first_day, holds, last_day
from knowledge.load import load
from knowledge.schema import Member, Relation

BUNDLED = load()
DAYS = st.dates(date(2020, 1, 1), date(2027, 12, 31))
KINDS = ("is_listed_as", "investor", "concept", "partner")
SECURITIES = ("300364.SZ", "00700.HK", "NASDAQ:NVDA")


def relation(**fields: object) -> Relation:
    """A tie of Kimi's maker to a listed company, always held unless a test says otherwise."""
    given = {"company": "moonshot-ai", "security": "300364.SZ", "kind": "concept", **fields}
    return Relation.model_validate(
        {
            "id": f"{given['company']}/{given['kind']}/{given['security']}",
            "strength": "medium",
            "what": "a tie",
            "confidence": 0.5,
            "source": ("a test",),
            "verification": "read",
            "as_of": "2026-01-01",
            **given,
        }
    )


def base(*relations: Relation) -> KnowledgeBase:
    """The bundled base with other relations."""
    return KnowledgeBase(
        version="test",
        companies=BUNDLED.companies.values(),
        products=BUNDLED.products.values(),
        securities=[BUNDLED.securities[s] for s in SECURITIES],
        relations=relations,
        themes=BUNDLED.themes.values(),
        framework=BUNDLED.framework,
        concepts=BUNDLED.concepts.values(),
        lenses=BUNDLED.lenses.values(),
        taxonomy=BUNDLED.taxonomy,
    )


@st.composite
def partial_dates(draw: st.DrawFn) -> str:
    """A day, its month or its year."""
    return draw(DAYS).isoformat()[: draw(st.sampled_from((4, 7, 10)))]


@st.composite
def relations(draw: st.DrawFn) -> Relation:
    """Any dated tie of one company."""
    return relation(
        kind=draw(st.sampled_from(KINDS)),
        security=draw(st.sampled_from(SECURITIES)),
        valid_from=draw(st.none() | partial_dates()),
        valid_to=draw(st.none() | partial_dates()),
        known_from=draw(st.none() | partial_dates()),
    )


def answers(knowledge: KnowledgeBase, on: date) -> list[object]:
    """All that the base says of the company as of a day."""
    return [
        knowledge.relations_of("moonshot-ai", on),
        knowledge.listings("moonshot-ai", on),
        *(knowledge.relations_to(security, on) for security in SECURITIES),
    ]


@given(ties=st.lists(relations(), max_size=6), late=relations(), on=DAYS, later=st.integers(1, 900))
def test_a_tie_known_later_never_changes_what_was_known(
    ties: list[Relation], late: Relation, on: date, later: int
) -> None:
    learnt = late.model_copy(update={"known_from": (on + timedelta(days=later)).isoformat()})
    assert answers(base(*ties, learnt), on) == answers(base(*ties), on)


@given(tie=relations(), on=DAYS)
def test_what_holds_was_valid_and_known_on_every_reading_of_its_dates(tie: Relation, on: date) -> None:
    if holds(tie, on, on):
        assert tie.valid_from is None or last_day(tie.valid_from) <= on
        assert tie.valid_to is None or on <= first_day(tie.valid_to)
        assert tie.known_from is None or last_day(tie.known_from) <= on


@given(tie=relations(), on=DAYS, known_by=DAYS, more=st.integers(0, 900))
def test_knowledge_only_grows(tie: Relation, on: date, known_by: date, more: int) -> None:
    if holds(tie, on, known_by):
        assert holds(tie, on, known_by + timedelta(days=more))


@pytest.mark.parametrize(
    ("fields", "on", "expected"),
    [
        ({}, "2020-01-01", True),
        ({"valid_from": "2024-03-21"}, "2024-03-20", False),
        ({"valid_from": "2024-03-21"}, "2024-03-21", True),
        ({"valid_from": "2024-03"}, "2024-03-30", False),
        ({"valid_from": "2024-03"}, "2024-03-31", True),
        ({"valid_from": "2024"}, "2024-12-30", False),
        ({"valid_to": "2024-03"}, "2024-03-01", True),
        ({"valid_to": "2024-03"}, "2024-03-02", False),
        ({"valid_from": "2023", "known_from": "2024-05-01"}, "2024-04-30", False),
    ],
)
def test_a_month_counts_from_its_last_day_and_ends_on_its_first(
    fields: dict[str, str], on: str, expected: bool
) -> None:
    day = date.fromisoformat(on)
    assert holds(relation(**fields), day, day) is expected


@pytest.mark.parametrize(
    ("partial", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-12", "2023-12-01", "2023-12-31"),
    ],
)
def test_a_year_and_a_month_cover_their_days(partial: str, first: str, last: str) -> None:
    assert (first_day(partial).isoformat(), last_day(partial).isoformat()) == (first, last)


def test_alibaba_is_listed_in_hong_kong_and_new_york() -> None:
    assert {s.id for s in BUNDLED.listings("alibaba", date(2026, 5, 1))} == {"09988.HK", "NYSE:BABA"}


def test_a_company_s_products_are_its_own() -> None:
    products = BUNDLED.products_of("moonshot-ai")
    assert "kimi" in {product.id for product in products}
    assert {product.company for product in products} == {"moonshot-ai"}
    assert BUNDLED.products_of("nobody") == ()


def test_a_unit_belongs_to_its_parent_s_group() -> None:
    assert BUNDLED.group_of("google-deepmind") == ("google-deepmind", "google")
    assert "google-deepmind" in {unit.id for unit in BUNDLED.units_of("google")}
    assert BUNDLED.group_of("nobody") == ("nobody",)


def test_a_ring_of_parents_ends() -> None:
    rows = {**BUNDLED.companies}
    rows["google"] = rows["google"].model_copy(update={"parent": "google-deepmind"})
    knowledge = base()
    knowledge.companies = rows
    assert knowledge.group_of("google") == ("google", "google-deepmind")


def test_a_security_is_found_by_a_short_or_replaced_code() -> None:
    found = [BUNDLED.security(code) for code in ("0700.HK", "837592.BJ", "NYSE:BABA", "nonsense")]
    assert [row.id if row else None for row in found] == ["00700.HK", "920592.BJ", "NYSE:BABA", None]


def test_of_several_stances_the_latest_typed_by_then_counts() -> None:
    theme = next(iter(BUNDLED.themes.values()))
    stances = [
        Member(security="300364.SZ", stance="watch", reason="first", date=date(2024, 3, 25)),
        Member(security="300364.SZ", stance="recommend", reason="later", date=date(2024, 6, 1)),
    ]
    knowledge = base()
    knowledge.themes = {theme.id: theme.model_copy(update={"members": tuple(stances)})}
    asked = [knowledge.members(theme.id, date(2024, month, 15)) for month in (2, 4, 7)]
    assert [[member.stance for member in members] for members in asked] == [[], ["watch"], ["recommend"]]

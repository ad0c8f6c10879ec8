"""Links of any random world on any day: nothing from outside its time or the future, direct first, always with a why."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.index import KnowledgeBase
from knowledge.schema import Relation
from pipeline.link import link
from pipeline.records import CompanyTag, SecurityTag
from tests.factories import make_company, make_event, make_kind, make_knowledge, make_relation, make_security

COMPANIES = [f"c{n}" for n in range(6)]
SECURITIES = {f"NYSE:S{n}": f"c{n}" if n < 5 else None for n in range(8)}
KINDS = [
    make_kind("is_listed_as", 1.0),
    make_kind("subsidiary_of", 0.9, leads_to=("supplier", "investor", "concept")),
    make_kind("supplier", 0.6, leads_to=("supplier",), shelf_life_days=700),
    make_kind("investor", 0.5),
    make_kind("concept", 0.3, shelf_life_days=180),
]

days = st.dates(date(2023, 1, 1), date(2025, 12, 31))
partial = days.flatmap(lambda day: st.sampled_from([f"{day:%Y}", f"{day:%Y-%m}", f"{day:%Y-%m-%d}"]))
drawn: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    company=st.sampled_from(COMPANIES),
    kind=st.sampled_from([kind.id for kind in KINDS]),
    security=st.sampled_from(sorted(SECURITIES)),
    strength=st.sampled_from(["high", "medium", "low"]),
    confidence=st.floats(0, 1),
    valid_from=st.none() | partial,
    valid_to=st.none() | partial,
    known_from=st.none() | partial,
    as_of=days,
    issuer_denied=st.booleans(),
)
graphs = st.lists(drawn, min_size=5, max_size=25).map(
    lambda rows: [make_relation(**row, id=f"r{number}") for number, row in enumerate(rows)]
)
events = st.builds(
    lambda companies, named: make_event(companies=tuple(companies), securities=tuple(named)),
    st.lists(
        st.builds(
            lambda id, relevance, role: CompanyTag(id=id, relevance=relevance, role=role, quote=id),
            st.sampled_from(COMPANIES),
            st.integers(30, 100),
            st.sampled_from(["actor", "mentioned"]),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda tag: tag.id,
    ),
    st.lists(st.builds(lambda id: SecurityTag(id=id, quote=id), st.sampled_from(sorted(SECURITIES))), max_size=2),
)


def world(relations: list[Relation]) -> KnowledgeBase:
    return make_knowledge(
        kinds=KINDS,
        companies=[make_company(name) for name in COMPANIES],
        securities=[make_security(name, company) for name, company in SECURITIES.items()],
        relations=relations,
    )


def surely_held(relation: Relation, on: date, known_by: date) -> bool:
    """Whether a relation had surely begun, surely not ended, and was surely known; told without the code under test."""
    began = last(relation.valid_from or "1990")
    ended = first(relation.valid_to) if relation.valid_to else date.max
    return began <= on <= ended and last(relation.known_from or relation.valid_from or "1990") <= known_by


def first(partial: str) -> date:
    return date.fromisoformat((partial + "-01-01")[:10])


def last(partial: str) -> date:
    year, month, day = (*map(int, partial.split("-")), 0, 0)[:3]
    return date(year, month or 12, day or monthrange(year, month or 12)[1])


@settings(max_examples=200, deadline=None)
@given(graphs, events, days, days)
def test_no_link_uses_a_relation_outside_its_valid_or_known_time(relations, event, on, known_by) -> None:  # type: ignore[no-untyped-def]
    rows = {relation.id: relation for relation in relations}
    for one in link(event, world(relations), on, known_by):
        used = [rows[name] for name in one.path if name in rows]
        assert all(surely_held(relation, on, known_by) for relation in used)


@settings(max_examples=200, deadline=None)
@given(graphs, drawn, events, days, st.integers(1, 400))
def test_a_relation_known_later_never_changes_an_earlier_answer(relations, row, event, on, later) -> None:  # type: ignore[no-untyped-def]
    added = make_relation(**{**row, "known_from": (on + timedelta(days=later)).isoformat()}, id="added")
    assert link(event, world([*relations, added]), on) == link(event, world(relations), on)


@settings(max_examples=200, deadline=None)
@given(graphs, events, days)
def test_direct_links_come_first_each_security_once_and_each_says_why(relations, event, on) -> None:  # type: ignore[no-untyped-def]
    links = link(event, world(relations), on)
    assert [one.direct for one in links] == sorted((one.direct for one in links), reverse=True)
    direct = [one.weight for one in links if one.direct]
    indirect = [one.weight for one in links if not one.direct]
    assert max(indirect, default=0.0) < min(direct, default=1.0)
    assert len({one.security_id for one in links}) == len(links)
    assert all(one.reason.zh and one.reason.en and one.evidence and one.as_of == on for one in links)


@settings(max_examples=100, deadline=None)
@given(graphs, events, days, st.randoms())
def test_the_order_of_the_rows_does_not_matter(relations, event, on, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(relations)
    random.shuffle(shuffled)
    assert link(event, world(shuffled), on) == link(event, world(relations), on)

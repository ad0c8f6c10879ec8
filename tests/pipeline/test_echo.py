"""Echoes: a release that founds a second event is not told again; what it adds is, and all else is news of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipeline.alert import alerts
from pipeline.echo import Told, is_echo, names, released
from pipeline.records import Alert, Event, EventFact, ProductTag
from pipeline.watching import WatchBook
from tests.factories import MOMENT, make_event, make_report, make_watch

NEXT_DAY = MOMENT + timedelta(hours=20)


def product(id: str = "robo", company: str = "lab", relevance: int = 90, **given: Any) -> ProductTag:
    return ProductTag(name=id, id=id, family=id, company=company, relevance=relevance, quote=id, **given)


def release(**given: Any) -> Event:
    fields = {"event_type_quote": "unveiled Robo", "products": (product(),), "title_en": "Lab unveiled Robo", **given}
    return make_event("lab", **fields)


def another(**given: Any) -> Event:
    """An event of the next day that names the same product and no other release."""
    fields = {"id": "e2", "event_type": "product_launch", "products": (product(relevance=55),), **given}
    seen = fields.pop("seen", NEXT_DAY)
    return make_event("lab", first_seen_at=seen, published_at=seen, reports=(make_report("d9", at=seen),), **fields)


def fact(value: float) -> EventFact:
    return EventFact(
        kind="price", value=value, unit="USD", quote=f"${value:.0f}", product="robo", subject="robo", document_id="d9"
    )


def raised(event: Event, told: Event, *, before: Event | None = None, watch: str = "w1") -> list[Alert]:
    now = event.reports[-1].first_seen_at + timedelta(minutes=1)
    heard = [Told(told, frozenset({watch}))]
    return alerts(event, before, [], [], WatchBook([make_watch()]), now, event.reports[-1], told=heard)


def test_a_release_is_told_once_though_it_founds_two_events() -> None:
    assert raised(another(), release()) == []
    assert len(raised(another(), release(), watch="another")) == 1


def test_what_an_echo_adds_is_told_as_an_update_that_names_what_it_adds_to() -> None:
    (told,) = raised(another(facts=(fact(20),)), release(facts=(fact(500),)))
    assert told.title.startswith("[Update]")
    assert "adds to “Lab unveiled Robo”" in told.why.en
    assert "$20" in told.why.en
    assert told.version == 2


def test_a_growing_echo_tells_what_neither_event_had_told() -> None:
    quiet = another()
    grown = quiet.model_copy(
        update={"reports": (*quiet.reports, make_report("d10", at=NEXT_DAY)), "facts": (fact(20),)}
    )
    assert raised(grown, release(facts=(fact(20),)), before=quiet) == []
    (told,) = raised(grown, release(), before=quiet)
    assert "$20" in told.why.en


@pytest.mark.parametrize(
    "news",
    [
        another(event_type="incident"),
        another(seen=MOMENT + timedelta(days=3)),
        another(products=(product(version="2"),)),
        another(products=(product(), product("robo-mini"))),
        another(event_type_quote="releases Mega", products=(product("mega", "rival"), product(relevance=55))),
        another(products=(product("mega", "rival"),)),
    ],
    ids=["another kind", "days later", "another version", "a second product", "another's release", "another product"],
)
def test_other_news_of_a_product_that_came_out_is_told(news: Event) -> None:
    assert not is_echo(news, release())
    assert len(raised(news, release())) == 1


@pytest.mark.parametrize(
    "told", [release(event_type_quote=""), release(follows="e0"), release(event_type="benchmark"), release(products=())]
)
def test_only_what_came_out_in_so_many_words_for_the_first_time_has_echoes(told: Event) -> None:
    assert released(told) is None
    assert len(raised(another(), told)) == 1


def test_an_event_is_looked_for_under_its_own_products_alone() -> None:
    assert names(another(products=(product(), product("mega", "rival")))) == ["robo"]
    assert names(another(event_type="incident")) == []

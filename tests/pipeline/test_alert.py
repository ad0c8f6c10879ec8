"""Alerts: at birth and on a change in substance, never for old news, unknown dates or one more report of the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alert import alerts
from pipeline.link import link
from pipeline.records import Alert, CompanyTag, Event, EventFact, Modalities, ProductTag, Reason, Score, ThemeMatch
from pipeline.watching import WatchBook
from tests.factories import (
    MOMENT,
    make_company,
    make_event,
    make_kind,
    make_knowledge,
    make_relation,
    make_report,
    make_security,
    make_watch,
)

NOW = MOMENT + timedelta(minutes=5)
WHY = Reason(zh="因为", en="because")
WORLD = make_knowledge(
    kinds=[make_kind("is_listed_as"), make_kind("investor")],
    companies=[make_company("giant"), make_company("lab")],
    securities=[make_security("NYSE:BABA", "giant")],
    relations=[make_relation("giant", "is_listed_as", "NYSE:BABA"), make_relation("lab", "investor", "NYSE:BABA")],
)


def fact(kind: str = "context_length", value: float = 200_000, quote: str = "200K", **given: Any) -> EventFact:
    return EventFact(kind=kind, value=value, unit="tokens", quote=quote, document_id="d1", **given)


def scored(total: float, lens: str = "all", themes: tuple[ThemeMatch, ...] = ()) -> Score:
    return Score(event_id="e1", lens=lens, total=total, parts=(), themes=themes)


def raised(event: Event, before: Event | None = None, *, now: datetime = NOW, **watch: Any) -> list[Alert]:
    links = link(event, WORLD, now.date())
    return alerts(event, before, links, [scored(50)], WatchBook([make_watch(**watch)]), now, event.reports[-1])


def grown(event: Event, now: datetime = NOW, **given: Any) -> Event:
    """The event with one more report, fresh at that moment, and what else has changed."""
    report = make_report(f"d{len(event.reports) + 1}", at=now)
    return event.model_copy(update={"reports": (*event.reports, report), **given})


# ---- when -----------------------------------------------------------------------------------------------------------


def test_an_event_alerts_at_its_birth() -> None:
    [alert] = raised(make_event("lab"))
    assert (alert.event_id, alert.watch_id, alert.version, alert.made_at) == ("e1", "w1", 1, NOW)
    assert alert.title == "An event"


def test_the_same_birth_makes_the_same_id_however_often_and_whenever() -> None:
    event = make_event("lab")
    assert raised(event)[0].id == raised(event, now=NOW + timedelta(hours=1))[0].id
    assert raised(event)[0].id != raised(event, id="w2")[0].id
    assert raised(event)[0].id != raised(make_event("lab", id="e2"))[0].id


def test_another_report_of_the_same_thing_is_silent() -> None:
    event = make_event("lab", facts=(fact(),))
    assert raised(grown(event), event) == []
    assert raised(grown(event, heat=5.0), event) == []


def test_the_same_fact_in_other_words_is_silent() -> None:
    event = make_event("lab", facts=(fact(),))
    assert raised(grown(event, facts=(fact(), fact(quote="20万"))), event) == []


def test_a_new_fact_alerts_again_as_an_update_that_names_it() -> None:
    event = make_event("lab")
    [alert] = raised(grown(event, facts=(fact(),)), event)
    assert alert.title.startswith("[Update]")
    assert alert.version == 2
    assert "new fact “200K”" in alert.why.en
    assert alert.id != raised(event)[0].id


def test_another_value_for_the_same_thing_names_both() -> None:
    event = make_event("lab", facts=(fact(subject="lab"),))
    both = (fact(subject="lab"), fact(subject="lab", value=256_000, quote="256K"))
    [alert] = raised(grown(event, facts=both), event)
    assert "another value: “200K” → “256K”" in alert.why.en


def test_one_more_amount_that_belongs_to_nobody_is_silent() -> None:
    event = make_event("lab", facts=(fact(kind="money", value=6e6, quote="$6M"),))
    assert raised(grown(event, facts=(*event.facts, fact(kind="money", value=9e6, quote="$9M"))), event) == []


def test_a_fact_about_somebody_else_is_silent() -> None:
    event = make_event("lab")
    assert raised(grown(event, facts=(fact(subject="giant"),)), event) == []


def test_a_watched_company_named_in_passing_is_silent() -> None:
    passing = CompanyTag(id="giant", relevance=20, role="mentioned", quote="giant")
    event = make_event("lab")
    event = event.model_copy(update={"companies": (*event.companies, passing)})
    assert raised(event, companies=("giant",)) == []


def test_a_rivals_figure_is_no_news_of_the_event() -> None:
    event = make_event("lab")
    assert raised(grown(event, facts=(fact(comparison=True),)), event) == []


def test_a_confirmed_rumour_is_an_update_to_those_who_heard_the_rumour_and_a_first_alert_to_others() -> None:
    rumour = make_event("lab", certainty="rumour")
    confirmed = grown(rumour, certainty="fact")
    assert raised(rumour) == []
    assert raised(rumour, rumours=True)[0].title.startswith("[Rumour]")
    [told] = raised(confirmed, rumour, rumours=True)
    assert "rumour confirmed" in told.why.en
    assert told.title.startswith("[Update]")
    [first] = raised(confirmed, rumour)
    assert first.version == 1
    assert not first.title.startswith("[Update]")


def test_a_headline_that_asks_about_a_fact_is_no_rumour() -> None:
    assert raised(make_event("lab", certainty="question"))


def test_a_denial_is_an_update() -> None:
    event = make_event("lab")
    [alert] = raised(grown(event, certainty="denial"), event)
    assert "now denied" in alert.why.en


def test_the_first_official_source_is_an_update() -> None:
    event = make_event("lab")
    official = event.model_copy(update={"reports": (*event.reports, make_report("d2", at=NOW, tier=1))})
    [alert] = raised(official, event)
    assert "first official source" in alert.why.en
    again = grown(official)
    assert raised(again, official) == []


def test_old_news_at_first_sight_is_silent() -> None:
    at = NOW - timedelta(hours=49)
    old = make_event("lab", reports=(make_report(at=at),), published_at=at)
    assert raised(old) == []


def test_an_unknown_date_is_silent() -> None:
    unknown = make_event("lab", reports=(make_report(at=None),), published_at=None)
    assert raised(unknown) == []


def test_a_headline_that_only_asks_about_an_earlier_event_tells_nothing_until_a_report_says_something() -> None:
    asked = make_event("lab", certainty="question", follows="e0")
    assert raised(asked) == []
    assert len(raised(make_event("lab", certainty="question"))) == 1
    assert len(raised(grown(asked, certainty="fact"), asked)) == 1


def test_an_event_of_some_days_ago_tells_a_watch_whose_company_a_fresh_report_brings_in() -> None:
    old = make_event("lab")
    later = NOW + timedelta(days=3)
    wider = grown(old, later, companies=make_event("lab", "giant").companies)
    assert len(raised(wider, old, now=later, companies=("giant",))) == 1
    assert raised(wider, old, now=later, companies=("lab",)) == []


def test_a_dated_report_of_an_event_that_was_silent_for_want_of_a_date_alerts() -> None:
    unknown = make_event("lab", reports=(make_report(at=None),), published_at=None)
    [alert] = raised(grown(unknown, published_at=NOW), unknown)
    assert alert.version == 1


def test_a_fresh_echo_of_an_old_event_is_silent() -> None:
    at = NOW - timedelta(days=10)
    old = make_event("lab", reports=(make_report(at=at, first_seen_at=NOW),), published_at=at)
    assert raised(grown(old), old) == []


def test_an_old_event_that_changes_in_substance_alerts() -> None:
    event = make_event("lab")
    later = MOMENT + timedelta(days=5)
    [alert] = raised(grown(event, now=later, facts=(fact(),)), event, now=later)
    assert alert.title.startswith("[Update]")


def test_an_old_article_found_late_tells_nothing_new_even_with_another_fact() -> None:
    event = make_event("lab")
    later = MOMENT + timedelta(days=5)
    dug_up = event.model_copy(update={"reports": (*event.reports, make_report("d2")), "facts": (fact(),)})
    assert raised(dug_up, event, now=later) == []


def test_a_look_back_is_silent() -> None:
    assert raised(make_event("lab", certainty="retrospect")) == []


def test_a_date_far_in_the_future_tells_nothing() -> None:
    at = NOW + timedelta(days=3)
    assert raised(make_event("lab", reports=(make_report(at=at, first_seen_at=NOW),), published_at=at)) == []


# ---- whom -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("watch", "meets"),
    [
        ({"companies": ("lab",)}, True),
        ({"companies": ("giant",)}, False),
        ({"companies": ("giant", "lab")}, True),
        ({"products": ("kimi",)}, True),
        ({"products": ("qwen",)}, False),
        ({"modalities": ("video",)}, True),
        ({"modalities": ("music",)}, False),
        ({"event_types": ("model_release",)}, True),
        ({"event_types": ("funding",)}, False),
        ({"securities": ("NYSE:BABA",)}, True),
        ({"securities": ("NASDAQ:NVDA",)}, False),
        ({"words": ("A TITLE",)}, True),
        ({"words": ("absent",)}, False),
        ({"companies": ("lab",), "event_types": ("funding",)}, False),
        ({"minimum_importance": 50.0}, True),
        ({"minimum_importance": 51.0}, False),
        ({"lens": "media", "minimum_importance": 1.0}, False),
    ],
)
def test_every_list_that_a_watch_gives_must_match(watch: dict[str, Any], meets: bool) -> None:
    event = make_event(
        "lab",
        products=(ProductTag(name="Kimi", id="kimi", family="kimi", quote="Kimi"),),
        modalities=Modalities(output=("video",)),
    )
    assert bool(raised(event, **watch)) is meets


def test_a_watch_on_a_theme_goes_by_its_lens() -> None:
    event = make_event("lab")
    scores = [scored(50), scored(50, "media", (ThemeMatch(theme_id="mr", reason=WHY),))]
    under = {
        lens: alerts(event, None, [], scores, WatchBook([make_watch(themes=("mr",), lens=lens)]), NOW, event.reports[0])
        for lens in ("all", "media")
    }
    assert not under["all"]
    assert under["media"]


def test_an_event_that_grows_important_enough_alerts_once() -> None:
    event = make_event("lab")
    book = WatchBook([make_watch(minimum_importance=60)])
    louder = grown(event)
    first = alerts(louder, event, [], [scored(62)], book, NOW, louder.reports[-1], earlier=[scored(55)])
    assert [alert.version for alert in first] == [1]
    louder_still = grown(louder)
    brought = louder_still.reports[-1]
    assert alerts(louder_still, louder, [], [scored(66)], book, NOW, brought, earlier=[scored(62)]) == []


# ---- what it says ---------------------------------------------------------------------------------------------------


def test_the_body_shows_why_the_words_the_source_the_delay_and_the_stocks() -> None:
    seen = make_report(first_seen_at=MOMENT + timedelta(minutes=2))
    event = make_event("lab", facts=(fact(),), reports=(seen,))
    [alert] = raised(event, companies=("lab",), name="labs")
    for words in (
        "labs",
        "company: lab",
        "“200K”",
        "https://example.com/d1",
        "media",
        "seen 2 min after publication, alert 3 min later",
        "NYSE:BABA",
        "indirect",
    ):
        assert words in alert.body
    assert "lab ← giant NYSE:BABA" in alert.body


def test_a_chinese_watch_is_told_in_chinese() -> None:
    [alert] = raised(make_event("lab", title_zh="事件"), language="zh", companies=("lab",))
    assert alert.title == "事件"
    assert "公司：lab" in alert.body
    assert "相关证券" in alert.body


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=20), st.lists(st.text(max_size=5), max_size=3))
def test_odd_text_never_raises(title: str, quote: str, name: str, words: list[str]) -> None:
    event = make_event("lab", title_en=title, facts=(fact(quote=quote),), reports=(make_report(title=title),))
    raised(event, name=name, words=tuple(words))
    assert raised(event, name=name)

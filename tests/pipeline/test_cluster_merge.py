"""Merge: the event with one more report. Ids stay, titles are some report's words, contradictions are shown."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from pipeline import cluster
from pipeline.cluster.merging import heat
from pipeline.records import CompanyTag, Document, Event, Fact, Modalities, Placement, ProductTag, Tags
from tests.factories import MOMENT, make_document, make_report, make_tags

FOUND = Placement(event_id="e1", new=True)
JOIN = Placement(event_id="e1", new=False)


def company(id: str, relevance: int, role: str = "mentioned") -> CompanyTag:
    return CompanyTag(id=id, relevance=relevance, role=role, quote=id)


def fact(value: Any, **given: Any) -> Fact:
    return Fact(
        **{"kind": "context_length", "unit": "tokens", "subject": "Kimi", "quote": str(value), "value": value, **given}
    )


def event_of(*reports: tuple[Document, Tags, tuple[Fact, ...]]) -> Event:
    """The event that the reports make, in the order given."""
    event: Event | None = None
    for document, tags, facts in reports:
        event = cluster.merge(event, FOUND if event is None else JOIN, document, tags, facts)
    assert event is not None
    return event


def plain(document: Document, **given: Any) -> tuple[Document, Tags, tuple[Fact, ...]]:
    return document, make_tags(document.id, **given), ()


def test_the_id_stays_whatever_joins() -> None:
    documents = [make_document(f"d{n}", f"title {n}", source_id=f"s{n}") for n in range(4)]
    event = event_of(*map(plain, documents))
    assert event.id == "e1"
    assert [r.document_id for r in event.reports] == ["d0", "d1", "d2", "d3"]


def test_the_same_report_again_adds_nothing() -> None:
    once = event_of(plain(make_document("d1", "title")))
    assert event_of(plain(make_document("d1", "title")), plain(make_document("d1", "title"))) == once


def test_the_title_is_the_most_official_report_s_then_the_earliest() -> None:
    media = make_document("d1", "Shock: new model", published_at=MOMENT - timedelta(hours=5))
    official = make_document("d2", "Introducing the model", tier=1)
    later = make_document("d3", "Our model, again", tier=1, published_at=MOMENT + timedelta(hours=1))
    assert event_of(plain(media), plain(later), plain(official)).title_en == "Introducing the model"


def test_of_equals_the_title_is_the_one_that_says_what_the_others_say() -> None:
    titles = [
        "一周精选：新功能与新玩具",
        "如何看待甲公司发布机器人？",
        "甲公司发布机器人一号",
        "甲公司的机器人一号发布，会说话",
    ]
    event = event_of(*(plain(make_document(f"d{n}", t, language="zh", source_id=t)) for n, t in enumerate(titles)))
    assert event.title_zh == "甲公司发布机器人一号"


def test_a_title_in_a_language_that_no_report_speaks_is_not_made_up() -> None:
    event = event_of(plain(make_document("d1", "月之暗面发布新模型", language="zh")))
    assert (event.title_zh, event.title_en) == ("月之暗面发布新模型", None)
    assert event.title("en") == "月之暗面发布新模型"


def test_a_report_without_title_lends_its_first_sentence() -> None:
    event = event_of(plain(make_document("d1", "", "A model is out. It is large.")))
    assert event.title_en == "A model is out"


def test_an_official_report_lifts_a_rumour_and_a_medium_does_not() -> None:
    rumour = plain(make_document("d1", "a model is coming"), certainty="rumour")
    assert event_of(rumour, plain(make_document("d2", "said to be out", source_id="b"))).certainty == "rumour"
    assert event_of(rumour, plain(make_document("d2", "it is out", tier=1))).certainty == "fact"
    assert event_of(rumour, plain(make_document("d2", "not true", tier=1), certainty="denial")).certainty == "denial"


def test_a_plain_report_answers_a_headline_that_only_asks() -> None:
    asked = plain(make_document("d1", "如何看待新模型？", language="zh"), certainty="question")
    assert event_of(asked, plain(make_document("d2", "it is out", source_id="b"))).certainty == "fact"
    rumour = plain(make_document("d2", "said to be out", source_id="b"), certainty="rumour")
    assert event_of(asked, rumour).certainty == "question"


def test_the_type_is_what_most_reports_say_the_official_ones_counting_more() -> None:
    def told(number: int, tier: int, kind: str) -> tuple[Document, Tags, tuple[Fact, ...]]:
        document = make_document(f"d{number}", source_id=f"s{number}", tier=tier)
        return plain(document, event_type=kind, event_type_quote=kind)

    first, second = told(1, 3, "product_launch"), told(2, 2, "model_release")
    assert event_of(first, second).event_type == "model_release"
    assert event_of(first, second, told(3, 3, "product_launch")).event_type == "product_launch", "a draw: the earliest"
    event = event_of(first, second, told(3, 3, "product_launch"), told(4, 1, "open_source_release"))
    assert (event.event_type, event.event_type_quote) == ("open_source_release", "open_source_release")


def test_a_type_that_no_word_showed_gives_way_to_one_that_words_show() -> None:
    usual = plain(make_document("d1", "a new thing"), event_type="product_launch")
    shown = plain(make_document("d2", source_id="b"), event_type="funding", event_type_quote="raises")
    later = plain(make_document("d3", source_id="c"), event_type="benchmark", event_type_quote="tops")
    event = event_of(usual, shown, later)
    assert (event.event_type, event.event_type_quote) == ("funding", "raises")


def test_facts_that_contradict_are_kept_and_flagged_on_both_sides() -> None:
    one, other = make_document("d1"), make_document("d2", source_id="b")
    event = event_of((one, make_tags("d1"), (fact(200_000),)), (other, make_tags("d2"), (fact(2_000_000),)))
    assert {(f.value, f.document_id, f.conflict) for f in event.facts} == {
        (200_000, "d1", True),
        (2_000_000, "d2", True),
    }


def test_the_same_fact_twice_is_one_fact_without_conflict() -> None:
    one, other = make_document("d1"), make_document("d2", source_id="b")
    event = event_of((one, make_tags("d1"), (fact(200_000),)), (other, make_tags("d2"), (fact(200_000),)))
    assert [(f.value, f.document_id, f.conflict) for f in event.facts] == [(200_000, "d1", False)]


@pytest.mark.parametrize(
    "given", [{"comparison": True}, {"subject": "GPT-4"}, {"unit": "characters"}, {"qualifier": "up_to"}]
)
def test_facts_about_other_things_do_not_contradict(given: dict[str, Any]) -> None:
    one, other = make_document("d1"), make_document("d2", source_id="b")
    event = event_of((one, make_tags("d1"), (fact(200_000),)), (other, make_tags("d2"), (fact(2_000_000, **given),)))
    assert not any(f.conflict for f in event.facts)


def test_the_day_of_the_event_comes_from_the_words_and_not_from_the_clock() -> None:
    day = fact("2024-03-18", kind="occurred_on", unit="date")
    assert event_of((make_document("d1"), make_tags("d1"), (day,))).occurred_on == date(2024, 3, 18)
    assert event_of(plain(make_document("d1"))).occurred_on is None
    odd = fact("next Monday", kind="occurred_on", unit="date")
    assert event_of((make_document("d1"), make_tags("d1"), (odd,))).occurred_on is None


def test_unknown_publication_stays_unknown() -> None:
    event = event_of(plain(make_document("d1", published_at=None)))
    assert event.published_at is None
    assert event.when == MOMENT


def test_companies_come_once_actors_first() -> None:
    event = event_of(
        plain(make_document("d1"), companies=(company("nvidia", 40), company("openai", 60))),
        plain(make_document("d2", source_id="b"), companies=(company("openai", 90, "actor"), company("meta", 50))),
    )
    assert [(c.id, c.relevance, c.role) for c in event.companies] == [
        ("openai", 90, "actor"),
        ("meta", 50, "mentioned"),
        ("nvidia", 40, "mentioned"),
    ]


def test_products_and_modalities_are_united() -> None:
    sora = ProductTag(name="Sora", id="sora", relevance=80, quote="Sora")
    event = event_of(
        plain(make_document("d1"), products=(sora,), modalities=Modalities(output=("video",))),
        plain(
            make_document("d2", source_id="b"),
            products=(sora,),
            modalities=Modalities(input=("text",), output=("video", "audio")),
        ),
    )
    assert [p.name for p in event.products] == ["Sora"]
    assert event.modalities == Modalities(input=("text",), output=("video", "audio"))


def test_the_order_of_later_reports_changes_nothing_that_is_shown() -> None:
    founding = plain(make_document("d0", "title 0"))
    others = []
    for n in (1, 2, 3):
        document = make_document(f"d{n}", f"title {n}", source_id=f"s{n}", tier=n)
        others.append((document, make_tags(f"d{n}", companies=(company(f"c{n}", 50 + n),)), (fact(n),)))
    seen = [event_of(founding, *order) for order in permutations(others)]
    for event in seen:
        assert (event.title_en, event.reports, event.companies, event.heat) == (
            seen[0].title_en,
            seen[0].reports,
            seen[0].companies,
            seen[0].heat,
        )
        assert {(f.value, f.conflict) for f in event.facts} == {(1, True), (2, True), (3, True)}


# ---- novelty and heat -----------------------------------------------------------------------------------------------


def test_the_first_of_a_chain_is_wholly_new_and_a_follow_up_the_more_the_later() -> None:
    def novelty(**given: Any) -> float:
        return cluster.merge(
            None, Placement(event_id="e2", new=True, **given), make_document(), make_tags(), ()
        ).novelty

    def days(**given: Any) -> float | None:
        placement = Placement(event_id="e2", new=True, **given)
        return cluster.merge(None, placement, make_document(), make_tags(), ()).days_after

    soon = novelty(follows="e1", signals={"days_after": 1.0})
    late = novelty(follows="e1", signals={"days_after": 10.0})
    assert 0 < soon < late < 1 == novelty()
    assert (days(), days(follows="e1", signals={"days_after": 3.5})) == (None, 3.5)


def test_heat_counts_each_source_once() -> None:
    again = [make_report(f"d{n}", source_id="one", title=f"title {n}") for n in range(5)]
    assert heat(again) == 1
    assert heat([make_report(f"d{n}", source_id=f"s{n}", title=f"title {n}") for n in range(5)]) == 5


def test_a_headline_taken_over_word_for_word_is_half_a_source() -> None:
    first = make_report("d1", source_id="a", title="甲公司发布机器人一号")
    copied = make_report("d2", source_id="b", title="甲公司发布机器人一号！")
    own = make_report("d3", source_id="c", title="机器人一号来了")
    assert heat([first, copied]) == heat([copied, first]) == 1.5
    assert heat([first, copied, own]) == 2.5


def test_heat_halves_every_day_before_the_last_report() -> None:
    early = make_report("d1", source_id="a", title="first", at=MOMENT)
    late = make_report("d2", source_id="b", title="second", at=MOMENT + timedelta(hours=24))
    assert heat([early, late]) == 1.5


def test_echo_after_two_days_is_no_heat() -> None:
    reports = [
        make_report("d1", source_id="a", at=MOMENT),
        make_report("d2", source_id="b", at=MOMENT + timedelta(hours=49)),
    ]
    assert heat(reports) == 1

from __future__ import annotations

import pytest

from pipeline.query import Query, Term, plain, tagged
from pipeline.text import tokens
from storage import documents, events, finding, search
from storage.engine import Store
from tests.factories import make_event
from tests.storage.factories import DAY, MINUTE, NOW, finish, make_raw, make_score, make_tags, take


def subjects(hits: list[finding.Hit]) -> list[str]:
    return [hit.subject for hit in hits]


@pytest.fixture
def filled(store: Store) -> Store:
    rows = {
        "kimi": ("月之暗面 Kimi 200万字", ["co_moonshot_ai", "ac_moonshot_ai", "type_model_update"]),
        "rival": ("百度 200万字", ["co_baidu", "ac_baidu", "co_moonshot_ai", "type_model_update"]),
        "funds": ("Moonshot raises money", ["co_moonshot_ai", "ac_moonshot_ai", "type_funding"]),
    }
    with store.writing() as session:
        for number, (name, (title, tags)) in enumerate(rows.items()):
            search.index(session, "event", name, NOW + number * MINUTE, tokens(title), [], ["k_event", *tags])
    return store


def test_a_name_finds_whom_it_names_and_who_acts_comes_before_who_is_mentioned(filled: Store) -> None:
    name = ((Term(tokens=("moonshot",)),), (Term(tag=("co", "moonshot-ai")),))
    with filled.reading() as session:
        hits = finding.find(session, Query(groups=(name,)))
    assert subjects(hits) == ["funds", "kimi", "rival"]


def test_an_alternative_holds_all_its_terms(filled: Store) -> None:
    both = ((Term(tag=("co", "moonshot-ai")), Term(tokens=("money",))),)
    with filled.reading() as session:
        assert subjects(finding.find(session, Query(groups=(both,)))) == ["funds"]


def test_what_is_excluded_is_left_out(filled: Store) -> None:
    asked = plain("200万字").model_copy(update={"excluded": tagged([("co", "baidu")])})
    with filled.reading() as session:
        assert subjects(finding.find(session, asked)) == ["kimi"]
        assert subjects(finding.find(session, Query(excluded=asked.excluded))) == ["funds", "kimi"]


def test_facets_count_the_tags_of_the_answers(filled: Store) -> None:
    with filled.reading() as session:
        counted = finding.facets(session, plain("200万字"), ["co", "type"])
    assert counted == {"co": {"moonshot_ai": 2, "baidu": 1}, "type": {"model_update": 2}}


def test_importance_raises_orders_and_bars(store: Store) -> None:
    with store.writing() as session:
        for number, total in enumerate((10.0, 90.0, 50.0)):
            event = make_event(id=f"e{number}")
            events.save(session, event)
            events.save_scores(session, [make_score(event.id, "all", total)])
            search.index(session, "event", event.id, NOW - number * DAY, tokens("开源"), [], ["k_event"])
        asked = plain("开源")
        assert subjects(finding.find(session, asked)) == ["e1", "e2", "e0"]
        assert subjects(finding.find(session, asked, order="importance")) == ["e1", "e2", "e0"]
        assert subjects(finding.find(session, asked, order="newest")) == ["e0", "e1", "e2"]
        barred = asked.model_copy(update={"importance": 40.0})
        assert subjects(finding.find(session, barred, order="newest")) == ["e1", "e2"]


@pytest.mark.parametrize("order", ["relevance", "newest"])
def test_pages_follow_each_other(filled: Store, order: finding.Order) -> None:
    asked = plain("", ("co", "moonshot-ai"))
    with filled.reading() as session:
        whole = finding.find(session, asked, order=order)
        pages = [finding.find(session, asked, order=order, limit=1, offset=n) for n in range(4)]
    assert [hit for page in pages for hit in page] == whole


def test_a_report_s_text_answers_for_its_event(store: Store) -> None:
    with store.writing() as session:
        taken = take(session, make_raw(title="无关标题", text="月之暗面的长文本"))
        finish(session, taken)
        event = make_event("moonshot-ai", id="e1")
        events.save(session, event)
        documents.seat(session, [taken.document.id], event.id)
        search.index_document(session, taken.document, make_tags(taken.document.id))
        assert finding.find(session, plain("长文本"), kind="event") == []
        search.index_event(session, event)
        assert subjects(finding.find(session, plain("长文本"), kind="event")) == ["e1"]
        search.remove(session, "event", "e1")
        assert finding.find(session, plain("长文本"), kind="event") == []


def test_after_what_holds_every_word_comes_what_holds_some(filled: Store) -> None:
    asked = plain("200万字 百度", ("type", "model_update"))
    with filled.reading() as session:
        assert subjects(finding.find(session, asked, kind="event")) == ["rival"]
        hits = finding.find(session, asked, kind="event", some_words=True)
        assert [(hit.subject, hit.whole) for hit in hits] == [("rival", True), ("kimi", False)]
        pages = [finding.find(session, asked, kind="event", some_words=True, limit=1, offset=n) for n in range(3)]
        assert [hit for page in pages for hit in page] == hits
        none_whole = asked.model_copy(update={"groups": (*asked.groups, *plain("raises").groups)})
        assert subjects(finding.find(session, none_whole, kind="event", some_words=True)) == ["rival", "kimi"]


def test_words_side_by_side_come_before_the_same_words_apart(store: Store) -> None:
    with store.writing() as session:
        for number, title in enumerate(("an ai pc came", "ai on every pc", "pc with ai ai pc pc")):
            search.index(session, "event", f"e{number}", NOW, tokens(title), [], ["k_event"])
        asked = plain("ai pc").model_copy(update={"together": (Term(tokens=("ai", "pc")),)})
        assert subjects(finding.find(session, asked))[-1] == "e1"


def test_what_few_hold_weighs_more(store: Store) -> None:
    titles = ("model", "model", "model news", "jamba")
    with store.writing() as session:
        for number, title in enumerate(titles):
            search.index(session, "event", f"e{number}", NOW, tokens(title), [], ["k_event"])
        assert subjects(finding.find(session, plain("model jamba"), some_words=True))[0] == "e3"


def test_an_event_that_holds_what_is_excluded_is_not_found_by_its_reports(store: Store) -> None:
    with store.writing() as session:
        taken = take(session, make_raw(title="无关标题", text="月之暗面的长文本"))
        finish(session, taken)
        event = make_event("moonshot-ai", id="e1", title_zh="百度也来了")
        events.save(session, event)
        documents.seat(session, [taken.document.id], event.id)
        search.index_document(session, taken.document, make_tags(taken.document.id))
        search.index_event(session, event)
        asked = plain("长文本")
        assert subjects(finding.find(session, asked, kind="event")) == ["e1"]
        barred = asked.model_copy(update={"excluded": plain("百度").groups})
        assert finding.find(session, barred, kind="event") == []

"""The sample's documents: enough, checkable, and as odd as real weeks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from pipeline.extract.urls import canonical
from sample.week import SampleDocument, load_documents, load_sample_sources, load_serving

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def documents() -> list[SampleDocument]:
    return load_documents()


def day(document: SampleDocument) -> date | None:
    published = document.published
    return published.astimezone(SHANGHAI).date() if isinstance(published, datetime) else published


def having(documents: list[SampleDocument], flag: str) -> list[SampleDocument]:
    return [d for d in documents if flag in d.flags]


def test_the_sample_is_as_large_as_promised(documents: list[SampleDocument]) -> None:
    in_weeks = [d for d in documents if (on := day(d)) is None or date(2024, 3, 11) <= on <= date(2024, 3, 31)]
    assert len(in_weeks) >= 66
    assert len({d.source for d in in_weeks}) >= 13
    assert len({d.event for d in in_weeks if d.event}) >= 24
    assert {d.language for d in in_weeks} == {"zh", "en"}


def test_each_of_the_three_weeks_has_at_least_eight_events(documents: list[SampleDocument]) -> None:
    events = defaultdict(set)
    for document in documents:
        if document.event and (on := day(document)):
            events[on.isocalendar().week].add(document.event)
    assert all(len(events[week]) >= 8 for week in (11, 12, 13))


def test_every_document_names_a_public_page_for_its_facts(documents: list[SampleDocument]) -> None:
    hosts = {d.id: urlsplit(d.fact_url).hostname or "" for d in documents}
    assert [id_ for id_, host in hosts.items() if "." not in host or host.endswith((".invalid", ".example"))] == []


def test_a_page_that_is_only_a_root_says_so(documents: list[SampleDocument]) -> None:
    roots = [d for d in documents if not urlsplit(d.fact_url).path.strip("/") and not urlsplit(d.fact_url).query]
    assert [d.id for d in roots if d.fact_url_exact] == []


def test_every_time_says_its_zone(documents: list[SampleDocument]) -> None:
    assert [d.id for d in documents if isinstance(d.published, datetime) and d.published.tzinfo is None] == []


def test_every_source_is_served_and_has_documents(documents: list[SampleDocument]) -> None:
    sources = {s.id for s in load_sample_sources("http://127.0.0.1:1")}
    assert sources == set(load_serving()) == {d.source for d in documents}


def test_every_source_is_marked_as_a_sample() -> None:
    names = [s.name for s in load_sample_sources("http://127.0.0.1:1")]
    assert [n for n in names if "(sample)" not in n and "（样本）" not in n] == []


def test_kimi_and_open_sora_are_reported_in_both_languages_in_week_12(documents: list[SampleDocument]) -> None:
    for event, least in (("kimi-2m", {"zh": 3, "en": 2}), ("open-sora-1", {"zh": 2, "en": 1})):
        reports = [d for d in documents if d.event == event]
        assert Counter(d.language for d in reports) >= Counter(least)
        assert all((on := day(d)) and on.isocalendar().week == 12 for d in reports)


def test_kimi_report_gives_the_compared_lengths(documents: list[SampleDocument]) -> None:
    text = next(d.text for d in documents if d.id == "kimi-2m-keji")
    assert all(words in text for words in ("200万字", "20万汉字", "8万字", "2.5万字", "Claude-100k", "GPT-4-32k"))


def test_a_syndicated_copy_has_the_very_words_of_another_source(documents: list[SampleDocument]) -> None:
    by_id = {d.id: d for d in documents}
    copies = having(documents, "syndicated")
    assert len(copies) >= 3
    for copy in copies:
        original = by_id[copy.copy_of or ""]
        assert copy.source != original.source
        assert copy.paragraphs == original.paragraphs


def test_a_reprint_is_close_but_not_the_same(documents: list[SampleDocument]) -> None:
    for reprint in having(documents, "reprint"):
        others = [d for d in documents if d.event == reprint.event and d.id != reprint.id]
        shared = [d for d in others if d.paragraphs[0] == reprint.paragraphs[0]]
        assert shared
        assert all(d.text != reprint.text and d.title != reprint.title for d in shared)


def test_an_old_item_comes_back_under_a_new_date(documents: list[SampleDocument]) -> None:
    by_id = {d.id: d for d in documents}
    (again,) = having(documents, "re_dated")
    first, later = day(by_id[again.copy_of or ""]), day(again)
    assert first == date(2024, 2, 16)  # the evening of the 15th in UTC
    assert later
    assert later - first > timedelta(days=30)


def test_a_rumour_is_followed_by_its_denial(documents: list[SampleDocument]) -> None:
    for denial in having(documents, "denial"):
        rumours = [d for d in having(documents, "rumour") if d.event == denial.event]
        assert rumours
        assert all((told := day(r)) and (denied := day(denial)) and told <= denied for r in rumours)


def test_there_are_undated_and_off_topic_items(documents: list[SampleDocument]) -> None:
    assert [d for d in documents if d.published is None] == having(documents, "no_date") != []
    off_topic = having(documents, "off_topic")
    assert len(off_topic) >= 4
    assert {d.event for d in off_topic} == {None}
    assert [d.id for d in documents if d.event is None and "off_topic" not in d.flags] == []


def test_each_document_keeps_a_page_of_its_own_when_its_public_address_stands_for_it(
    documents: list[SampleDocument],
) -> None:
    """The demo shows `fact_url` with a parameter of its own; pages whose address loses parameters would fall together."""
    marked = [canonical(f"{d.fact_url}{'&' if '?' in d.fact_url else '?'}sample={d.id}") for d in documents]
    assert [address for address, times in Counter(marked).items() if times > 1] == []

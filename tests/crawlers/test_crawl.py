"""One source, one visit, against the hostile site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.cage import Cage
from crawlers.crawl import Crawled, FetchState, Health, Note, crawl_source, health
from crawlers.sources import Source
from tests.crawlers.conftest import with_fetcher
from tests.site.server import Site

NOW = datetime(2024, 3, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def source(site: Site | None, path: str, **fields: object) -> Source:
    values = {"id": "acme", "name": "Acme", "kind": "rss", "tier": 1, "language": "en", "pages": "never"} | fields
    return Source.model_validate({"url": f"{site.base if site else 'http://a.example'}{path}", **values})


def visit(
    site: Site, cage: Cage, path: str, last: FetchState | None = None, now: datetime = NOW, **fields: object
) -> Crawled:
    """What one visit to a page of the site brings."""
    asked = source(site, path, **fields)
    return with_fetcher(site, lambda fetcher: crawl_source(asked, last or FetchState(), fetcher, now, cage))


def test_a_first_visit_brings_all_items_as_history(site: Site, cage: Cage) -> None:
    crawled = visit(site, cage, "/good")
    assert crawled.entries[0].title == "First model released"
    assert crawled.first
    assert not crawled.held
    assert crawled.state.last_success == NOW
    assert crawled.state.next_due is not None
    assert NOW + timedelta(minutes=5) <= crawled.state.next_due <= NOW + 2 * HOUR


def test_a_second_visit_brings_nothing_that_was_seen(site: Site, cage: Cage) -> None:
    first = visit(site, cage, "/with-etag")
    again = visit(site, cage, "/with-etag", first.state, NOW + HOUR)
    assert again.unchanged
    assert again.entries == ()
    assert again.state.last_success == NOW + HOUR


def test_the_same_bytes_without_validators_are_not_read_again(site: Site, cage: Cage) -> None:
    first = visit(site, cage, "/good")
    assert visit(site, cage, "/good", first.state, NOW + HOUR).unchanged


def test_a_frozen_etag_hides_news_for_a_day_at_most(site: Site, cage: Cage) -> None:
    state = visit(site, cage, "/frozen-etag").state
    for hour in range(1, 24):
        crawled = visit(site, cage, "/frozen-etag", state, NOW + hour * HOUR)
        assert crawled.entries == ()
        state = crawled.state
    late = visit(site, cage, "/frozen-etag", state, NOW + 24 * HOUR)
    assert late.entries
    assert not late.first


@pytest.mark.parametrize(
    ("path", "expected", "words"),
    [
        ("/empty", Health.FAILING, "empty"),
        ("/html-error", Health.FAILING, "HTML page"),
        ("/challenge", Health.BLOCKED, "checks for robots"),
        ("/challenge-403", Health.BLOCKED, "403"),
        ("/binary", Health.FAILING, "binary"),
        ("/json-error", Health.FAILING, "JSON"),
        ("/broken", Health.FAILING, "502"),
        ("/hang-up", Health.FAILING, "disconnected"),
        ("/loop", Health.FAILING, "redirects"),
        ("/gzip-bomb", Health.FAILING, "100 times"),
    ],
)
def test_success_that_is_none_is_told_apart(site: Site, cage: Cage, path: str, expected: Health, words: str) -> None:
    crawled = visit(site, cage, path)
    assert crawled.health == expected
    assert words in (crawled.state.last_error or "")
    assert crawled.state.last_success is None
    assert crawled.entries == ()


def test_a_failure_forgets_nothing(site: Site, cage: Cage) -> None:
    before = visit(site, cage, "/with-etag").state
    after = visit(site, cage, "/empty", before, NOW + HOUR).state
    assert after.validators == before.validators
    assert after.seen == before.seen
    assert after.failures == 1


def test_a_page_that_is_gone_is_gone_after_three_times(site: Site, cage: Cage) -> None:
    state = FetchState()
    for _ in range(3):
        crawled = visit(site, cage, "/gone", state)
        state = crawled.state
    assert crawled.health == Health.GONE
    assert visit(site, cage, "/good", state).health == Health.QUIET


def test_failures_slow_us_down_to_a_day_and_never_stop_us(site: Site, cage: Cage) -> None:
    state, now, waits = FetchState(), NOW, []
    for _ in range(14):
        state = visit(site, cage, "/broken", state, now).state
        assert state.next_due is not None
        waits.append(state.next_due - now)
        now = state.next_due
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=24)
    recovered = visit(site, cage, "/good", state, now)
    assert recovered.entries
    assert recovered.state.failures == 0


def test_a_wish_to_be_left_alone_sets_the_next_turn(site: Site, cage: Cage) -> None:
    state = visit(site, cage, "/later-date").state
    assert state.next_due is not None
    assert state.next_due - NOW >= timedelta(minutes=119)


def test_a_cache_time_sets_the_next_turn(site: Site, cage: Cage) -> None:
    assert visit(site, cage, "/long-cached", cadence_hours=1).state.next_due == NOW + 2 * HOUR


def test_half_an_answer_is_read_but_not_remembered_as_seen(site: Site, cage: Cage) -> None:
    crawled = visit(site, cage, "/cut-connection")
    assert [note.kind for note in crawled.notes] == ["cut"]
    assert crawled.entries
    assert crawled.state.validators.etag is None
    assert crawled.state.body_hash is None


def test_a_window_that_rolled_on_is_a_possible_gap(site: Site, cage: Cage) -> None:
    first = visit(site, cage, "/rolling", cadence_hours=0.2)
    second = visit(site, cage, "/rolling", first.state, NOW + 6 * HOUR, cadence_hours=0.2)
    assert [note.kind for note in second.notes] == ["gap"]
    assert len(second.entries) == 10
    assert not second.held


def test_an_archive_that_looks_new_is_held_with_one_notice(site: Site, cage: Cage) -> None:
    first = visit(site, cage, "/redated")
    flood = visit(site, cage, "/redated", first.state, NOW + HOUR)
    assert flood.held
    assert len(flood.entries) == 500
    assert [note.kind for note in flood.notes] == ["held"]


def test_a_new_address_is_believed_after_three_good_readings(site: Site, cage: Cage) -> None:
    state = FetchState()
    notes: list[Note] = []
    for hour in range(4):
        crawled = visit(site, cage, "/moved", state.model_copy(update={"body_hash": None}), NOW + hour * HOUR)
        state, notes = crawled.state, [*notes, *crawled.notes]
    assert [note.kind for note in notes] == ["moved"]
    assert site.paths()[-1] == "/good"
    assert site.paths().count("/moved") == 3


def test_a_listing_brings_articles_with_text_and_date(site: Site, cage: Cage) -> None:
    crawled = visit(site, cage, "/listing", kind="listing", language="zh", pages="auto", timezone="Asia/Shanghai")
    assert len(crawled.entries) == 4
    first = crawled.entries[0]
    assert first.url == f"{site.base}/article?18"
    assert first.title == "新模型发布第18号：长文本能力提升"
    assert "上下文长度达到二百万字" in first.text
    assert first.published_at == datetime(2024, 3, 17, 16, tzinfo=UTC)
    assert first.published_precision == "day"


def test_without_a_cage_the_visit_brings_its_own(site: Site) -> None:
    asked = source(site, "/good")
    crawled = with_fetcher(site, lambda fetcher: crawl_source(asked, FetchState(), fetcher, NOW))
    assert len(crawled.entries) == 3


# ---- health ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, Health.LATE),
        ({"last_success": NOW, "last_new_item": NOW - 3 * HOUR}, Health.FRESH),
        ({"last_success": NOW, "last_new_item": NOW - 60 * HOUR}, Health.QUIET),
        ({"last_success": NOW, "last_new_item": NOW - 400 * HOUR}, Health.LATE),
        ({"last_success": NOW, "last_new_item": NOW, "failures": 3}, Health.FAILING),
        ({"last_success": NOW, "last_new_item": NOW, "failures": 1}, Health.FRESH),
        ({"last_success": NOW, "blocked": True, "failures": 1}, Health.BLOCKED),
        ({"last_success": NOW, "gone": 3, "failures": 3}, Health.GONE),
    ],
)
def test_health_says_how_a_source_does(fields: dict[str, object], expected: Health) -> None:
    assert health(source(None, "/f", cadence_hours=24), FetchState.model_validate(fields), NOW) == expected

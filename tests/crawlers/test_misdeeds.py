"""What sites do to their readers, one misdeed a test: a visit ends, keeps what is honest, and believes nothing else."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.answer import FetchFailed, TooSlow, Unreachable
from crawlers.cage import Cage
from crawlers.crawl import FetchState, Health
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.limits import ITEMS, Limits
from tests.crawlers.conftest import cpu_seconds, with_fetcher
from tests.crawlers.test_crawl import HOUR, NOW, visit
from tests.site.hostile import HARMLESS
from tests.site.server import Site


def titles(site: Site, cage: Cage, path: str) -> list[str]:
    """What a first visit brings, which must not take much CPU to read."""
    before = cpu_seconds(cage)
    crawled = visit(site, cage, path)
    assert cpu_seconds(cage) - before < 5
    return [entry.title for entry in crawled.entries]


@pytest.mark.parametrize("path", ["/laughs", "/quadratic"])
def test_entities_that_grow_are_not_grown(site: Site, cage: Cage, path: str) -> None:
    found = titles(site, cage, path)
    assert found[-1:] == [HARMLESS]
    assert all(len(title) < 100_000 for title in found)


def test_a_feed_reads_no_file_of_ours(site: Site, cage: Cage) -> None:
    found = titles(site, cage, "/foreign-file")
    assert found[-1] == HARMLESS
    assert not any("root:" in title for title in found)


def test_a_feed_s_dtd_is_not_fetched(site: Site, cage: Cage) -> None:
    assert titles(site, cage, "/foreign-dtd")[-1] == HARMLESS
    assert "/trap" not in site.paths()


@pytest.mark.parametrize("path", ["/deep", "/deep-in-feed-tags"])
def test_depth_is_no_danger_and_hides_no_neighbour(site: Site, cage: Cage, path: str) -> None:
    assert titles(site, cage, path)[-1] == HARMLESS


def test_two_thousand_items_are_kept_of_many(site: Site, cage: Cage) -> None:
    assert len(titles(site, cage, "/many-items")) == ITEMS


def test_utf_16_is_read(site: Site, cage: Cage) -> None:
    assert titles(site, cage, "/utf-16")[0] == "月之暗面发布二百万字长文本模型"


def test_tags_hidden_in_utf_7_stay_words(site: Site, cage: Cage) -> None:
    assert titles(site, cage, "/utf-7")[0].startswith("+ADw-script")


@pytest.mark.parametrize(
    "path", ["/gbk-called-gb2312", "/utf8-called-gbk"], ids=["gbk called gb2312", "utf-8 called gbk"]
)
def test_a_wrong_charset_label_spoils_no_title(site: Site, cage: Cage, path: str) -> None:
    assert titles(site, cage, path) == ["月之暗面发布二百万字长文本模型", "潞晨科技开源视频模型"]


def test_a_feed_cut_in_the_middle_is_read_and_not_remembered_as_seen(site: Site, cage: Cage) -> None:
    """The connection ends well, and the XML does not: what is missing must not hide behind a validator."""
    crawled = visit(site, cage, "/cut-xml")
    assert [entry.title for entry in crawled.entries] == ["First model released", "Second model released"]
    assert [note.kind for note in crawled.notes] == ["cut"]
    assert crawled.state.body_hash is None


def test_validators_are_taken_from_a_304_too_and_never_hide_news(site: Site, cage: Cage) -> None:
    state = visit(site, cage, "/one-validator").state
    for hour in (1, 2):
        crawled = visit(site, cage, "/one-validator", state, NOW + hour * HOUR)
        assert crawled.unchanged
        state = crawled.state
    assert [asked.headers.get("if-modified-since", "")[-6:-4] for asked in site.asked if "one" in asked.path] == [
        "", "01", "02",
    ]  # fmt: skip
    assert [e.title for e in visit(site, cage, "/one-validator", state, NOW + 3 * HOUR).entries] == ["Release number 1"]


def test_a_parked_domain_is_never_believed(site: Site, cage: Cage) -> None:
    state = visit(site, cage, "/good").state
    for hour in range(1, 6):
        crawled = visit(site, cage, "/parked", state, NOW + hour * HOUR)
        assert crawled.notes == () or crawled.notes[0].kind == "failed"
        state = crawled.state
    assert crawled.health is Health.FAILING
    assert state.moved_to is None
    assert site.paths()[-2:] == ["/parked", "/html-error"]


def test_two_feeds_behind_one_address_stay_two(site: Site, cage: Cage) -> None:
    one = visit(site, cage, "/moved", id="one")
    other = visit(site, cage, "/good", id="other")
    assert len(one.entries) == len(other.entries) == 3
    assert (one.source_id, other.source_id) == ("one", "other")


def test_a_date_in_the_far_future_is_no_sign_of_life(site: Site, cage: Cage) -> None:
    crawled = visit(site, cage, "/future")
    assert len(crawled.entries) == 2
    assert crawled.state.last_new_item == datetime(2024, 3, 18, 1, tzinfo=UTC)
    assert sum(crawled.state.hours) == 1


def test_an_item_without_a_date_gets_that_of_its_page(site: Site, cage: Cage) -> None:
    (entry,) = visit(site, cage, "/undated", pages="auto").entries
    assert entry.published_at == datetime(2024, 3, 20, 1, 30, tzinfo=UTC)


def test_a_handshake_that_stalls_ends_at_the_deadline(site: Site) -> None:
    """TLS is asked of a server that never answers the first word."""

    async def work(fetcher: Fetcher) -> None:
        limits = Limits(body_bytes=1000, total_seconds=1.0, connect_seconds=0.5)
        await fetcher.get(f"https://127.0.0.1:{site.port}/silent", limits=limits, robots=False)

    started = time.monotonic()
    with pytest.raises((TooSlow, Unreachable)):
        with_fetcher(site, work)
    assert time.monotonic() - started < 10


def test_three_days_of_errors_do_not_end_a_source(site: Site, cage: Cage) -> None:
    state, now = visit(site, cage, "/good").state, NOW
    while now < NOW + timedelta(days=3):
        state = visit(site, cage, "/broken", state, now).state
        assert state.next_due is not None
        assert state.next_due - now <= timedelta(days=1)
        now = state.next_due
    assert state.last_success == NOW
    assert visit(site, cage, "/with-etag", state, now).health is not Health.FAILING


def test_no_name_leads_to_loopback_without_an_exception(site: Site) -> None:
    async def work(_: Fetcher) -> None:
        async with Fetcher(Guard(), obey_robots=False) as strict:
            await strict.get(f"{site.base}/good")

    with pytest.raises(FetchFailed, match=r"not open|not a public"):
        with_fetcher(site, work)
    assert site.paths() == []


def test_the_empty_state_is_that_of_a_source_never_asked(site: Site, cage: Cage) -> None:
    assert visit(site, cage, "/good", FetchState()).first

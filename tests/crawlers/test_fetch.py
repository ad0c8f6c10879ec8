"""One polite, guarded, capped GET, tried against a site that breaks every rule."""

from __future__ import annotations

import asyncio
import resource
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from crawlers.answer import (
    BadAnswer,
    BadStatus,
    Fetched,
    FetchFailed,
    NotAllowed,
    Resting,
    TooLarge,
    TooSlow,
    Unreachable,
    Validators,
)
from crawlers.fetch import Fetcher
from crawlers.limits import FEED, Limits
from crawlers.manners import parse_robots, retry_after
from tests.crawlers.conftest import with_fetcher
from tests.site.misdeeds import GOOD, PAGES
from tests.site.server import Answer, Asked, Misdeed, Site

QUICK = Limits(body_bytes=FEED.body_bytes, total_seconds=0.5, connect_seconds=0.3)


def get(site: Site, path: str, limits: Limits = FEED, validators: Validators | None = None) -> Fetched:
    return with_fetcher(site, lambda fetcher: fetcher.get(site.base + path, limits=limits, validators=validators))


def test_a_good_answer_has_its_body_and_its_validators(site: Site) -> None:
    fetched = get(site, "/with-etag")
    assert fetched.status == 200
    assert fetched.body.decode() == GOOD
    assert fetched.validators.etag == 'W/"a,b;c==--gzip"'


def test_validators_go_back_exactly_as_they_came(site: Site) -> None:
    first = get(site, "/with-etag")
    again = get(site, "/with-etag", validators=first.validators)
    assert again.unchanged
    assert again.body == b""
    assert again.validators.etag == first.validators.etag


def test_validators_of_one_address_are_not_sent_to_another(site: Site) -> None:
    get(site, "/good", validators=Validators(url="http://other.example/feed", etag='"secret"'))
    assert "if-none-match" not in site.asked[-1].headers


def test_we_say_who_we_are(site: Site) -> None:
    get(site, "/good")
    assert site.asked[-1].headers["user-agent"] == "launchwatch/0.1 (+mailto:tests@example.org)"


@pytest.mark.parametrize("path", ["/secret-gzip", "/raw-deflate", "/not-gzip"])
def test_a_sloppy_coding_is_understood(site: Site, path: str) -> None:
    assert get(site, path).body.decode() == GOOD


@pytest.mark.parametrize("path", ["/gzip-bomb", "/deflate-bomb", "/brotli-bomb", "/zstd-bomb", "/nested-bomb"])
def test_a_bomb_is_put_out(site: Site, path: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    with pytest.raises(TooLarge):
        get(site, path)
    assert time.process_time() - started < 5  # most of it is the site packing its bomb
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 * 1024


def test_an_endless_body_is_cut(site: Site) -> None:
    with pytest.raises(TooLarge, match="as sent"):
        get(site, "/endless")


def test_a_length_that_lies_does_not_lead_us_on(site: Site) -> None:
    with pytest.raises(BadAnswer):
        get(site, "/lying-length")


def test_half_an_answer_is_known_to_be_half(site: Site) -> None:
    fetched = get(site, "/cut-connection")
    assert not fetched.complete
    assert fetched.body == GOOD[:700].encode()


@pytest.mark.parametrize("path", ["/unknown-coding", "/huge-headers", "/garbage", "/hang-up", "/nowhere"])
def test_what_is_no_http_is_a_bad_answer(site: Site, path: str) -> None:
    with pytest.raises(BadAnswer):
        get(site, path)


def test_endless_headers_end(site: Site) -> None:
    with pytest.raises((BadAnswer, TooSlow)):
        get(site, "/endless-headers", Limits(body_bytes=1000, total_seconds=3))


@pytest.mark.parametrize("path", ["/silent", "/slow-body", "/slow-headers"])
def test_slowness_ends_at_the_deadline(site: Site, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(TooSlow):
        get(site, path, QUICK)
    assert 0.4 < time.monotonic() - started < 5


def test_slow_servers_do_not_hold_up_good_ones(site: Site) -> None:
    async def work(fetcher: Fetcher) -> bool:
        slow = [asyncio.create_task(fetcher.get(f"{site.base}/silent?{n}")) for n in range(30)]
        for _ in range(20):
            await fetcher.get(f"{site.base}/good")
        still_slow = not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return still_slow

    assert with_fetcher(site, work, per_host=64)


def test_five_redirects_are_followed_and_six_are_not(site: Site) -> None:
    assert get(site, "/hops?5").final_url.endswith("/hops?0")
    with pytest.raises(BadAnswer, match="redirects"):
        get(site, "/hops?6")


def test_a_loop_ends(site: Site) -> None:
    with pytest.raises(BadAnswer):
        get(site, "/loop")
    assert site.paths().count("/loop") == 6


def test_a_permanent_redirect_is_told_and_a_temporary_one_is_not(site: Site) -> None:
    assert get(site, "/moved").moved_to == f"{site.base}/good"
    assert get(site, "/hops?1").moved_to is None


def test_a_cookie_is_forgotten(site: Site) -> None:
    get(site, "/cookies")
    assert "cookie" not in site.asked[-1].headers


@pytest.mark.parametrize(
    ("path", "status"), [("/missing", 404), ("/gone", 410), ("/broken", 502), ("/challenge-403", 403)]
)
def test_an_error_status_is_an_error(site: Site, path: str, status: int) -> None:
    with pytest.raises(BadStatus) as error:
        get(site, path)
    assert error.value.status == status


@pytest.mark.parametrize(
    ("path", "low", "high"), [("/later-seconds", 119, 121), ("/later-date", 7100, 7201), ("/later-unsaid", 59, 61)]
)
def test_a_host_that_asks_for_a_rest_gets_it(site: Site, path: str, low: float, high: float) -> None:
    async def work(fetcher: Fetcher) -> float:
        with pytest.raises(BadStatus):
            await fetcher.get(site.base + path)
        with pytest.raises(Resting) as rest:
            await fetcher.get(site.base + "/good")
        return rest.value.seconds

    assert low <= with_fetcher(site, work) <= high
    assert "/good" not in site.paths()


def test_requests_to_one_host_keep_their_distance(site: Site) -> None:
    async def work(fetcher: Fetcher) -> None:
        await asyncio.gather(*(fetcher.get(f"{site.base}/good?{n}", robots=False) for n in range(4)))

    with_fetcher(site, work, delay=0.15)
    times = [asked.at for asked in site.asked]
    assert all(later - sooner > 0.12 for sooner, later in pairwise(times))


def test_a_closed_port_is_unreachable() -> None:
    with Site(PAGES) as gone:
        pass
    with pytest.raises(Unreachable):
        get(gone, "/good")


# ---- robots.txt -----------------------------------------------------------------------------------------------------


def site_with_robots(text: str, status: int = 200) -> Site:
    async def robots(_: Asked, answer: Answer) -> None:
        await answer.send(text, status, kind="text/plain")

    pages: dict[str, Misdeed] = {**PAGES, "/robots.txt": robots}
    return Site(pages)


def test_robots_txt_is_honoured_and_asked_for_once() -> None:
    async def work(fetcher: Fetcher) -> None:
        await fetcher.get(f"{site.base}/good")
        with pytest.raises(NotAllowed, match=r"robots\.txt"):
            await fetcher.get(f"{site.base}/empty")

    with site_with_robots("User-agent: *\nDisallow: /empty\n") as site:
        with_fetcher(site, work)
        assert site.paths() == ["/robots.txt", "/good"]


def test_rules_for_our_name_go_before_rules_for_all() -> None:
    with site_with_robots("User-agent: launchwatch\nDisallow:\n\nUser-agent: *\nDisallow: /\n") as site:
        assert get(site, "/good").status == 200


def test_a_robots_txt_that_fails_keeps_us_out_for_now() -> None:
    with site_with_robots("", 503) as site, pytest.raises(NotAllowed, match="could not be read"):
        get(site, "/good")


def test_a_missing_robots_txt_allows_all(site: Site) -> None:
    assert get(site, "/good").status == 200


def test_a_redirect_into_a_forbidden_place_is_not_followed() -> None:
    with site_with_robots("User-agent: *\nDisallow: /good\n") as site:
        with pytest.raises(NotAllowed):
            get(site, "/moved")
        assert "/good" not in site.paths()


def test_a_crawl_delay_is_kept() -> None:
    async def work(fetcher: Fetcher) -> None:
        for n in range(2):
            await fetcher.get(f"{site.base}/good?{n}")

    with site_with_robots("User-agent: *\nCrawl-delay: 0.3\n") as site:
        with_fetcher(site, work)
        assert site.asked[2].at - site.asked[1].at > 0.25


def test_a_robots_txt_of_wildcards_costs_no_time() -> None:
    started = time.process_time()
    rules = parse_robots(b"User-agent: *\n" + b"Disallow: /*a*a*a*a*a*a*a*a*a*a*a*a*b\n" * 5000)
    assert rules.can_fetch("http://example.org/" + "a" * 2000, "launchwatch")
    assert time.process_time() - started < 1


# ---- small things ---------------------------------------------------------------------------------------------------


def test_retry_after_is_read_in_both_forms() -> None:
    now = datetime(2024, 3, 18, 12, tzinfo=UTC)
    assert retry_after("120", now) == 120
    assert retry_after("Mon, 18 Mar 2024 13:00:00 GMT", now) == 3600
    assert retry_after("Mon, 18 Mar 2024 11:00:00 GMT", now) == 0
    assert retry_after("soon", now) is None
    assert retry_after(None, now) is None


def test_a_failure_says_which_source_and_address(site: Site) -> None:
    with pytest.raises(FetchFailed) as error:
        with_fetcher(site, lambda fetcher: fetcher.get(site.base + "/gone", source_id="acme"))
    assert error.value.source_id == "acme"
    assert str(error.value) == f"{site.base}/gone: HTTP status 410"

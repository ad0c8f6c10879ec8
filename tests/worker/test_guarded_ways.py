"""Every way out of the product x every forbidden address x every notation x {named, redirected to, resolved to}: no connect.

Counted by an audit hook on the system call itself; the only connects allowed are to the test's own site.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from crawlers.answer import BadStatus, FetchFailed
from crawlers.articles import PageUnreadable, with_page
from crawlers.backfill import missed
from crawlers.cage import Cage
from crawlers.crawl import FetchState, crawl_source
from crawlers.discover import discover
from crawlers.entry import Entry
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.sources import Source
from crawlers.spiders.site import walk
from crawlers.websub import subscription
from tests.crawlers.test_guard import FORBIDDEN, ODD_LOOPBACK, PUBLIC, Numbers, Says, literal, notations
from tests.site.misdeeds import PAGES
from tests.site.server import Answer, Asked, Site
from worker.deliver import NoAnswer, NotReached, Request
from worker.deliver.http import GuardedClient

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
ACME = Source(id="acme", name="Acme", url="http://acme.example/", kind="rss", tier=1, language="en")


class Connects:
    """Every address and port that a socket of this process was told to connect to, while it listens."""

    def __init__(self) -> None:
        self.on = False
        self.seen: set[tuple[str, int]] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.seen.add((str(arguments[1][0]), int(arguments[1][1])))


@cache
def hook() -> Connects:
    """One hook for the process: an audit hook cannot be taken out again."""
    return Connects()


@pytest.fixture
def connects() -> Iterator[set[tuple[str, int]]]:
    hook().seen.clear()
    hook().on = True
    yield hook().seen
    hook().on = False


@dataclass(frozen=True)
class Hand:
    """What a way out is tried with."""

    fetcher: Fetcher
    cage: Cage


Way = Callable[[Hand, str], Awaitable[bool]]
"""Whether an address was refused or not reached."""


async def feed(hand: Hand, url: str) -> bool:
    """A source's own address, robots.txt first."""
    crawled = await crawl_source(ACME.model_copy(update={"url": url}), FetchState(), hand.fetcher, NOW, hand.cage)
    return crawled.state.failures == 1


async def api(hand: Hand, url: str) -> bool:
    """A documented API: no robots.txt, a form."""
    source = ACME.model_copy(update={"url": url, "kind": "hf-org", "form": {"a": "b"}})
    return (await crawl_source(source, FetchState(), hand.fetcher, NOW, hand.cage)).state.failures == 1


async def page(hand: Hand, url: str) -> bool:
    """An address that a feed names."""
    try:
        await with_page(ACME, Entry(url=url), hand.fetcher, hand.cage, NOW)
    except PageUnreadable:
        return True
    return False


async def found(hand: Hand, url: str) -> bool:
    """An address that a person types: `sources add`."""
    try:
        await discover(url, hand.fetcher, hand.cage, NOW)
    except FetchFailed:
        return True
    return False


async def hub(hand: Hand, url: str) -> bool:
    """The hub that a feed names."""
    try:
        await hand.fetcher.get(url, form=subscription("t", "c", "s"), robots=False)
    except FetchFailed as error:
        return not isinstance(error, BadStatus)
    return False


async def gap(hand: Hand, url: str) -> bool:
    """The site whose sitemaps may fill a gap."""
    return await missed(ACME, [Entry(url=url)], {}, NOW, hand.fetcher, hand.cage, NOW) == []


WAYS: dict[str, Way] = {"feed": feed, "api": api, "page": page, "found": found, "hub": hub, "gap": gap}


def targets() -> list[str]:
    """Every forbidden address in every notation, as an address to ask."""
    texts = [text for address in FORBIDDEN for text in notations(address)] + ODD_LOOPBACK
    return [f"http://{text}/latest" for text in texts]


def refused(way: Way, guard: Guard, urls: list[str], cage: Cage) -> int:
    """How many addresses a way does not reach."""

    async def go() -> int:
        async with Fetcher(guard, delay=0, per_host=50) as fetcher:
            hand = Hand(fetcher, cage)
            return sum(await asyncio.gather(*(way(hand, url) for url in urls)))

    return asyncio.run(go())


@pytest.fixture(scope="module")
def cage() -> Iterator[Cage]:
    with Cage() as warm:
        yield warm


@pytest.mark.parametrize("name", WAYS)
def test_no_way_leads_to_a_forbidden_address_that_is_named(
    name: str, cage: Cage, connects: set[tuple[str, int]]
) -> None:
    urls = targets()
    assert len(urls) >= 280
    assert refused(WAYS[name], Guard(resolver=Numbers()), urls, cage) == len(urls)
    assert connects == set()


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("name", [name for name in WAYS if name != "gap"])
def test_no_way_leads_to_a_forbidden_address_by_a_redirect(
    name: str, status: int, cage: Cage, connects: set[tuple[str, int]]
) -> None:
    with Site({**PAGES, "/off": _off(status)}) as site:
        urls = [f"{site.base}/off?{target}" for target in targets()]
        assert refused(WAYS[name], Guard(allow=site.allow, resolver=Numbers()), urls, cage) == len(urls)
        assert len(site.asked) >= len(urls)  # each redirect was really answered
        assert connects == {("127.0.0.1", site.port)}


def _off(status: int) -> Callable[[Asked, Answer], Awaitable[None]]:
    async def off(asked: Asked, answer: Answer) -> None:
        await answer.send("", status, Location=asked.path.partition("?")[2])

    return off


@pytest.mark.parametrize("name", WAYS)
def test_no_way_leads_to_a_forbidden_address_by_a_name(name: str, cage: Cage, connects: set[tuple[str, int]]) -> None:
    for address in FORBIDDEN:
        for answers in ([address], ["93.184.216.34", address]):
            guard = Guard(resolver=Says(answers))
            assert refused(WAYS[name], guard, ["http://innocent.example/", "https://innocent.example/"], cage) == 2
    assert connects == set()


@pytest.mark.parametrize("name", ["feed", "api", "page", "found", "hub"])
def test_no_way_follows_a_name_that_changes_its_address(name: str, cage: Cage, connects: set[tuple[str, int]]) -> None:
    """Rebinding: good for a first request, forbidden for the next, which knows nothing of the first."""
    with Site(PAGES) as site:
        for address in FORBIDDEN:
            if address in ("127.0.0.1", "::ffff:127.0.0.1"):
                continue  # the site itself stands there
            guard = Guard(allow=site.allow, resolver=Says(["127.0.0.1"], [address]))
            asyncio.run(_once(guard, f"http://rebind.example:{site.port}/good"))
            assert refused(WAYS[name], guard, [f"http://rebind.example:{site.port}/good"], cage) == 1
        assert connects == {("127.0.0.1", site.port)}


async def _once(guard: Guard, url: str) -> None:
    async with Fetcher(guard, delay=0, obey_robots=False) as fetcher:
        await fetcher.get(url)


def test_a_resolver_that_lies_to_the_check_is_caught_at_the_socket(connects: set[tuple[str, int]]) -> None:
    """As where a name changes between check and connect: the last word is the socket's."""

    class Trusting(Guard):
        """Believes any name, so that only the socket is left to say no."""

        def connector(self, *, limit: int = 100) -> Any:
            made = super().connector(limit=limit)
            assert self._resolver is not None
            made._resolver = self._resolver
            return made

    async def go() -> int:
        count = 0
        for address in FORBIDDEN:
            async with Fetcher(Trusting(resolver=Says([address])), obey_robots=False) as fetcher:
                with pytest.raises(FetchFailed, match="not a public address"):
                    await fetcher.get("http://innocent.example/")
                count += 1
        return count

    assert asyncio.run(go()) == len(FORBIDDEN)
    assert connects == set()


def test_robots_txt_leads_to_no_forbidden_address(connects: set[tuple[str, int]], cage: Cage) -> None:
    left = targets()

    async def robots(_: Asked, answer: Answer) -> None:
        await answer.send("", 302, Location=left.pop())

    with Site({**PAGES, "/robots.txt": robots}) as site:
        guard = Guard(allow=site.allow, resolver=Numbers())
        while left:
            refused(page, guard, [f"{site.base}/article"], cage)
        assert site.paths().count("/robots.txt") == len(targets())
        assert connects == {("127.0.0.1", site.port)}


def test_a_sitemap_s_index_leads_to_no_forbidden_address(connects: set[tuple[str, int]], cage: Cage) -> None:
    rows = "".join(f"<sitemap><loc>{target}</loc></sitemap>" for target in targets())

    async def index(_: Asked, answer: Answer) -> None:
        await answer.send(f"<sitemapindex>{rows}</sitemapindex>", kind="text/xml")

    async def go(site: Site) -> list[Entry]:
        source = ACME.model_copy(update={"url": f"{site.base}/index.xml", "kind": "sitemap"})
        async with Fetcher(Guard(allow=site.allow, resolver=Numbers()), delay=0, per_host=50) as fetcher:
            return await walk(source, fetcher, cage, NOW, pages=1_000)

    with Site({**PAGES, "/index.xml": index}) as site:
        assert asyncio.run(go(site)) == []
        assert connects == {("127.0.0.1", site.port)}


# ---- webhooks: a client of their own --------------------------------------------------------------------------------


def reached(guard: Guard, url: str) -> bool:
    try:
        GuardedClient(guard).post(Request(url=url, headers={}, body=b"{}"))
    except (NotReached, NoAnswer):
        return False
    return True


def test_a_webhook_reaches_no_forbidden_address(connects: set[tuple[str, int]]) -> None:
    assert not any(reached(Guard(resolver=Numbers()), url) for url in targets())
    for address in FORBIDDEN:
        for answers in ([address], ["93.184.216.34", address]):
            assert not reached(Guard(resolver=Says(answers)), "https://innocent.example/hook")
    assert connects == set()


@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_webhook_follows_no_redirect(status: int, connects: set[tuple[str, int]]) -> None:
    with Site({**PAGES, "/off": _off(status)}) as site:
        for target in targets():
            assert reached(Guard(allow=site.allow, resolver=Numbers()), f"{site.base}/off?{target}")
        assert connects == {("127.0.0.1", site.port)}


def test_a_webhook_s_name_that_changes_its_address_is_not_followed(connects: set[tuple[str, int]]) -> None:
    with Site(PAGES) as site:
        for address in FORBIDDEN:
            if address in ("127.0.0.1", "::ffff:127.0.0.1"):
                continue
            guard = Guard(allow=site.allow, resolver=Says(["127.0.0.1"], [address]))
            assert reached(guard, f"http://rebind.example:{site.port}/good")
            assert not reached(guard, f"http://rebind.example:{site.port}/good")
        assert connects == {("127.0.0.1", site.port)}


# ---- and what is public stays open ----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_through_in_every_way(address: str) -> None:
    """Up to the connect, which this test does not make: the guard makes its socket."""
    family = 10 if ":" in literal(address) else 2
    made = Guard()._socket((family, 1, 6, "", (address, 443)))
    made.close()
    assert Guard().check(f"https://{literal(address)}/").host is not None

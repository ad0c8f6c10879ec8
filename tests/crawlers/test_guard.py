"""Which addresses may be reached: every address x notation x way there, counted at the system call itself."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from crawlers.answer import FetchFailed, Unreachable
from crawlers.fetch import Fetcher
from crawlers.guard import Guard, Refused, is_public
from crawlers.limits import Limits
from tests.site.misdeeds import PAGES
from tests.site.server import Site

FORBIDDEN = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3",
    "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1",
    "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "168.63.129.16", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "::ffff:8.8.8.8"]

ODD_LOOPBACK = [
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.1",
    "127.0.1",
    "0",
    "１２７.０.０.１",
    "127。0。0。1",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "[::1%25lo]",
]
SOON = Limits(body_bytes=1000, total_seconds=2.0, connect_seconds=0.2)


class Connects:
    """Every address that any socket of this process was told to connect to, while it listens."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.seen.append(str(arguments[1][0]))


CONNECTS = Connects()
"""One hook for the process: an audit hook cannot be taken out again."""


@pytest.fixture
def connects() -> Iterator[list[str]]:
    CONNECTS.seen.clear()
    CONNECTS.on = True
    yield CONNECTS.seen
    CONNECTS.on = False


class Says(AbstractResolver):
    """A resolver that answers as told: one list of addresses after another, the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=10 if ":" in address else 2, proto=0, flags=0)
            for address in found
        ]

    async def close(self) -> None:
        pass


class Numbers(AbstractResolver):
    """Resolves as the C library does, numbers in every notation, without asking a name server."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        named = {"localhost": "127.0.0.1", "localhost.": "127.0.0.1"}
        address = named.get(host.lower()) or socket.inet_ntoa(socket.inet_aton(host))
        return await Says([address]).resolve(host, port)

    async def close(self) -> None:
        pass


def refusals(guard: Guard, urls: list[str]) -> int:
    """How many of some addresses are not fetched; none may be."""

    async def one(fetcher: Fetcher, url: str) -> bool:
        try:
            await fetcher.get(url, limits=SOON, robots=False)
        except FetchFailed:
            return True
        return False

    async def go() -> int:
        async with Fetcher(guard, delay=0, per_host=50) as fetcher:
            return sum(await asyncio.gather(*(one(fetcher, url) for url in urls)))

    return asyncio.run(go())


def literal(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def notations(address: str) -> list[str]:
    """The ways to write a numeric address in a URL."""
    ip = ipaddress.ip_address(address)
    if ip.version == 6:
        return [f"[{address}]", f"[{ip.exploded}]", f"[{address.upper()}]"]
    number, parts = int(ip), address.split(".")
    return [
        address,
        str(number),
        hex(number),
        oct(number).replace("0o", "0"),
        ".".join(hex(int(part)) for part in parts),
        ".".join(f"0{int(part):o}" for part in parts),
        f"{parts[0]}.{int(parts[1]) * 65536 + int(parts[2]) * 256 + int(parts[3])}",
        "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in address),
        f"[::ffff:{address}]",
    ]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_special_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)
    assert Guard().permits(address, 443)


@pytest.mark.parametrize("text", ["", "example.org", "1.2.3", "127.0.0.1.evil", "2130706433"])
def test_what_is_no_numeric_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize("port", [22, 25, 6379, 5432, 8080, 0, 65535])
def test_other_ports_are_closed_on_public_addresses(port: int) -> None:
    assert not Guard().permits("8.8.8.8", port)


def test_an_exception_is_one_address_and_one_port() -> None:
    guard = Guard(allow={("127.0.0.1", 8099)})
    assert guard.permits("127.0.0.1", 8099)
    assert guard.permits("::ffff:127.0.0.1", 8099)
    assert not guard.permits("127.0.0.1", 8098)
    assert not guard.permits("127.0.0.2", 8099)
    assert not guard.permits("::1", 8099)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "data:text/html,x",
        "http://user@example.org/",
        "http://user:secret@example.org/",
        "http://@example.org/",
        "http://example.org\\@127.0.0.1/",
        "http://example.org/\r\nX: y",
        "http://exam\tple.org/",
        "http://example.org:22/",
        "http:///nohost",
        "http://[::bad/",
        "http://example.org:99999/",
        "//example.org/",
        "",
    ],
)
def test_an_address_that_no_feed_needs_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        Guard().check(url)


def test_literal_addresses_in_every_notation_are_not_connected_to(connects: list[str]) -> None:
    urls = [f"http://{text}/latest" for address in FORBIDDEN for text in notations(address)]
    urls += [f"https://{text}/" for text in ODD_LOOPBACK]
    assert refusals(Guard(resolver=Numbers()), urls) == len(urls)
    assert connects == []


def test_redirects_to_every_notation_are_not_followed(connects: list[str]) -> None:
    with Site(PAGES) as site:
        targets = [f"http://{text}/x" for address in FORBIDDEN for text in notations(address)]
        targets += [f"http://{text}/" for text in ODD_LOOPBACK]
        urls = [f"{site.base}/to?{target}" for target in targets]
        assert refusals(Guard(allow=site.allow, resolver=Numbers()), urls) == len(urls)
    assert set(connects) <= {"127.0.0.1"}  # the site itself; its port is the only one allowed
    assert len(connects) <= len(urls)


def test_names_that_resolve_to_a_forbidden_address_are_not_connected_to(connects: list[str]) -> None:
    for address in FORBIDDEN:
        assert refusals(Guard(resolver=Says([address])), ["http://innocent.example/", "https://innocent.example/"]) == 2
    assert connects == []


def test_a_name_with_one_bad_address_among_good_ones_is_refused(connects: list[str]) -> None:
    for address in FORBIDDEN:
        assert refusals(Guard(resolver=Says(["93.184.216.34", address])), ["http://innocent.example/"]) == 1
    assert connects == []


def test_a_name_that_changes_its_address_later_is_not_followed_there() -> None:
    """Rebinding: good for the site's robots.txt and first page, then loopback on another port's service."""
    with Site(PAGES) as site:
        guard = Guard(allow=site.allow, resolver=Says(["127.0.0.1"], ["127.0.0.2"]))

        async def go() -> str:
            async with Fetcher(guard, delay=0) as fetcher:
                await fetcher.get(f"http://rebind.example:{site.port}/good")
                await fetcher._session.connector.close()  # type: ignore[union-attr]  # forgets the cached name
            async with Fetcher(guard, delay=0) as fetcher:
                with pytest.raises(FetchFailed) as error:
                    await fetcher.get(f"http://rebind.example:{site.port}/good")
                return error.value.reason

        CONNECTS.seen.clear()
        CONNECTS.on = True
        assert "127.0.0.2" in asyncio.run(go())
        CONNECTS.on = False
        assert "127.0.0.2" not in CONNECTS.seen


def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Site(PAGES) as proxy, Site(PAGES) as site:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base)
        assert refusals(Guard(allow=site.allow | proxy.allow), [f"{site.base}/good"]) == 0
        assert proxy.asked == []


def test_names_that_nobody_answers_for_keep_no_thread_from_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def waits(*_: object, **__: object) -> list[object]:
        answered.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "nobody answers")

    async def go() -> float:
        async with Fetcher(Guard(), delay=0, obey_robots=False) as fetcher:
            asked = [asyncio.create_task(fetcher.get(f"http://name{n}.example/")) for n in range(30)]
            await asyncio.sleep(0.1)
            started = time.monotonic()
            await asyncio.to_thread(time.monotonic)
            took = time.monotonic() - started
            answered.set()
            errors = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(error, Unreachable) for error in errors)
        return took

    monkeypatch.setattr(socket, "getaddrinfo", waits)
    assert asyncio.run(go()) < 5

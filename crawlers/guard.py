"""Which addresses may be reached. One guard for every request; it acts on the address that a socket connects to."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiohttp
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_FORBIDDEN = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT
        "169.254.0.0/16",  # link-local, cloud metadata
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # Azure's host agent, a public number
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",
        "3fff::/20",
        "5f00::/16",
        "ff00::/8",
    )
)
"""What `is_global` lets through on one Python or another, and must not be reached."""

NAMES_AT_ONCE = 32
"""Names asked for together; one that nobody answers for takes up to half a minute."""

_STRANGE = re.compile(r"[\x00-\x20\x7f\\]")


class Refused(OSError):
    """The guard does not let this request out."""

    def __init__(self, target: str, why: str) -> None:
        self.target, self.why = target, why
        super().__init__(f"refused to reach {target}: {why}")


def is_public(address: str) -> bool:
    """Whether a numeric address belongs to the public internet, an IPv4 address inside an IPv6 one included."""
    try:
        ip: Address = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    return not any(ip.version == network.version and ip in network for network in _FORBIDDEN)


class Guard:
    """Decides for one process which addresses its requests may reach.

    `allow` names exceptions as (numeric address, port): a local demonstration site, a test server. `ports` are those
    open on public addresses.
    """

    def __init__(
        self,
        allow: Iterable[tuple[str, int]] = (),
        ports: Iterable[int] = (80, 443),
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allow = frozenset((str(ipaddress.ip_address(host)), port) for host, port in allow)
        self._ports = frozenset(ports)
        self._resolver = resolver

    def permits(self, address: str, port: int) -> bool:
        """Whether a numeric address and port may be connected to."""
        if (_plain(address), port) in self._allow:
            return True
        return port in self._ports and is_public(address)

    def check(self, url: str) -> yarl.URL:
        """The URL as it will be asked for. Raises Refused for what no feed or site uses honestly."""
        if _STRANGE.search(url):
            raise Refused(url, "control characters, spaces and backslashes do not belong in an address")
        try:
            parsed = yarl.URL(url)
            port = parsed.port
        except ValueError as error:
            raise Refused(url, f"not an address: {error}") from error
        if parsed.scheme not in ("http", "https"):
            raise Refused(url, "only http and https are fetched")
        if not parsed.host or port is None:
            raise Refused(url, "it names no host")
        if "@" in re.split(r"[/?#]", url.partition("//")[2], maxsplit=1)[0]:
            raise Refused(url, "user names and passwords do not belong in an address")
        if port not in self._ports and port not in {allowed for _, allowed in self._allow}:
            raise Refused(url, f"port {port} is not open to requests")
        return parsed.with_fragment(None)

    def connector(self, *, limit: int = 100) -> aiohttp.TCPConnector:
        """A connector for aiohttp whose every socket passes the guard, however its address came about."""
        return aiohttp.TCPConnector(
            limit=limit,
            resolver=_CheckedResolver(self, self._resolver or _Names()),
            socket_factory=self._socket,
            ttl_dns_cache=300,
        )

    def _socket(self, info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """The last word: the very address that is about to be connected to."""
        family, kind, protocol, _, address = info
        if not self.permits(str(address[0]), int(address[1])):
            raise Refused(f"{address[0]} port {address[1]}", "not a public address")
        return socket.socket(family=family, type=kind, proto=protocol)


class _Names(AbstractResolver):
    """The system's resolver in threads of its own: names that nobody answers for keep no thread from other work."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(NAMES_AT_ONCE, "names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class _CheckedResolver(AbstractResolver):
    """Resolves once, and refuses a name of which any address is forbidden."""

    def __init__(self, guard: Guard, resolver: AbstractResolver) -> None:
        self._guard, self._resolver = guard, resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for answer in found:
            if not self._guard.permits(answer["host"], port):
                raise Refused(f"{host} port {port}", f"it resolves to {answer['host']}, not a public address")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _plain(address: str) -> str:
    """A numeric address in its usual form, an IPv4 address out of its IPv6 wrapping."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ip)

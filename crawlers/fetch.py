"""One polite, guarded, capped GET: what every reader gets its bytes from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp
import yarl

from crawlers import limits as caps
from crawlers.answer import BadAnswer, BadStatus, Fetched, NotAllowed, TooSlow, Unreachable, Validators
from crawlers.body import Bodies
from crawlers.guard import Guard, Refused
from crawlers.limits import Limits
from crawlers.manners import Manners, retry_after

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
ERROR_HEAD_BYTES = 8 * 1024
"""Read of an error's page: enough to tell who answers."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request as the caller wants it."""

    source_id: str
    validators: Validators
    limits: Limits
    accept: str
    form: Mapping[str, str] | None
    robots: bool


@dataclass(frozen=True, slots=True)
class _Hop:
    """An answer that points elsewhere."""

    status: int
    location: str


# ---- the fetcher ----------------------------------------------------------------------------------------------------


class Fetcher:
    """Fetches politely: one name, robots.txt honoured, a delay and a few connections a host, every cap held.

    Use as `async with Fetcher(guard, contact="mailto:...") as fetcher`.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        agent: str = "launchwatch/0.1",
        contact: str = "",
        delay: float = 1.0,
        per_host: int = 2,
        total: int = 64,
        obey_robots: bool = True,
        manners: Manners | None = None,
    ) -> None:
        self._guard = guard
        self._product = agent.split("/")[0]
        self.user_agent = f"{agent} (+{contact})" if contact else agent
        self._delay, self._per_host, self._total = delay, per_host, total
        self._obey_robots = obey_robots
        self._manners = manners or Manners()
        self._session: aiohttp.ClientSession | None = None
        self._bodies = Bodies()

    async def __aenter__(self) -> Self:
        self._manners.begin(self._per_host, self._delay)
        self._session = aiohttp.ClientSession(
            connector=self._guard.connector(limit=self._total),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"User-Agent": self.user_agent, "Accept-Encoding": "gzip, deflate, br, zstd"},
            timeout=aiohttp.ClientTimeout(total=None),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        *,
        source_id: str = "",
        validators: Validators | None = None,
        limits: Limits = caps.FEED,
        accept: str = "*/*",
        form: Mapping[str, str] | None = None,
        robots: bool = True,
    ) -> Fetched:
        """The answer at a URL, redirects followed; a POST where a form is given.

        Raises FetchFailed, by kind, for everything that is no answer. `robots=False` is for documented APIs alone.
        """
        ask = _Ask(source_id, validators or Validators(), limits, accept, form, robots and self._obey_robots)
        asked, moved, permanent, spent = url, None, True, 0.0
        for _ in range(limits.hops + 1):
            answer, seconds = await self._hop(url, ask, spent)
            spent += seconds
            if isinstance(answer, Fetched):
                return replace(answer, url=asked, moved_to=moved if permanent else None, seconds=spent)
            url = moved = answer.location
            permanent = permanent and answer.status in PERMANENT
            if answer.status not in (307, 308):
                ask = replace(ask, form=None)
        raise BadAnswer(source_id, asked, f"more than {limits.hops} redirects")

    async def _hop(self, url: str, ask: _Ask, spent: float) -> tuple[Fetched | _Hop, float]:
        """One request of a chain, in its host's turn, and the seconds it took. Waiting for the turn costs nothing."""
        try:
            target = self._guard.check(url)
        except Refused as error:
            raise NotAllowed(ask.source_id, url, str(error)) from error
        if ask.robots:
            await self._manners.ask_robots(ask.source_id, target, self._product, self._robots_txt)
        async with self._manners.turn(ask.source_id, url, target):
            started = time.monotonic()
            try:
                async with asyncio.timeout(ask.limits.total_seconds - spent):
                    answer = await self._request(url, target, ask)
            except aiohttp.ConnectionTimeoutError as error:
                seconds = ask.limits.connect_seconds
                raise Unreachable(ask.source_id, url, f"no connection within {seconds:.0f} s") from error
            except TimeoutError as error:
                seconds = ask.limits.total_seconds
                raise TooSlow(ask.source_id, url, f"no whole answer within {seconds:.0f} s") from error
            except Refused as error:
                raise NotAllowed(ask.source_id, url, str(error)) from error
            except aiohttp.ClientConnectorError as error:
                kind = NotAllowed if isinstance(error.os_error, Refused) else Unreachable
                raise kind(ask.source_id, url, str(error.os_error) or str(error)) from error
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise BadAnswer(ask.source_id, url, _words(error)) from error
            return answer, time.monotonic() - started

    async def _request(self, url: str, target: yarl.URL, ask: _Ask) -> Fetched | _Hop:
        assert self._session is not None, "use the fetcher as `async with`"
        response = await self._session.request(
            "GET" if ask.form is None else "POST",
            target,
            data=ask.form,
            headers=_request_headers(url, ask),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=ask.limits.connect_seconds),
        )
        try:
            return await self._answer(url, target, response, ask)
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    async def _answer(self, url: str, target: yarl.URL, response: aiohttp.ClientResponse, ask: _Ask) -> Fetched | _Hop:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status in REDIRECTS and "location" in headers:
            return _Hop(response.status, _location(url, target, headers["location"], ask.source_id))
        if response.status == 304:
            state = Validators(
                url=url,
                etag=headers.get("etag", ask.validators.etag),
                last_modified=headers.get("last-modified", ask.validators.last_modified),
            )
            return Fetched(url, url, 304, headers, b"", state)
        if response.status != 200:
            raise await self._bad_status(url, target, response, headers, ask)
        codings, cap = headers.get("content-encoding", ""), ask.limits.body_bytes
        body, whole = await self._bodies.read(response, codings, cap, ask.source_id, url)
        state = Validators(url=url, etag=headers.get("etag"), last_modified=headers.get("last-modified"))
        return Fetched(url, url, 200, headers, body, state, whole)

    async def _bad_status(
        self, url: str, target: yarl.URL, response: aiohttp.ClientResponse, headers: dict[str, str], ask: _Ask
    ) -> BadStatus:
        """The error for a status, after noting the rest that the host asks for."""
        after = retry_after(headers.get("retry-after"), datetime.now(UTC))
        self._manners.rest(target, response.status, after)
        try:
            head = await response.content.read(ERROR_HEAD_BYTES)
        except aiohttp.ClientPayloadError:
            head = b""
        return BadStatus(ask.source_id, url, response.status, after, head, headers)

    async def _robots_txt(self, source_id: str, url: yarl.URL) -> Fetched:
        return await self.get(str(url), source_id=source_id, limits=caps.ROBOTS, accept="text/plain", robots=False)


# ---- small things ---------------------------------------------------------------------------------------------------


def _request_headers(url: str, ask: _Ask) -> dict[str, str]:
    headers = {"Accept": ask.accept}
    if ask.validators.url in ("", url):
        if ask.validators.etag is not None:
            headers["If-None-Match"] = ask.validators.etag
        if ask.validators.last_modified is not None:
            headers["If-Modified-Since"] = ask.validators.last_modified
    return headers


def _location(url: str, target: yarl.URL, location: str, source_id: str) -> str:
    try:
        return str(target.join(yarl.URL(location.strip())))
    except ValueError as error:
        raise BadAnswer(source_id, url, f"redirects to no address: {location[:200]!r}") from error


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]

"""One polite, guarded, capped GET: what every reader gets its bytes from."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import aiohttp
import yarl
from protego import Protego
from pydantic import BaseModel, ConfigDict

from crawlers import limits as caps
from crawlers.decode import BadCoding, Overflow, decode
from crawlers.guard import Guard, Refused
from crawlers.limits import Limits

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
ROBOTS_SECONDS = 24 * 3600.0
ROBOTS_ERROR_SECONDS = 3600.0
ROBOTS_UNREACHED_SECONDS = 60.0
LONGEST_REST_SECONDS = 24 * 3600.0
LONGEST_CRAWL_DELAY = 30.0
TOO_MANY_SECONDS = 60.0
"""The rest after a 429 that does not say how long."""
KNOWN_HOSTS = 10_000
UNPACKED_AT_ONCE = 2
"""Each may take twice its cap of memory for a moment; few threads, since each keeps memory of its own."""


# ---- what goes wrong ------------------------------------------------------------------------------------------------


class FetchFailed(Exception):
    """A fetch gave nothing to read."""

    def __init__(self, source_id: str, url: str, reason: str) -> None:
        self.source_id, self.url, self.reason = source_id, url, reason
        super().__init__(f"{url}: {reason}")


class NotAllowed(FetchFailed):
    """The guard or the site's robots.txt does not let us ask."""


class Unreachable(FetchFailed):
    """No name, no route, no listener, or no valid certificate."""


class TooSlow(FetchFailed):
    """The answer did not end in time."""


class TooLarge(FetchFailed):
    """The answer passed the cap, as sent or unpacked."""


class BadAnswer(FetchFailed):
    """The answer breaks HTTP: a lying coding, a redirect to nowhere, one redirect too many."""


class BadStatus(FetchFailed):
    """The site answered with an error status."""

    def __init__(
        self,
        source_id: str,
        url: str,
        status: int,
        retry_after: float | None = None,
        head: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.retry_after, self.head, self.headers = status, retry_after, head, dict(headers or {})
        super().__init__(source_id, url, f"HTTP status {status}")


class Resting(FetchFailed):
    """The host asked us to come back later, and that time has not come."""

    def __init__(self, source_id: str, url: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(source_id, url, f"its host asked for a rest of {seconds:.0f} s more")


# ---- what comes out -------------------------------------------------------------------------------------------------


class Validators(BaseModel):
    """What a server said of its answer's state, sent back exactly as received, to the address that said it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: 200 with a body, or 304 without one."""

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    """Unpacked."""
    validators: Validators
    complete: bool = True
    """False where the connection ended early; such an answer is not to be remembered as seen."""
    moved_to: str | None = None
    """Where every redirect on the way was permanent: the address they lead to."""
    seconds: float = 0.0

    @property
    def unchanged(self) -> bool:
        """Whether the server says that nothing changed since the validators we sent."""
        return self.status == 304


@dataclass(slots=True)
class _Host:
    """What we owe one host: its turn, its pace, its rest."""

    turn: asyncio.Semaphore
    busy: int = 0
    next_at: float = 0.0
    rest_until: float = 0.0


@dataclass(slots=True)
class _Robots:
    """A site's robots.txt as known until a time; without rules everything is allowed, unless it could not be read."""

    until: float = 0.0
    rules: Protego | None = None
    unread: str = ""
    failure: type[FetchFailed] = NotAllowed
    delay: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


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


class Manners:
    """What we owe each host and know of its robots.txt. Outlives a fetcher, so that the next one is as polite."""

    def __init__(self) -> None:
        self.hosts: dict[str, _Host] = {}
        self.robots: dict[str, _Robots] = {}

    def begin(self, per_host: int) -> None:
        """Ready for another event loop: no turn is taken, no lock is held."""
        for host in self.hosts.values():
            host.turn, host.busy = asyncio.Semaphore(per_host), 0
        for robots in self.robots.values():
            robots.lock = asyncio.Lock()


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
        self._unpackers = ThreadPoolExecutor(UNPACKED_AT_ONCE, "unpack")

    async def __aenter__(self) -> Self:
        self._manners.begin(self._per_host)
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
        self._unpackers.shutdown(wait=False, cancel_futures=True)

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
            await self._ask_robots(ask.source_id, target)
        async with self._turn(ask.source_id, url, target):
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
        raw, complete = await _read(response, ask.limits.body_bytes, ask.source_id, url)
        if response.status != 200:
            raise self._bad_status(url, target, response.status, headers, raw[:8192], ask)
        try:
            body, whole = await self._unpacked(raw, headers.get("content-encoding", ""), ask.limits.body_bytes)
        except Overflow as error:
            raise TooLarge(ask.source_id, url, f"unpacks to more than {_size(ask.limits.body_bytes)}") from error
        except BadCoding as error:
            raise BadAnswer(ask.source_id, url, str(error)) from error
        state = Validators(url=url, etag=headers.get("etag"), last_modified=headers.get("last-modified"))
        return Fetched(url, url, 200, headers, body, state, complete and whole)

    async def _unpacked(self, raw: bytes, codings: str, cap: int) -> tuple[bytes, bool]:
        """The body unpacked; in a thread where it is packed at all, since a few bytes may be a bomb that takes a while."""
        if codings.strip().lower() in ("", "identity") and raw[:2] != b"\x1f\x8b":
            return raw, True
        return await asyncio.get_running_loop().run_in_executor(self._unpackers, decode, raw, codings, cap)

    def _bad_status(
        self, url: str, target: yarl.URL, status: int, headers: dict[str, str], head: bytes, ask: _Ask
    ) -> BadStatus:
        """The error for a status, after noting the rest that the host asks for."""
        after = retry_after(headers.get("retry-after"), datetime.now(UTC))
        if status == 429 or (status == 503 and after is not None):
            rest = min(after if after is not None else TOO_MANY_SECONDS, LONGEST_REST_SECONDS)
            host = self._host(target)
            host.rest_until = max(host.rest_until, time.monotonic() + rest)
        return BadStatus(ask.source_id, url, status, after, head, headers)

    # manners

    def _host(self, target: yarl.URL) -> _Host:
        name, known = f"{target.host}:{target.port}", self._manners.hosts
        if name not in known:
            if len(known) >= KNOWN_HOSTS:
                now = time.monotonic()
                known = {n: h for n, h in known.items() if h.busy or h.rest_until > now}
                self._manners.hosts = known
            known[name] = _Host(asyncio.Semaphore(self._per_host))
        return known[name]

    @asynccontextmanager
    async def _turn(self, source_id: str, url: str, target: yarl.URL) -> AsyncIterator[None]:
        """Waits until the host may be asked again, and holds one of its few connections."""
        host = self._host(target)
        host.busy += 1
        try:
            async with host.turn:
                now = time.monotonic()
                if host.rest_until > now:
                    raise Resting(source_id, url, host.rest_until - now)
                start = max(now, host.next_at)
                robots = self._manners.robots.get(str(target.origin()))
                host.next_at = start + max(self._delay, robots.delay if robots else 0.0)
                await asyncio.sleep(start - now)
                yield
        finally:
            host.busy -= 1

    async def _ask_robots(self, source_id: str, target: yarl.URL) -> None:
        """Raises NotAllowed where the site's robots.txt keeps us from a URL."""
        robots = await self._robots_of(source_id, target.origin())
        if robots.unread:
            reason = f"robots.txt could not be read ({robots.unread}): asked again later"
            raise robots.failure(source_id, str(target), reason)
        if robots.rules is not None and not robots.rules.can_fetch(str(target), self._product):
            raise NotAllowed(source_id, str(target), "the site's robots.txt asks us to stay out")

    async def _robots_of(self, source_id: str, origin: yarl.URL) -> _Robots:
        key = str(origin)
        if len(self._manners.robots) >= KNOWN_HOSTS:
            self._manners.robots = {k: r for k, r in self._manners.robots.items() if r.until > time.monotonic()}
        robots = self._manners.robots.setdefault(key, _Robots())
        async with robots.lock:
            if robots.until <= time.monotonic():
                await self._read_robots(source_id, origin, robots)
        return robots

    async def _read_robots(self, source_id: str, origin: yarl.URL, robots: _Robots) -> None:
        """RFC 9309: 4xx allows all; a server error or no answer forbids all until it is asked again."""
        robots.rules, robots.unread, robots.failure, robots.delay = None, "", NotAllowed, 0.0
        lasting = ROBOTS_SECONDS
        try:
            answer = await self.get(
                str(origin / "robots.txt"), source_id=source_id, limits=caps.ROBOTS, accept="text/plain", robots=False
            )
        except BadStatus as error:
            if error.status >= 500 or error.status == 429:
                robots.unread, lasting = error.reason, ROBOTS_ERROR_SECONDS
        except (TooLarge, BadAnswer):
            pass  # a robots.txt that nobody can read forbids nothing
        except (Unreachable, TooSlow, NotAllowed) as error:
            robots.unread, robots.failure, lasting = error.reason, type(error), ROBOTS_UNREACHED_SECONDS
        else:
            robots.rules = parse_robots(answer.body)
            robots.delay = min(robots.rules.crawl_delay(self._product) or 0.0, LONGEST_CRAWL_DELAY)
        robots.until = time.monotonic() + lasting


# ---- small things ---------------------------------------------------------------------------------------------------


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, in either form; None without one that can be read."""
    if value is None:
        return None
    if re.fullmatch(r"\s*\d{1,9}\s*", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def parse_robots(body: bytes) -> Protego:
    """The rules of a robots.txt; lines that only cost time are left out."""
    lines = body.decode("utf-8", "replace").splitlines()
    return Protego.parse("\n".join(line for line in lines[:10_000] if len(line) < 2_048 and line.count("*") < 10))


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


async def _read(response: aiohttp.ClientResponse, cap: int, source_id: str, url: str) -> tuple[bytes, bool]:
    """The body as sent, and whether it came whole. Raises TooLarge as soon as it passes the cap."""
    body = bytearray()
    try:
        async for part in response.content.iter_any():
            body += part
            if len(body) > cap:
                raise TooLarge(source_id, url, f"more than {_size(cap)} as sent")
    except aiohttp.ClientPayloadError:
        return bytes(body), False
    return bytes(body), True


def _size(count: int) -> str:
    return f"{count / caps.MIB:g} MiB"


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]

"""The language model, where one is set: one client that asks any OpenAI-compatible endpoint, and never waits long for it.

It sends text and takes text: no tools, no keys but its own, no redirects, every socket through a guard of its own. An answer that is
late, broken, too long or missing is no answer, and what was asked goes on without; how many is in the logs.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import aiohttp
import structlog
import yarl

from crawlers.guard import Guard, Refused, is_public
from pipeline.records import Question
from settings import Settings, place_of

log = structlog.get_logger()

ASK_SECONDS = 20.0
"""For one answer, from the first byte out to the last byte in."""
ROUND_SECONDS = 45.0
"""For all answers of one batch: well within a batch's lease and the time limit of a task."""
AT_ONCE = 8
MOST_BYTES = 256 * 1024
MOST_TOKENS = 1500
TIRED_AFTER = 3
"""Failures in a row after which the model is left alone for a while."""
REST_SECONDS = 300.0
"""So that a dead endpoint delays one batch in five minutes and not every one."""

_OWN = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # carrier NAT, and the private networks that are laid over it
        "::1/128",
        "fc00::/7",
    )
)
"""This machine and one's own network. Link-local is not among them: there clouds tell their secrets."""


class OwnEndpoint(Guard):
    """The guard of a model on one's own network: its one host and port, and nothing else in the world."""

    def __init__(self, url: str) -> None:
        host, port = place_of(url)
        if host is None or port is None:
            raise Refused(url, "it names no host and port")
        super().__init__(ports=[port])
        self._host, self._port, self._is_plain = host, port, not url.startswith("https://")
        self._number = _number(host)

    def permits(self, address: str, port: int) -> bool:
        """Whether it is the endpoint: the very address where one was named, else one of ours, or by TLS a public one."""
        found = _number(address)
        if port != self._port or found is None or (self._number and found != self._number):
            return False
        is_own = any(found.version == network.version and found in network for network in _OWN)
        return is_own or (not self._is_plain and is_public(address))

    def check(self, url: str) -> yarl.URL:
        """The URL, if it leads to the endpoint. Raises Refused."""
        if place_of(url) != (self._host, self._port):
            raise Refused(url, "it is not the model's endpoint")
        return super().check(url)


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A numeric address, an IPv4 one out of its IPv6 wrapping; None for a name."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip


class NoAnswer(Exception):
    """The model gave nothing that could be used; the message is a word for the log and holds nothing that came back."""


class Model:
    """Asks one endpoint. May be used from any thread that runs no event loop."""

    def __init__(
        self,
        url: str,
        name: str,
        key: str = "",
        *,
        guard: Guard | None = None,
        ask_seconds: float = ASK_SECONDS,
        round_seconds: float = ROUND_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`url` is the endpoint's base, `https://host/v1`. Without a `guard` only public addresses are reached."""
        base = url.rstrip("/")
        self._url = base if base.endswith("/chat/completions") else f"{base}/chat/completions"
        self._name, self._key = name, key
        self._guard = guard or Guard(ports=[urlsplit(base).port or 443])
        self._ask_seconds, self._round_seconds, self._clock = ask_seconds, round_seconds, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = float("-inf")
        self._is_plain = False

    def ask_all(self, questions: Sequence[Question]) -> list[str | None]:
        """The answers in the order of the questions; None for each that got none in time."""
        if not questions:
            return []
        answers, ends = asyncio.run(self._ask_all(questions))
        level = log.info if ends["answered"] == len(questions) else log.warning
        level("model asked", model=self._name, questions=len(questions), **ends)
        return answers

    async def _ask_all(self, questions: Sequence[Question]) -> tuple[list[str | None], Counter[str]]:
        answers: list[str | None] = [None] * len(questions)
        ends: Counter[str] = Counter()
        turn = asyncio.Semaphore(AT_ONCE)

        async def ask(place: int) -> None:
            async with turn:
                if self._rests():
                    ends["skipped"] += 1
                    return
                try:
                    answers[place] = await self._ask(session, questions[place])
                    ends["answered"] += 1
                except NoAnswer as error:
                    ends[str(error)] += 1
                self._note(answers[place] is not None)

        timeout = aiohttp.ClientTimeout(total=self._ask_seconds, sock_connect=min(5.0, self._ask_seconds))
        connector = self._guard.connector(limit=AT_ONCE)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
            waiting = [asyncio.create_task(ask(place)) for place in range(len(questions))]
            _, late = await asyncio.wait(waiting, timeout=self._round_seconds)
            for task in late:
                task.cancel()
            for result in await asyncio.gather(*waiting, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result
        ends["late"] += len(late)
        return answers, +ends

    async def _ask(self, session: aiohttp.ClientSession, question: Question) -> str:
        """The model's words. Raises NoAnswer."""
        try:
            status, body = await self._post(session, question)
            if status == 400 and not self._is_plain:
                self._is_plain = True  # some servers refuse the fields that others want: ask with the bare minimum
                status, body = await self._post(session, question)
        except Refused:
            raise NoAnswer("refused_by_guard") from None
        except TimeoutError:
            raise NoAnswer("timed_out") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            refused = isinstance(getattr(error, "os_error", None), Refused)
            raise NoAnswer("refused_by_guard" if refused else "unreachable") from None
        if status != 200:
            raise NoAnswer(f"status_{status}")
        return _words(body)

    async def _post(self, session: aiohttp.ClientSession, question: Question) -> tuple[int, bytes]:
        headers = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        async with session.post(
            self._guard.check(self._url),
            data=json.dumps(self._body(question)).encode(),
            headers=headers,
            allow_redirects=False,
        ) as answer:
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise NoAnswer("compressed")
            return answer.status, await _some(answer.content)

    def _body(self, question: Question) -> dict[str, object]:
        messages = [
            {"role": "system", "content": question.rules},
            {"role": "user", "content": question.material},
        ]
        body: dict[str, object] = {"model": self._name, "messages": messages}
        if self._is_plain:
            return body
        shape = {"type": "json_object"}
        return body | {"temperature": 0, "max_tokens": MOST_TOKENS, "response_format": shape, "stream": False}

    def _rests(self) -> bool:
        with self._lock:
            return self._clock() < self._rests_until

    def _note(self, answered: bool) -> None:
        with self._lock:
            self._failures = 0 if answered else self._failures + 1
            if self._failures >= TIRED_AFTER:
                self._failures = 0
                self._rests_until = self._clock() + REST_SECONDS


def model_of(settings: Settings) -> Model | None:
    """The installation's model, where one is set."""
    if not settings.model_url:
        return None
    key = settings.model_key.get_secret_value() if settings.model_key else ""
    guard = OwnEndpoint(settings.model_url) if settings.model_allow else None
    return Model(settings.model_url, settings.model_name, key, guard=guard)


async def _some(stream: aiohttp.StreamReader) -> bytes:
    """A body, if it ends within our bound. Raises NoAnswer for one that does not."""
    found = bytearray()
    while chunk := await stream.read(64 * 1024):
        found += chunk
        if len(found) > MOST_BYTES:
            raise NoAnswer("too_long")
    return bytes(found)


def _words(body: bytes) -> str:
    """What the model said, out of the endpoint's envelope. Raises NoAnswer."""
    try:
        said = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise NoAnswer("broken") from None
    if not isinstance(said, str):
        raise NoAnswer("broken")
    return said

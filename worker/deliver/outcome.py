"""What goes out and what comes of it: whether the other side took it, refused it, or left us unsure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, runtime_checkable

BUSY_SECONDS = 60.0
"""How long to wait where a vendor says "too fast" and not until when; their windows are a minute."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side said, in its own words, that it has the message."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side does not have the message: it said no, or was never reached."""

    reason: str
    retry: bool
    """Whether the same message may be taken later."""
    wait: float | None = None
    """Seconds to wait at least, where the other side says so."""
    gone: bool = False
    """Whether the destination itself is dead: to be switched off, and its owner told."""
    down: bool = False
    """Whether it did not answer at all, or only that it is unwell: nothing else is sent there for a while."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message may or may not have arrived."""

    reason: str


Outcome = Sent | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Request:
    """A POST, ready to go. Never logged: addresses hold secrets."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said, its body cut at some kilobytes; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def retry_after(self, now: datetime) -> float | None:
        """Seconds to wait by the Retry-After header, given in seconds or as a date; at most a day."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return min(float(value[:9]), 86400.0)
        try:
            until = parsedate_to_datetime(value)
            return min(max((until - now).total_seconds(), 0.0), 86400.0)
        except (ValueError, TypeError, OverflowError):
            return None


class NotReached(Exception):
    """Nothing was sent: no name, no route, no listener, no valid certificate, or the guard said no."""


class NoAnswer(Exception):
    """Something was sent and no whole answer came back."""


class Client(Protocol):
    """Whatever can POST: guarded in the worker, bound to loopback in tests. It follows no redirect."""

    def post(self, request: Request) -> Answer:
        """The answer, of any status. Raises NotReached or NoAnswer."""
        ...


@runtime_checkable
class Checker(Protocol):
    """Whatever can say beforehand whether an address may be reached: for what sends by a way of its own."""

    def check(self, url: str) -> None:
        """Nothing where it may be reached. Raises OSError where it may not, or its host is not known."""
        ...


def by_status(answer: Answer, now: datetime) -> Outcome:
    """What an HTTP status alone says, where the body is no answer of the vendor's own."""
    said = f"HTTP {answer.status}: {' '.join(answer.text.split())[:200]}"
    if answer.status == 429:
        return Refused(said, retry=True, wait=answer.retry_after(now) or BUSY_SECONDS)
    if answer.status in (502, 504):
        return Unknown(said)
    if answer.status >= 500 or answer.status == 408:
        wait = answer.retry_after(now)
        return Refused(said, retry=True, wait=wait, down=wait is None)
    if answer.status < 300:
        return Unknown(said)
    return Refused(said, retry=False, gone=answer.status in (404, 410))


def by_code(
    code: object, said: str, *, busy: Mapping[int, float], passing: frozenset[int], gone: frozenset[int]
) -> Outcome:
    """What a vendor's own code says: 0 is yes, and everything else is no, whatever the HTTP status."""
    if code == 0 and not isinstance(code, bool):
        return Sent(said)
    reason = f"code {code}: {said}"[:300]
    if not isinstance(code, int) or isinstance(code, bool):
        return Unknown(reason)
    if code in busy:
        return Refused(reason, retry=True, wait=busy[code])
    return Refused(reason, retry=code in passing, gone=code in gone)

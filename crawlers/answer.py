"""What a fetch gives, and how it fails: read by everything that asks for bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from crawlers.limits import FEED, Limits

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


class Gets(Protocol):
    """What a crawl needs of a fetcher."""

    async def get(
        self,
        url: str,
        *,
        source_id: str = "",
        validators: Validators | None = None,
        limits: Limits = FEED,
        accept: str = "*/*",
        form: Mapping[str, str] | None = None,
        robots: bool = True,
    ) -> Fetched:
        """The answer at a URL."""

"""What a reader makes of one file or answer, for people to look at: the working part of `launchwatch parse`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from crawlers.cage import Cage
from crawlers.entry import Entry
from crawlers.limits import FEED
from crawlers.reading import Task


class Parsed(BaseModel):
    """A file's entries, or in plain words why there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    entries: tuple[Entry, ...] = ()
    error: str | None = None


def parse_files(paths: Iterable[str | Path], timezone: str = "") -> Iterator[Parsed]:
    """The reading of each file, a feed or an article page, in order; every file has an answer."""
    with Cage() as cage:
        for path in paths:
            yield parse_file(path, cage, timezone)


def parse_file(path: str | Path, cage: Cage, timezone: str = "") -> Parsed:
    """The reading of a file. One that cannot be read, or is larger than a feed may be, says so in `error`."""
    try:
        with Path(path).open("rb") as file:
            body = file.read(FEED.body_bytes + 1)
    except OSError as error:
        return Parsed(file=str(path), error=f"cannot be opened: {error.strerror or error}")
    return parse_bytes(str(path), body, cage, timezone=timezone)


def parse_bytes(
    name: str, body: bytes, cage: Cage, *, url: str = "", content_type: str = "", timezone: str = ""
) -> Parsed:
    """The reading of bytes that were fetched or loaded; `name` is what they are called in the answer."""
    if len(body) > FEED.body_bytes:
        return Parsed(file=name, error=f"larger than {FEED.body_bytes} bytes, the most that a feed or page may have")
    reading = cage.read_now(Task(reader="any", url=url, content_type=content_type, timezone=timezone), body)
    return Parsed(file=name, entries=reading.entries, error=reading.error)

"""What was fetched, kept as WARC files, so that a reader that was mended can be run again over the past."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.answer import Fetched, Validators
from crawlers.fetch import Fetcher
from crawlers.limits import FEED, MIB, PAGE, Limits

FILE_BYTES = 64 * MIB
"""A file is closed at this size: small enough to copy, large enough to be few."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer of the past."""

    source_id: str
    url: str
    fetched_at: datetime
    content_type: str
    body: bytes
    asked: str = ""
    """The address that was asked for; `url` is where it led."""
    is_page: bool = False
    """Whether it is an article's page, not an answer of the source itself."""


class Archive:
    """A folder of WARC files for one writing process: rotated by size, the oldest deleted beyond a total.

    A 304 is not kept; it says nothing that its 200 did not. Names hold the writer's `name`, so that several processes
    can share a folder.
    """

    def __init__(
        self, folder: Path, total_bytes: int = 1024 * MIB, name: str = "collector", file_bytes: int = FILE_BYTES
    ) -> None:
        self._folder, self._total, self._name, self._file_bytes = folder, total_bytes, name, file_bytes
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, source_id: str, fetched: Fetched, now: datetime, *, is_page: bool = False) -> None:
        """Adds an answer. Each record is compressed and written by itself: a crash spoils the last one at most."""
        if fetched.status != 200:
            return
        with self._lock, self._current(now).open("ab") as file:
            writer = WARCWriter(file, gzip=True)
            content_type = fetched.headers.get("content-type", "application/octet-stream")
            head = StatusAndHeaders("200 OK", [("Content-Type", content_type)], protocol="HTTP/1.1")
            record = writer.create_warc_record(
                fetched.final_url,
                "response",
                payload=io.BytesIO(fetched.body),
                length=len(fetched.body),
                http_headers=head,
                warc_headers_dict={
                    "WARC-Date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "WARC-Source-URI": f"urn:launchwatch:{'page' if is_page else 'source'}:{source_id}",
                    "WARC-Refers-To-Target-URI": fetched.url,
                },
            )
            writer.write_record(record)
        self._make_room()

    def read(self, since: datetime | None = None, source_id: str | None = None) -> Iterator[Kept]:
        """The answers kept, oldest file first, from a time on and of one source where asked. A torn end is passed over."""
        for path in sorted(self._folder.glob("*.warc.gz")):
            try:
                for kept in _records(path):
                    if (since is None or kept.fetched_at >= since) and source_id in (None, kept.source_id):
                        yield kept
            except (ArchiveLoadFailed, EOFError, OSError):
                continue

    def _current(self, now: datetime) -> Path:
        mine = sorted(self._folder.glob(f"*-{self._name}.warc.gz"))
        if mine and mine[-1].stat().st_size < self._file_bytes:
            return mine[-1]
        return self._folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S%f}-{self._name}.warc.gz"

    def _make_room(self) -> None:
        """Deletes the oldest whole files beyond the total, never the newest."""
        files = sorted(self._folder.glob("*.warc.gz"))
        excess = sum(path.stat().st_size for path in files) - self._total
        for path in files[:-1]:
            if excess <= 0:
                return
            excess -= path.stat().st_size
            path.unlink(missing_ok=True)


class KeepingFetcher:
    """A fetcher whose answers are kept in an archive as they come."""

    def __init__(self, fetcher: Fetcher, archive: Archive) -> None:
        self._fetcher, self._archive = fetcher, archive

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
        """As `Fetcher.get`."""
        fetched = await self._fetcher.get(
            url, source_id=source_id, validators=validators, limits=limits, accept=accept, form=form, robots=robots
        )
        if not fetched.unchanged:
            keep = partial(self._archive.keep, source_id, fetched, datetime.now(UTC), is_page=limits is PAGE)
            await asyncio.to_thread(keep)
        return fetched


def _records(path: Path) -> Iterator[Kept]:
    with path.open("rb") as file:
        for record in ArchiveIterator(file):
            if record.rec_type != "response":
                continue
            heads = record.rec_headers
            kind, _, source_id = (heads.get_header("WARC-Source-URI") or "").rpartition(":")
            yield Kept(
                source_id=source_id,
                asked=heads.get_header("WARC-Refers-To-Target-URI") or "",
                is_page=kind.endswith(":page"),
                url=heads.get_header("WARC-Target-URI") or "",
                fetched_at=datetime.fromisoformat(heads.get_header("WARC-Date").replace("Z", "+00:00")),
                content_type=record.http_headers.get_header("Content-Type") if record.http_headers else "",
                body=record.content_stream().read(),
            )

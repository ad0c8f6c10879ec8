"""The server under the hostile site: one thread and raw sockets, so that a misdeed can break any rule of HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    at: float
    count: int
    """How many times this path was asked for, this time included."""
    port: int
    body: bytes = b""


@dataclass
class Answer:
    """The way back to the client: whole answers, or bytes one by one."""

    writer: asyncio.StreamWriter

    async def send(
        self, body: bytes | str = b"", status: int = 200, kind: str = "text/html; charset=utf-8", **headers: str
    ) -> None:
        """A whole, honest answer. Header names are written with underscores."""
        data = body.encode() if isinstance(body, str) else body
        fields = {"content_type": kind, "content_length": str(len(data)), "connection": "close"} | headers
        if status == 304:
            fields.pop("content_length")
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
        await self.raw(
            "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode() + (b"" if status == 304 else data)
        )

    async def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()


Misdeed = Callable[[Asked, Answer], Awaitable[None]]


@dataclass
class Site:
    """The site while it runs; use it as a context. `asked` is every request, in order."""

    pages: Mapping[str, Misdeed]
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None

    @property
    def base(self) -> str:
        """The site's address, without a last slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def allow(self) -> frozenset[tuple[str, int]]:
        """What a guard must allow for the site to be reached."""
        return frozenset({("127.0.0.1", self.port)})

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [asked.path for asked in self.asked]

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(5)

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", self.port, backlog=512))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, asyncio.CancelledError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *rest = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest if line)}
            method, path, _ = (*first.split(" "), "", "")[:3]
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            count = 1 + sum(asked.path == path for asked in self.asked)
            asked = Asked(method, path, headers, time.monotonic(), count, self.port, body)
            self.asked.append(asked)
            page = self.pages.get(path.partition("?")[0]) or self.pages["/missing"]
            await page(asked, Answer(writer))
        with contextlib.suppress(OSError, asyncio.CancelledError, RuntimeError):
            writer.close()
            await writer.wait_closed()

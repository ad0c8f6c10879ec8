"""An answer's body, read and unpacked as it comes, under caps on bytes, on the event loop's time and on memory.

What grows large takes one of a few places, so that any number of such answers hold no more memory than that. All is
unpacked on the event loop, in steps of less than a millisecond between which others get their turn: a thread beside it
would cost others more, since they would wait for the interpreter while it holds that, and longest where it is nice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import aiohttp

from crawlers.answer import BadAnswer, TooLarge, TooSlow
from crawlers.decode import MOST_TIMES, PIECE, BadCoding, Bomb, Overflow, Unpacker
from crawlers.limits import KIB, MIB

LARGE_BYTES = 512 * KIB
"""From here on an answer needs a place: most feeds and nearly all pages are smaller."""
LARGE_AT_ONCE = 4
PATIENCE_SECONDS = 8.0
"""How long an answer keeps its place while others wait for one; without others, up to its own deadline."""


class GaveWay(Exception):
    """A large answer took too long while others waited."""


class Bodies:
    """Reads the bodies of one fetcher's answers."""

    def __init__(self, places: int = LARGE_AT_ONCE) -> None:
        self._room = Room(places)

    async def read(
        self, response: aiohttp.ClientResponse, codings: str, cap: int, source_id: str, url: str
    ) -> tuple[bytes, bool]:
        """The body, unpacked, and whether it came whole.

        Raises TooLarge as soon as it passes the cap, as sent or unpacked; BadAnswer where its coding is a lie; TooSlow
        where it gave its place to others.
        """
        body: list[bytes] = []  # pieces of about one size leave no holes in memory, a growing buffer many
        try:
            coming = _Coming(response, codings, cap)
            async with contextlib.aclosing(coming.pieces()) as pieces:
                if await _pour(pieces, body, LARGE_BYTES):
                    async with self._room.place():
                        await _pour(pieces, body, cap)
        except _SentTooMuch as error:
            raise TooLarge(source_id, url, f"more than {cap / MIB:g} MiB as sent") from error
        except Bomb as error:
            raise TooLarge(source_id, url, f"unpacks to more than {MOST_TIMES} times its size") from error
        except Overflow as error:
            raise TooLarge(source_id, url, f"unpacks to more than {cap / MIB:g} MiB") from error
        except BadCoding as error:
            raise BadAnswer(source_id, url, str(error)) from error
        except GaveWay as error:
            raise TooSlow(source_id, url, f"large, and not whole within {PATIENCE_SECONDS:.0f} s") from error
        return b"".join(body), coming.is_whole


class Room:
    """A few places for large answers. Who dribbles must go when others wait."""

    def __init__(self, places: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._free = asyncio.Semaphore(places)
        self._patience = patience_seconds
        self._waiting = 0
        self._held: dict[asyncio.Timeout, float] = {}

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """One of the places, as soon as one is free. Raises GaveWay inside it, once others have waited long enough."""
        await self._take()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._patience if self._waiting else None) as stay:
                self._held[stay] = loop.time()
                try:
                    yield
                finally:
                    del self._held[stay]
        except TimeoutError as error:
            raise GaveWay from error
        finally:
            self._free.release()

    async def _take(self) -> None:
        if self._free.locked():
            now = asyncio.get_running_loop().time()
            for stay, since in self._held.items():
                if stay.when() is None:
                    stay.reschedule(max(now, since + self._patience))
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1


class _SentTooMuch(Exception):
    """More bytes came than the cap allows, whatever they unpack to."""


class _Coming:
    """One body on its way."""

    def __init__(self, response: aiohttp.ClientResponse, codings: str, cap: int) -> None:
        self._response, self._cap = response, cap
        self._unpacker = Unpacker(codings, cap)
        self._sent = self._since_others = 0
        self._cut = False

    @property
    def is_whole(self) -> bool:
        """Whether it came to its end, as sent and as packed."""
        return not self._cut and self._unpacker.ended

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Its bytes, unpacked. The connection's early end is an end, too."""
        try:
            async for part in self._response.content.iter_any():
                self._sent += len(part)
                if self._sent > self._cap:
                    raise _SentTooMuch
                for piece in self._unpacker.feed(part):
                    await self._let_others(len(piece))
                    yield piece
        except aiohttp.ClientPayloadError:
            self._cut = True
        for piece in self._unpacker.rest():
            yield piece

    async def _let_others(self, count: int) -> None:
        """The event loop is everybody's: after so many bytes others get their turn."""
        self._since_others += count
        if self._since_others >= PIECE:
            self._since_others = 0
            await asyncio.sleep(0)


async def _pour(pieces: AsyncIterator[bytes], body: list[bytes], most: int) -> bool:
    """Bytes into the body until it holds more than `most`; whether there may be further ones."""
    size = 0
    async for piece in pieces:
        body.append(piece)
        size += len(piece)
        if size > most:
            return True
    return False

"""Bytes as sent, unpacked piece by piece under a cap: gzip, deflate, brotli and zstd, also one inside another.

Nothing is unpacked further than the next piece is asked for, so a bomb costs no more than its cap, whatever it holds.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # it comes without types
import zstandard

CODINGS = 3
"""Codings one inside another; honest servers use one."""
PIECE = 256 * 1024
"""Bytes unpacked in one go: less than a millisecond's work."""
_ZSTD_WINDOW = 8 * 1024 * 1024
"""RFC 9659: what a client must take, and no more."""
_SLICE = 4 * 1024
"""Bytes unpacked in one go: zstd cannot be asked for a part of what they hold, and so we know what each came to."""
MOST_TIMES = 100
"""Text packs to a fifth or a twentieth of its size, the same page over and over to a fiftieth; a bomb to a thousandth."""
UNSUSPECTED_BYTES = 512 * 1024
"""Below it, nobody counts how many times."""
_GZIP = zlib.MAX_WBITS | 16


class BadCoding(Exception):
    """The bytes are not what their Content-Encoding says."""


class Overflow(Exception):
    """The bytes unpack to more than the cap."""


class Bomb(Overflow):
    """The bytes unpack to so many times their size that they were made to."""


class _Stage(Protocol):
    """One coding undone."""

    ended: bool
    """Whether the packing ended properly so far."""

    def feed(self, part: bytes) -> Iterator[bytes]:
        """What a further part unpacks to. Raises BadCoding."""

    def rest(self) -> bytes:
        """What was held back so far; asked for when no part follows."""


class Unpacker:
    """An answer's codings undone, the outermost first. `codings` is the Content-Encoding header; `cap` counts bytes.

    Raises BadCoding for more codings than anyone uses, and for unknown ones.
    """

    def __init__(self, codings: str, cap: int) -> None:
        names = [name for name in (part.strip().lower() for part in codings.split(",")) if name and name != "identity"]
        if len(names) > CODINGS:
            raise BadCoding(f"{len(names)} codings one inside another")
        self._stages = [_stage(name, cap) for name in reversed(names)] or [_Gzip()]
        self._counts = [0] * len(self._stages)
        self._taken = self._given = 0
        self._cap = cap

    @property
    def ended(self) -> bool:
        """Whether every packing ended properly."""
        return all(stage.ended for stage in self._stages)

    def feed(self, part: bytes) -> Iterator[bytes]:
        """What a further part unpacks to, in small pieces.

        Raises Overflow over the cap, Bomb well before it for what was made to grow, BadCoding for damaged bytes.
        """
        step = max(1, len(part)) if self._is_plain else _SLICE
        for start in range(0, len(part), step):
            self._taken += min(step, len(part) - start)
            for piece in self._through(0, part[start : start + step]):
                self._given += len(piece)
                if self._given > max(UNSUSPECTED_BYTES, MOST_TIMES * self._taken):
                    raise Bomb
                yield piece

    @property
    def _is_plain(self) -> bool:
        """Whether there is nothing to unpack, as far as can be told."""
        first = self._stages[0]
        return len(self._stages) == 1 and isinstance(first, _Gzip) and first.is_plain

    def rest(self) -> Iterator[bytes]:
        """What was held back, when no part follows. Raises as `feed`."""
        for level, stage in enumerate(self._stages):
            if held := stage.rest():
                yield from self._through(level + 1, held)

    def _through(self, level: int, part: bytes) -> Iterator[bytes]:
        if level == len(self._stages):
            yield part
            return
        for piece in self._stages[level].feed(part):
            self._counts[level] += len(piece)
            if self._counts[level] > self._cap:
                raise Overflow
            yield from self._through(level + 1, piece)


def _stage(name: str, cap: int) -> _Stage:
    match name:
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd(cap)
        case _:
            raise BadCoding(f"unknown coding {name!r}")


def _inflated(unpacker: zlib._Decompress, part: bytes) -> Iterator[bytes]:
    """What a part inflates to; pieces stay small, and bytes may come out after all went in."""
    while True:
        piece = unpacker.decompress(part, PIECE)
        if piece:
            yield piece
        part = unpacker.unconsumed_tail
        if unpacker.eof or (not part and len(piece) < PIECE):
            return


class _Gzip:
    """Members of gzip one after another; bytes that are none go through as they are, whatever the header calls them."""

    def __init__(self) -> None:
        self.ended = True
        self._head = b""
        self._unpacker: zlib._Decompress | None = None
        self.is_plain = self._junk = False
        self._members = 0

    def feed(self, part: bytes) -> Iterator[bytes]:
        if self._unpacker is None and not self.is_plain:
            self._head = part = self._head + part
            if len(part) < 2:
                return
            self.is_plain, self._head = part[:2] != b"\x1f\x8b", b""
        if self.is_plain:
            yield part
            return
        while part and not self._junk:
            if self._unpacker is None or self._unpacker.eof:
                self._unpacker, self.ended = zlib.decompressobj(_GZIP), False
            try:
                yield from _inflated(self._unpacker, part)
            except zlib.error as error:
                if not self._members:
                    raise BadCoding(f"damaged packing: {error}") from error
                self.ended = self._junk = True  # what follows the last member is nobody's
                return
            self.ended = self._unpacker.eof
            self._members += self._unpacker.eof
            part = self._unpacker.unused_data if self._unpacker.eof else b""

    def rest(self) -> bytes:
        held, self._head = self._head, b""
        return held


class _Deflate:
    """zlib's form, or raw deflate, which some servers send under the same name."""

    def __init__(self) -> None:
        self.ended = True
        self._unpacker = zlib.decompressobj()
        self._head: bytes | None = b""
        """All that came as long as nothing came out: it may have to be read in the other form."""

    def feed(self, part: bytes) -> Iterator[bytes]:
        if self._unpacker.eof:
            return
        self.ended = False
        head = None if self._head is None else self._head + part
        self._head = head
        try:
            for piece in _inflated(self._unpacker, part):
                self._head = None
                yield piece
        except zlib.error as error:
            if head is None or self._head is None:
                raise BadCoding(f"damaged packing: {error}") from error
            yield from self._raw(head)
        self.ended = self._unpacker.eof

    def _raw(self, head: bytes) -> Iterator[bytes]:
        self._unpacker, self._head = zlib.decompressobj(-zlib.MAX_WBITS), None
        try:
            yield from _inflated(self._unpacker, head)
        except zlib.error as error:
            raise BadCoding(f"damaged packing: {error}") from error

    def rest(self) -> bytes:
        return b""


class _Brotli:
    def __init__(self) -> None:
        self.ended = True
        self._unpacker = brotli.Decompressor()

    def feed(self, part: bytes) -> Iterator[bytes]:
        while not self._unpacker.is_finished():
            try:
                piece = self._unpacker.process(part, output_buffer_limit=PIECE)
            except brotli.error as error:
                raise BadCoding("damaged brotli") from error
            if piece:
                yield piece
            part = b""
            if self._unpacker.can_accept_more_data() and len(piece) < PIECE:
                break
        self.ended = bool(self._unpacker.is_finished())

    def rest(self) -> bytes:
        return b""


class _Sink:
    """What zstd writes to: it stops at the cap. Not the stage itself, since such a ring would never be freed."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._pieces: list[bytes] = []
        self._held = 0

    def write(self, piece: bytes) -> int:
        """Takes a piece. Raises Overflow, which stops the unpacker."""
        self._held += len(piece)
        if self._held > self._cap:
            self.take()
            raise Overflow
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> list[bytes]:
        """What was written since."""
        pieces, self._pieces, self._held = self._pieces, [], 0
        return pieces


class _Zstd:
    """Frames of zstd. Where a frame ends is not told, so a cut one is not known from a whole one."""

    def __init__(self, cap: int) -> None:
        self.ended = True
        self._sink = _Sink(cap)
        unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._writer = unpacker.stream_writer(self._sink)  # type: ignore[arg-type]  # it calls `write` alone

    def feed(self, part: bytes) -> Iterator[bytes]:
        try:
            self._writer.write(part)
        except zstandard.ZstdError as error:
            raise BadCoding(f"damaged zstd: {error}") from error
        yield from self._sink.take()

    def rest(self) -> bytes:
        return b""

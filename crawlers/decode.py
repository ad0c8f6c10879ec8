"""Bytes as sent, unpacked under a cap: gzip, deflate, brotli and zstd, also one inside another."""

from __future__ import annotations

import io
import zlib

import brotli  # type: ignore[import-untyped]  # it comes without types
import zstandard

CODINGS = 3
"""Codings one inside another; honest servers use one."""
_ZSTD_WINDOW = 8 * 1024 * 1024
"""RFC 9659: what a client must take, and no more."""


class BadCoding(Exception):
    """The bytes are not what their Content-Encoding says."""


class Overflow(Exception):
    """The bytes unpack to more than the cap."""


def decode(body: bytes, codings: str, cap: int) -> tuple[bytes, bool]:
    """The body unpacked, and whether its packing ended properly. `codings` is the Content-Encoding header.

    Raises Overflow over `cap` bytes, BadCoding for bytes that no coding explains.
    """
    names = [name for name in (part.strip().lower() for part in codings.split(",")) if name and name != "identity"]
    if len(names) > CODINGS:
        raise BadCoding(f"{len(names)} codings one inside another")
    whole = True
    for name in reversed(names):
        body, ended = _unpack(body, name, cap)
        whole = whole and ended
    if not names and body[:2] == b"\x1f\x8b":
        return _unpack(body, "gzip", cap)
    return body, whole


def _unpack(body: bytes, coding: str, cap: int) -> tuple[bytes, bool]:
    if not body:
        return body, True
    match coding:
        case "gzip" | "x-gzip":
            return _inflate(body, zlib.MAX_WBITS | 16, cap) if body[:2] == b"\x1f\x8b" else (body, True)
        case "deflate":
            try:
                return _inflate(body, zlib.MAX_WBITS, cap)
            except BadCoding:
                return _inflate(body, -zlib.MAX_WBITS, cap)  # raw deflate, which some servers send under this name
        case "br":
            return _brotli(body, cap)
        case "zstd":
            return _zstd(body, cap)
        case _:
            raise BadCoding(f"unknown coding {coding!r}")


def _inflate(body: bytes, window: int, cap: int) -> tuple[bytes, bool]:
    out = bytearray()
    rest = body
    ended = False
    while rest:
        unpacker = zlib.decompressobj(window)
        try:
            out += unpacker.decompress(rest, cap + 1 - len(out))
        except zlib.error as error:
            if out and ended:
                break  # junk after the last member
            raise BadCoding(f"damaged packing: {error}") from error
        if len(out) > cap:
            raise Overflow
        ended, rest = unpacker.eof, unpacker.unused_data
        if not ended:
            break
        if window != zlib.MAX_WBITS | 16:
            break
    return bytes(out), ended


def _brotli(body: bytes, cap: int) -> tuple[bytes, bool]:
    unpacker = brotli.Decompressor()
    out = bytearray()
    try:
        out += unpacker.process(body, output_buffer_limit=cap + 1)
        while not unpacker.is_finished() and not unpacker.can_accept_more_data() and len(out) <= cap:
            out += unpacker.process(b"", output_buffer_limit=cap + 1 - len(out))
    except brotli.error as error:
        raise BadCoding("damaged brotli") from error
    if len(out) > cap:
        raise Overflow
    return bytes(out), bool(unpacker.is_finished())


def _zstd(body: bytes, cap: int) -> tuple[bytes, bool]:
    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(
        io.BytesIO(body), read_across_frames=True
    )
    out = bytearray()
    try:
        while len(out) <= cap and (part := reader.read(min(256 * 1024, cap + 1 - len(out)))):
            out += part
    except zstandard.ZstdError as error:
        raise BadCoding(f"damaged zstd: {error}") from error
    if len(out) > cap:
        raise Overflow
    return bytes(out), True

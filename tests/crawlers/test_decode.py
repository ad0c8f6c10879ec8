"""Packed bytes are unpacked piece by piece, however they are cut, and never past the cap."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from functools import partial

import brotli  # type: ignore[import-untyped]  # it comes without types
import pytest
import zstandard

from crawlers.decode import PIECE, UNSUSPECTED_BYTES, BadCoding, Bomb, Overflow, Unpacker

WORDS = "".join(
    f"<item>{n * 7919 % 99991} 新模型发布，上下文{n * 104729 % 9973}万字</item>" for n in range(12_000)
).encode()


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("", lambda body: body),
    "undeclared gzip": ("", gzip.compress),
    "gzip": ("gzip", gzip.compress),
    "not gzip at all": ("gzip", lambda body: body),
    "two members and junk": ("gzip", lambda body: gzip.compress(body[:999]) + gzip.compress(body[999:]) + b"\0\0junk"),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "brotli": ("br", partial(brotli.compress, quality=4)),
    "zstd": ("zstd", zstandard.compress),
    "two frames of zstd": ("zstd", lambda body: zstandard.compress(body[:999]) + zstandard.compress(body[999:])),
    "gzip in brotli": ("gzip, br", lambda body: brotli.compress(gzip.compress(body), quality=4)),
}


def unpacked(codings: str, body: bytes, cut: int, cap: int = 5_000_000) -> tuple[bytes, bool]:
    unpacker = Unpacker(codings, cap)
    pieces = [piece for start in range(0, len(body), cut) for piece in unpacker.feed(body[start : start + cut])]
    pieces += unpacker.rest()
    assert max(map(len, pieces)) <= max(2 * PIECE, cut)  # brotli's own blocks grow
    return b"".join(pieces), unpacker.ended


@pytest.mark.parametrize("cut", [1, 1000, 10_000_000])
@pytest.mark.parametrize("form", PACKERS)
def test_what_was_packed_comes_out_however_it_is_cut(form: str, cut: int) -> None:
    codings, pack = PACKERS[form]
    body = WORDS if cut > 1 else WORDS[:5_000]
    assert unpacked(codings, pack(body), cut) == (body, True)


@pytest.mark.parametrize("form", ["gzip", "deflate", "raw deflate", "brotli"])
def test_a_packing_that_breaks_off_is_known_to_be_half(form: str) -> None:
    codings, pack = PACKERS[form]
    body, ended = unpacked(codings, pack(WORDS)[:-50], 1000)
    assert WORDS.startswith(body)
    assert len(body) > 1000
    assert not ended


@pytest.mark.parametrize("form", PACKERS)
def test_nothing_unpacks_past_the_cap(form: str) -> None:
    codings, pack = PACKERS[form]
    came: list[bytes] = []
    unpacker, packed = Unpacker(codings, 100_000), pack(bytes(20_000_000))
    with pytest.raises(Overflow):
        came.extend(
            piece for start in range(0, len(packed), 60_000) for piece in unpacker.feed(packed[start : start + 60_000])
        )
    assert sum(map(len, came)) <= 100_000


@pytest.mark.parametrize("form", ["gzip", "deflate", "raw deflate", "brotli", "zstd", "gzip in brotli"])
def test_what_was_made_to_grow_is_known_long_before_the_cap(form: str) -> None:
    codings, pack = PACKERS[form]
    came: list[bytes] = []
    unpacker, packed = Unpacker(codings, 50_000_000), pack(bytes(20_000_000))
    with pytest.raises(Bomb):
        came.extend(unpacker.feed(packed))
    assert sum(map(len, came)) <= UNSUSPECTED_BYTES


def test_the_same_page_over_and_over_is_no_bomb() -> None:
    page = "".join(
        f"<li class=post><a href=/news/{n}>{n}: a model is released</a></li>" for n in range(60_000)
    ).encode()
    assert len(page) > 5 * UNSUSPECTED_BYTES
    assert unpacked("gzip", gzip.compress(page, 9), 60_000) == (page, True)


def test_what_unpacks_to_nothing_in_between_is_capped_too() -> None:
    inner = gzip.compress(b"") * 20_000
    unpacker = Unpacker("gzip, gzip", 100_000)
    with pytest.raises(Overflow):
        list(unpacker.feed(gzip.compress(inner)))


@pytest.mark.parametrize("codings", ["lzma", "gzip, gzip, gzip, gzip"])
def test_codings_that_nobody_uses_are_refused(codings: str) -> None:
    with pytest.raises(BadCoding):
        Unpacker(codings, 1000)


@pytest.mark.parametrize("coding", ["deflate", "br", "zstd"])
def test_bytes_that_are_not_what_they_are_called_are_refused(coding: str) -> None:
    unpacker = Unpacker(coding, 1_000_000)
    with pytest.raises(BadCoding):
        list(unpacker.feed(b"\x91\x92 plain words, not packed at all " * 50))

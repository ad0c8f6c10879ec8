"""Bombs: much of nothing, packed small. Each is packed once, as its maker would."""

from __future__ import annotations

import gzip
import io
import zlib
from functools import cache

import brotli  # type: ignore[import-untyped]  # it comes without types
import zstandard

GIB = 1024 * 1024 * 1024
_MIB = 1024 * 1024


@cache
def gzip_zeros(size: int) -> bytes:
    """So many zeros as gzip."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as file:
        chunk = bytes(4 * _MIB)
        for _ in range(size // len(chunk)):
            file.write(chunk)
    return out.getvalue()


@cache
def nested_zeros(size: int) -> bytes:
    """So many zeros as gzip in gzip."""
    return gzip.compress(gzip_zeros(size))


@cache
def deflate_zeros(size: int) -> bytes:
    """So many zeros as deflate."""
    return zlib.compress(bytes(size), 9)


@cache
def zstd_zeros(size: int) -> bytes:
    """So many zeros as zstd."""
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    chunk = bytes(8 * _MIB)
    return b"".join(packer.compress(chunk) for _ in range(size // len(chunk))) + packer.flush()


@cache
def brotli_zeros() -> bytes:
    """128 megabytes of zeros as brotli."""
    packer = brotli.Compressor(quality=1)
    chunk = bytes(8 * _MIB)
    return b"".join(packer.process(chunk) for _ in range(16)) + bytes(packer.finish())

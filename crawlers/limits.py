"""Caps on what one fetch and one parse may cost: seconds, bytes, hops, items. Each number says why."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost."""

    body_bytes: int
    """Cap on bytes as sent and, by itself, on bytes after decompression."""
    total_seconds: float = 30.0
    """From the first connect to the last byte, redirects included: a wall clock; a client's timeout is per read."""
    connect_seconds: float = 5.0
    hops: int = 5


FEED = Limits(body_bytes=5 * MIB)
"""The largest feeds in use hold a few hundred full articles; parsers take 20 s and more on 8 MB."""
PAGE = Limits(body_bytes=2 * MIB)
"""Article pages are 50 to 500 KB."""
ROBOTS = Limits(body_bytes=512 * KIB, total_seconds=10.0)
"""RFC 9309 asks for at least 500 KiB."""

ITEMS = 2_000
"""Entries kept of one answer; longer ones are archives that a sitemap serves better."""
TEXT_CHARACTERS = 500_000
"""Longest text kept of one entry; a book is about as long."""

PARSE_MEMORY_BYTES = 512 * MIB
PARSE_CPU_SECONDS = 10
PARSE_WALL_SECONDS = 15.0
"""The parsing child: far above any honest feed (0.3 s, 50 MB), far below what a hostile one takes."""

"""Spoils what the hostile site serves, for as long as one likes, and has every reader read it: nothing hangs, dies or calls.

    python -m tests.crawlers.fuzz [MINUTES] [SEED]

Exit 1 where a child died, a reader broke or wanted to connect, or some bytes took more than five seconds of CPU; those bytes
are then kept in a folder. Short runs of the same kind are among the tests (`test_odd_input.py`).
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from crawlers.answer import FetchFailed
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.limits import FEED, KIB, PAGE
from crawlers.reading import Reader, Reading, Task
from tests.crawlers.conftest import cpu_seconds
from tests.site.hostile import EVERYTHING
from tests.site.server import Site

MOST_CPU_SECONDS = 5.0
MINUTES, SEED = 0.5, 20240318
SLOW = ("/silent", "/slow-body", "/slow-headers", "/endless-headers")
SCRAPS = (
    b"<item>", b"</item>", b"<![CDATA[", b"]]>", b"&lt;", b"&#x110000;", b"&a;", b"<!DOCTYPE r [<!ENTITY a 'aaaaaaaa'>]>", b"<!--",
    b"<a:b c='", b"<div>", b"<b><i>", b"<br>", b"<table><tr><td>", b"<p a=1 ", b"<svg><style>", b"<link>http://[x</link>",
    b"<pubDate>0</pubDate>",
    b"<time datetime='9", b"<base href='http://[x'>", b"<sitemap><loc>", b"<sitemapindex>", b"[", b"{\"items\":", b"\"\\ud800\"", b"1e9999",
    b"\x00", b"\xff\xfe", b"\x1f\x8b", "\u202e新".encode("gbk", "ignore"), "新模型".encode("gb18030"), "新".encode("big5"), b"+ADw-",
    b" ", b"\n",
)  # fmt: skip


def seeds() -> list[bytes]:
    """What the hostile site answers, as far as it answers at all."""

    async def go(site: Site) -> list[bytes]:
        found = []
        async with Fetcher(Guard(allow=site.allow), delay=0, obey_robots=False) as fetcher:
            for path in EVERYTHING:
                try:
                    found.append((await fetcher.get(site.base + path)).body)
                except FetchFailed:
                    continue
        return [body for body in found if body]

    with Site({path: page for path, page in EVERYTHING.items() if path not in SLOW}) as site:
        return asyncio.run(go(site))


# ---- spoiling -------------------------------------------------------------------------------------------------------


def _flip(body: bytes, dice: random.Random) -> bytes:
    spoilt = bytearray(body)
    for _ in range(dice.randint(1, 20)):
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    return bytes(spoilt)


def _cut(body: bytes, dice: random.Random) -> bytes:
    start, end = sorted(dice.randrange(len(body) + 1) for _ in range(2))
    return body[:start] + body[end:]


def _scrap(body: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(body) + 1)
    return body[:at] + dice.choice(SCRAPS) * dice.choice((1, 3, 100, 10_000, 100_000)) + body[at:]


def _repeat(body: bytes, dice: random.Random) -> bytes:
    start, end = sorted(dice.randrange(len(body) + 1) for _ in range(2))
    times = dice.choice((2, 10, 1_000, 20_000))
    return body[:end] + body[start : min(end, start + 2 * KIB)] * times + body[end:]


SPOILS: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _cut, _scrap, _repeat)


def spoilt(bodies: list[bytes], dice: random.Random) -> bytes:
    """One of the bodies, or two of them run together, spoilt up to four times; as large as an answer may be."""
    body = dice.choice(bodies)
    if dice.random() < 0.2:
        body = body[: dice.randrange(len(body) + 1)] + dice.choice(bodies)
    for _ in range(dice.randint(1, 4)):
        body = dice.choice(SPOILS)(body or b"<rss>", dice)[: FEED.body_bytes]
    return body


# ---- reading --------------------------------------------------------------------------------------------------------


def verdict(reading: Reading, seconds: float) -> str:
    """What became of some bytes; in capitals what must not be."""
    if seconds > MOST_CPU_SECONDS:
        return "TOOK TOO LONG"
    if reading.thing == "hostile":
        return "BROKE" if "its reader failed" in (reading.error or "") else "DIED"
    return "refused in words" if reading.error else "read"


def main(minutes: float, seed: int) -> int:
    """Prints how many of each outcome; 0 where all is well."""
    dice, bodies, outcomes = random.Random(seed), seeds(), Counter[str]()
    readers, longest = list(get_args(Reader)), 0.0
    end = time.monotonic() + 60 * minutes
    with Cage() as cage:
        while time.monotonic() < end:
            reader, body = dice.choice(readers), spoilt(bodies, dice)
            body = body[: PAGE.body_bytes] if reader == "page" else body
            before = cpu_seconds(cage)
            reading = cage.read_now(Task(reader=reader, url="http://e.org/a"), body)
            seconds = max(0.0, cpu_seconds(cage) - before)
            longest = max(longest, seconds)
            outcome = verdict(reading, seconds)
            outcomes[outcome] += 1
            if outcome.isupper():
                _keep(outcome, reader, body, reading, seconds)
    sys.stdout.write(
        f"seed {seed}, {len(bodies)} bodies spoilt {outcomes.total()} times; longest {longest:.1f} s of CPU\n"
    )
    sys.stdout.write("".join(f"{count:8d} {outcome}\n" for outcome, count in outcomes.most_common()))
    return int(any(outcome.isupper() for outcome in outcomes))


def _keep(outcome: str, reader: str, body: bytes, reading: Reading, seconds: float) -> None:
    with tempfile.NamedTemporaryFile(prefix=f"fuzz-{reader}-", delete=False) as file:
        file.write(body)
    sys.stdout.write(f"{outcome}: {reader} {Path(file.name)} {len(body)} bytes {seconds:.1f} s {reading.error or ''}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asked = sys.argv[1:]
    sys.exit(main(float(asked[0]) if asked else MINUTES, int(asked[1]) if asked[1:] else SEED))

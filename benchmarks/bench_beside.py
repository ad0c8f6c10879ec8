"""Good feeds beside bombs, servers that dawdle and bytes that are hard to read: how long a good feed takes, alone and beside each.

    python -m benchmarks.bench_beside [--quick] [KIND...]

Of each kind of bad server many are asked together, again and again: 200 that dawdle; 20 bombs, each anew a second after it
ended (about 70,000 an hour); 2 hard ones. Good feeds answer after 50 ms, as a site nearby does, and at once, as nothing but
loopback does (what our event loop costs); each is fetched and parsed in the cage. Alone and beside are measured in turn, in
short halves, either first every other time: every round gives one ratio of the two p95, and the median of the rounds is what
is reported, with the range in which it lies by 95 %, so that a busy machine touches both halves and an outlier neither.
`loop` is the share of a core that our event loop takes, alone and beside. The bad servers yield to everything else: their
CPU stands for other people's machines. Memory is this process's growth at its highest, above what the same good feeds take.
What is due to the machine alone is measured too: beside a loop of nobody's that keeps one core busy and yields as they do.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import comb
from pathlib import Path
from statistics import median

from crawlers.answer import FetchFailed
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.priority import yield_to_others
from crawlers.reading import Task
from tests.site.misdeeds import GOOD, PAGES, XML
from tests.site.server import Answer, Asked, Misdeed, Site
from worker.collector import READERS

HARD = b"<html><body>" + b"<br>" * 1_200_000
"""Keeps an extractor busy for seconds."""


@dataclass(frozen=True)
class Kind:
    """A kind of bad server: where, how many of it at once, and the seconds between two calls."""

    paths: tuple[str, ...]
    many: int
    pause: float
    read: bool = False
    """Whether its answers come whole, and are handed to the cage."""


KINDS = {
    "silent": Kind(("/silent",), 200, 0.0),
    "slow headers and bodies": Kind(("/slow-headers", "/slow-body"), 200, 0.0),
    "bombs": Kind(("/gzip-bomb", "/brotli-bomb", "/zstd-bomb", "/deflate-bomb", "/nested-bomb", "/endless"), 20, 1.0),
    "hard to read": Kind(("/hard",), 2, 1.0, read=True),
    "a busy core": Kind((), 1, 0.0),
}
ROUNDS, QUICK_ROUNDS, GOOD_A_HALF = 11, 5, 60
UNLIKELY = 0.025
PAUSE_SECONDS = 0.005
THINK_SECONDS = 0.05


@dataclass(frozen=True)
class Half:
    """Good feeds, some dozens in a row: the seconds of each, and the share of a core that the event loop took."""

    took: list[float]
    loop: float

    @property
    def p95(self) -> float:
        """In milliseconds."""
        return sorted(self.took)[int(len(self.took) * 0.95)] * 1000


@dataclass
class Seen:
    """What one kind led to: good feeds, by round; the seconds of bad ones; megabytes."""

    alone: list[Half] = field(default_factory=list)
    beside: list[Half] = field(default_factory=list)
    bad: list[float] = field(default_factory=list)
    megabytes: float = 0.0


# ---- the servers ----------------------------------------------------------------------------------------------------


async def _thinking(_: Asked, answer: Answer) -> None:
    await asyncio.sleep(THINK_SECONDS)
    await answer.send(GOOD, kind=XML)


async def _hard(_: Asked, answer: Answer) -> None:
    await answer.send(HARD)


def serve() -> None:
    """The site in a process of its own. Prints its port."""
    pages: Mapping[str, Misdeed] = {**PAGES, "/thinking": _thinking, "/hard": _hard}
    with Site(pages) as site:
        sys.stdout.write(f"{site.port}\n")
        sys.stdout.flush()
        time.sleep(3600)


# ---- measuring ------------------------------------------------------------------------------------------------------


async def measure(kind: Kind, rounds: int, good_port: int, bad_port: int) -> dict[str, Seen]:
    """How good feeds fare beside one kind of bad ones: by the path of the good feed."""
    guard = Guard(allow={("127.0.0.1", good_port), ("127.0.0.1", bad_port)})
    seen = {path: Seen() for path in ("/thinking", "/good")}
    with Cage(most=READERS) as cage:
        async with _fetcher(guard) as fetcher:
            bad = f"http://127.0.0.1:{bad_port}"
            await asyncio.gather(
                *(_call(fetcher, cage, kind, bad + path) for path in _bombs_of(kind))
            )  # packed from now on
            for path, found in seen.items():
                good = f"http://127.0.0.1:{good_port}{path}"
                await _half(fetcher, cage, good)
                before = _peak(reset=True)
                for number in range(rounds):
                    for beside in (number % 2 == 1, number % 2 == 0):
                        if beside:
                            await _beside(fetcher, cage, kind, good, bad, found)
                            found.megabytes = max(found.megabytes, _peak(reset=True) - before)
                        else:
                            found.alone.append(await _half(fetcher, cage, good))
                            before = max(before, _peak(reset=True))
    return seen


def _fetcher(guard: Guard) -> Fetcher:
    return Fetcher(guard, delay=0, per_host=300, total=300, obey_robots=False)


def _bombs_of(kind: Kind) -> tuple[str, ...]:
    return tuple(path for path in kind.paths if path.endswith("-bomb"))


async def _beside(fetcher: Fetcher, cage: Cage, kind: Kind, good: str, bad: str, seen: Seen) -> None:
    """One half beside the bad ones, which end with it."""
    pests = [asyncio.create_task(_pest(fetcher, cage, kind, bad, n, seen)) for n in range(kind.many)]
    await asyncio.sleep(0.5)
    seen.beside.append(await _half(fetcher, cage, good))
    for task in pests:
        task.cancel()
    await asyncio.gather(*pests, return_exceptions=True)
    await asyncio.sleep(0.2)


async def _half(fetcher: Fetcher, cage: Cage, url: str) -> Half:
    took: list[float] = []
    wall, cpu = time.monotonic(), time.thread_time()
    for _ in range(GOOD_A_HALF):
        began = time.monotonic()
        fetched = await fetcher.get(url)
        await cage.read(Task(reader="feed", url=fetched.url), fetched.body)
        took.append(time.monotonic() - began)
        await asyncio.sleep(PAUSE_SECONDS)
    return Half(took, (time.thread_time() - cpu) / (time.monotonic() - wall))


async def _pest(fetcher: Fetcher, cage: Cage, kind: Kind, base: str, number: int, seen: Seen) -> None:
    if not kind.paths:
        await _idle_loop()
    path = kind.paths[number % len(kind.paths)]
    await asyncio.sleep(kind.pause * number / kind.many)
    while True:
        began = time.monotonic()
        await _call(fetcher, cage, kind, f"{base}{path}?{number}")
        seen.bad.append(time.monotonic() - began)
        await asyncio.sleep(kind.pause)


async def _idle_loop() -> None:
    """A process that does nothing for us, with the CPU that nobody else wants, until cancelled."""
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
    yield_to_others(loop.pid)
    try:
        await asyncio.Event().wait()
    finally:
        loop.kill()
        loop.wait()


async def _call(fetcher: Fetcher, cage: Cage, kind: Kind, url: str) -> None:
    try:
        fetched = await fetcher.get(url)
    except FetchFailed:
        return
    if kind.read:
        await cage.read(Task(reader="page", url=url), fetched.body)


async def every_slow_one_ends(bad_port: int) -> list[float]:
    """The seconds until each of 200 silent and dribbling servers was given up, all asked together."""
    paths = [path for kind in ("silent", "slow headers and bodies") for path in KINDS[kind].paths]
    async with _fetcher(Guard(allow={("127.0.0.1", bad_port)})) as fetcher:

        async def one(number: int) -> float:
            began = time.monotonic()
            with_number = f"http://127.0.0.1:{bad_port}{paths[number % len(paths)]}?{number}"
            try:
                await fetcher.get(with_number)
            except FetchFailed:
                return time.monotonic() - began
            raise AssertionError("it ended by itself")

        return list(await asyncio.gather(*(one(number) for number in range(200))))


def _peak(*, reset: bool) -> float:
    """This process's largest resident size so far, in megabytes; from here on anew. Linux alone can forget it."""
    size = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return int(size.split()[1]) / 1024


def report(name: str, path: str, seen: Seen) -> str:
    """One line."""
    ratios = sorted(beside.p95 / alone.p95 for alone, beside in zip(seen.alone, seen.beside, strict=True))
    low, high = _where_the_median_lies(ratios)
    good = "answers after 50 ms" if path == "/thinking" else "answers at once"
    longest = f"   longest bad {max(seen.bad):.1f} s of {len(seen.bad)}" if seen.bad else ""
    loops = (median(half.loop for half in halves) for halves in (seen.alone, seen.beside))
    return (
        f"{name:24s} {good:20s} p95 alone {median(h.p95 for h in seen.alone):6.1f} ms   beside "
        f"{median(h.p95 for h in seen.beside):6.1f} ms   median ratio {median(ratios) - 1:+.1%} "
        f"({low - 1:+.0%} to {high - 1:+.0%})   loop {' to '.join(f'{share:.0%}' for share in loops)}   "
        f"memory +{seen.megabytes:.0f} MB{longest}\n"
    )


def _where_the_median_lies(ordered: list[float]) -> tuple[float, float]:
    """The range of their median by 95 %, whatever they are like: of so many coins, how few heads are unlikely."""
    many, below, skipped = len(ordered), 0.0, 0
    while (below := below + comb(many, skipped) / 2**many) < UNLIKELY:
        skipped += 1
    skipped = max(0, skipped - 1)
    return ordered[skipped], ordered[-1 - skipped]


def main(arguments: list[str]) -> None:
    """Prints two lines a kind of bad server, and when the slow ones ended."""
    quick = "--quick" in arguments
    named = [argument for argument in arguments if argument in KINDS]
    command = [sys.executable, "-m", "benchmarks.bench_beside", "serve"]
    sites = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) for _ in range(2)]
    yield_to_others(sites[1].pid)
    try:
        good, bad = (int(site.stdout.readline()) for site in sites if site.stdout)
        for name in named or KINDS:
            found = asyncio.run(measure(KINDS[name], QUICK_ROUNDS if quick else ROUNDS, good, bad))
            for path, seen in found.items():
                sys.stdout.write(report(name, path, seen))
                sys.stdout.flush()
        if not quick and not named:
            took = asyncio.run(every_slow_one_ends(bad))
            sys.stdout.write(f"{len(took)} slow ones ended after {min(took):.1f} to {max(took):.1f} s\n")
    finally:
        for site in sites:
            site.kill()
            site.wait()


if __name__ == "__main__":
    serve() if sys.argv[1:2] == ["serve"] else main(sys.argv[1:])

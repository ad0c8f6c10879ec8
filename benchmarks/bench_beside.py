"""Good feeds beside bombs and servers that dawdle: how long a good feed takes, alone and beside each, in turn in one run.

    python -m benchmarks.bench_beside [BAD] [KIND...]

BAD of each kind (200; of bombs 20 at most) are open at once, and asked anew as they end. Good feeds answer after 0 ms (loopback
itself: what our event loop costs) and after 50 ms (a site nearby); each is fetched and parsed in the cage. Alone and beside are
measured in alternating halves, so that what else the machine does touches both. Memory is this process's growth at its highest.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

from crawlers.answer import FetchFailed
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.limits import Limits
from crawlers.reading import Task
from tests.site.misdeeds import GOOD, PAGES, XML
from tests.site.server import Answer, Asked, Site

KINDS = {
    "silent": ("/silent",),
    "slow headers and bodies": ("/slow-headers", "/slow-body"),
    "bombs": ("/gzip-bomb", "/brotli-bomb", "/zstd-bomb", "/deflate-bomb", "/endless"),
}
ROUNDS, GOOD_A_ROUND = 6, 60
THINK_SECONDS = 0.05
PAUSE_SECONDS = 0.005


async def _thinking(_: Asked, answer: Answer) -> None:
    await asyncio.sleep(THINK_SECONDS)
    await answer.send(GOOD, kind=XML)


def serve() -> None:
    """The site in a process of its own. Prints its port."""
    with Site({**PAGES, "/thinking": _thinking}) as site:
        sys.stdout.write(f"{site.port}\n")
        sys.stdout.flush()
        time.sleep(3600)


async def measure(kind: str, bad: int, good_port: int, bad_port: int) -> None:
    """Prints how good feeds fare beside one kind of bad ones."""
    guard = Guard(allow={("127.0.0.1", good_port), ("127.0.0.1", bad_port)})
    longest = 0.0
    paths = KINDS[kind]

    async def one(fetcher: Fetcher, cage: Cage, path: str) -> float:
        began = time.monotonic()
        fetched = await fetcher.get(f"http://127.0.0.1:{good_port}{path}")
        await cage.read(Task(reader="feed", url=fetched.url), fetched.body)
        return time.monotonic() - began

    async def pest(fetcher: Fetcher, number: int) -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            try:
                path = paths[number % len(paths)]
                await fetcher.get(f"http://127.0.0.1:{bad_port}{path}?{number}", limits=Limits(body_bytes=5 << 20))
            except FetchFailed:
                longest = max(longest, time.monotonic() - began)
            await asyncio.sleep(PAUSE_SECONDS * bad)

    async def half(fetcher: Fetcher, cage: Cage, path: str) -> list[float]:
        took = []
        for _ in range(GOOD_A_ROUND):
            took.append(await one(fetcher, cage, path))
            await asyncio.sleep(PAUSE_SECONDS)
        return took

    with Cage() as cage:
        async with (
            Fetcher(guard, delay=0, per_host=bad + 20, total=bad + 40, obey_robots=False) as quiet,
            Fetcher(guard, delay=0, per_host=bad + 20, total=bad + 40, obey_robots=False) as busy,
        ):
            await half(quiet, cage, "/good")
            memory = _memory()
            for path in ("/good", "/thinking"):
                alone, beside = await _in_turn(lambda f, p=path: half(f, cage, p), pest, quiet, busy, bad)  # type: ignore[misc]
                sys.stdout.write(
                    f"{kind:24s} {path:10s} alone p50 {_at(alone, 0.5):6.2f} p95 {_at(alone, 0.95):6.2f} ms   "
                    f"beside p50 {_at(beside, 0.5):6.2f} p95 {_at(beside, 0.95):6.2f} ms   "
                    f"p95 {_at(beside, 0.95) / _at(alone, 0.95) - 1:+.1%}   "
                    f"memory +{_memory() - memory:.0f} MB   longest bad {longest:.1f} s\n"
                )
                sys.stdout.flush()


async def _in_turn(
    half: Callable[[Fetcher], Awaitable[list[float]]],
    pest: Callable[[Fetcher, int], Awaitable[None]],
    quiet: Fetcher,
    busy: Fetcher,
    bad: int,
) -> tuple[list[float], list[float]]:
    """Times alone and beside, in alternating halves."""
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(ROUNDS):
        alone += await half(quiet)
        pests = [asyncio.ensure_future(pest(busy, number)) for number in range(bad)]
        await asyncio.sleep(1.0)
        beside += await half(quiet)
        for task in pests:
            task.cancel()
        await asyncio.gather(*pests, return_exceptions=True)
        await asyncio.sleep(0.3)
    return alone, beside


def _at(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)] * 1000


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Prints two lines a kind of bad server."""
    bad = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    kinds = [kind for kind in KINDS if not sys.argv[2:] or kind in sys.argv[2:]]
    sites = [
        subprocess.Popen([sys.executable, "-m", "benchmarks.bench_beside", "serve"], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        ports = [int(site.stdout.readline()) for site in sites if site.stdout]
        for kind in kinds:
            asyncio.run(measure(kind, bad if kind != "bombs" else min(bad, 20), *ports))
    finally:
        for site in sites:
            site.kill()
            site.wait()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()

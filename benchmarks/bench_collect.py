"""What collecting costs: many small feeds over loopback, 5 % of them changed, ours beside two plain ways in one run.

    python -m benchmarks.bench_collect [FEEDS]

Each way is a process of its own, its children's CPU included; the server is another. `ours` is crawl_source with guard, caps,
state and a parsing child; `feedparser` asks one feed after another with its validators; `scrapy` is a plain spider with
feedparser in its callback. The last column is the share of one core that 10,000 feeds an hour would take.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import feedparser
import scrapy
from scrapy.crawler import AsyncCrawlerRunner

from crawlers.answer import Validators
from crawlers.cage import Cage
from crawlers.crawl import FetchState, crawl_source
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.sources import Source

AT_ONCE = 16
ITEM = (
    "<item><title>Item {n} of feed {feed}</title><link>https://e.org/{feed}/{n}</link><guid>g-{feed}-{n}</guid>"
    "<description>{words}</description><pubDate>Mon, 18 Mar 2024 10:00:00 GMT</pubDate></item>"
)
BODY = "<rss version='2.0'><channel><title>Feed {feed}</title><link>https://e.org/</link>{items}</channel></rss>"


def feed(number: int) -> bytes:
    """A feed of 30 items, about 18 KB."""
    items = "".join(ITEM.format(n=n, feed=number, words="A model reads long texts. " * 15) for n in range(30))
    return BODY.format(feed=number, items=items).encode()


# ---- the server -----------------------------------------------------------------------------------------------------


async def serve() -> None:
    """Answers `/N`: 304 to its tag, except for every twentieth feed. Prints its port."""
    body = feed(7)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                number = int(path[1:]) if path[1:].isdigit() else -1
                if number < 0:
                    writer.write(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")
                elif number % 20 and f'"{number}"'.encode() in head:
                    writer.write(b'HTTP/1.1 304 X\r\nETag: "%d"\r\n\r\n' % number)
                else:
                    tag = b'HTTP/1.1 200 OK\r\nETag: "%d-b"\r\nContent-Type: application/rss+xml\r\n' % number
                    writer.write(tag + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=256)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


# ---- the ways -------------------------------------------------------------------------------------------------------


def ours(feeds: int, port: int) -> int:
    """Entries found by crawl_source."""
    now = datetime.now(UTC)

    async def go() -> int:
        found = 0
        todo = iter(range(1, feeds + 1))

        async def worker(fetcher: Fetcher, cage: Cage) -> None:
            nonlocal found
            for number in todo:
                url = f"http://127.0.0.1:{port}/{number}"
                source = Source(id=f"f{number}", name="f", url=url, kind="rss", tier=1, language="en", pages="never")
                last = FetchState(
                    validators=Validators(url=url, etag=f'"{number}"'),
                    last_full=now,
                    first_success=now,
                    last_success=now,
                )
                crawled = await crawl_source(source, last, fetcher, now, cage)
                found += len(crawled.entries)

        guard = Guard(allow={("127.0.0.1", port)})
        async with Fetcher(guard, delay=0, per_host=AT_ONCE) as fetcher:
            with Cage() as cage:
                await asyncio.gather(*(worker(fetcher, cage) for _ in range(AT_ONCE)))
        return found

    return asyncio.run(go())


def plain(feeds: int, port: int) -> int:
    """Entries found by feedparser alone, one feed after another."""
    return sum(
        len(feedparser.parse(f"http://127.0.0.1:{port}/{number}", etag=f'"{number}"').entries)
        for number in range(1, feeds + 1)
    )


def spider(feeds: int, port: int) -> int:
    """Entries found by a plain Scrapy spider."""
    found: list[int] = []

    class Feeds(scrapy.Spider):
        name = "feeds"

        async def start(self) -> AsyncIterator[Any]:
            for number in range(1, feeds + 1):
                headers = {"If-None-Match": f'"{number}"'}
                yield scrapy.Request(f"http://127.0.0.1:{port}/{number}", headers=headers)

        def parse(self, response: Any, **_: Any) -> None:
            found.append(len(feedparser.parse(response.body).entries))

    settings = {
        "TWISTED_REACTOR_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_ENABLED": False,
        "CONCURRENT_REQUESTS": AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": True,
    }

    async def go() -> None:
        await AsyncCrawlerRunner(settings).crawl(Feeds)

    asyncio.run(go())
    return sum(found)


WAYS: dict[str, Callable[[int, int], int]] = {"ours": ours, "feedparser": plain, "scrapy": spider}


def run(way: str, feeds: int, port: int) -> None:
    """Runs one way in this process and prints what it took."""
    start, wall = _cpu(), time.perf_counter()
    entries = WAYS[way](feeds, port)
    used = {"entries": entries, "wall": time.perf_counter() - wall, "cpu": _cpu() - start, "rss": _memory()}
    sys.stdout.write(json.dumps(used))


def _cpu() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _memory() -> float:
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def main() -> None:
    """Prints a line a way."""
    feeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    here = [sys.executable, "-m", "benchmarks.bench_collect"]
    with subprocess.Popen([*here, "serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        sys.stdout.write(f"{feeds} feeds of 30 items, 5 % changed\n")
        for way in WAYS:
            done = subprocess.run([*here, way, str(feeds), port], stdout=subprocess.PIPE, check=True, text=True)
            took = json.loads(done.stdout)
            share = took["cpu"] / feeds * 10_000 / 3_600
            sys.stdout.write(
                f"{way:10s}  {feeds / took['wall'] * 3600:10,.0f} feeds/h  CPU {took['cpu']:6.1f} s  "
                f"{took['rss']:5.0f} MB  {took['entries']:6d} entries  10,000 feeds/h = {share:6.2%} of a core\n"
            )
            sys.stdout.flush()
        server.terminate()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            asyncio.run(serve())
        case [("ours" | "feedparser" | "scrapy") as way, feeds_wanted, at_port]:
            run(way, int(feeds_wanted), int(at_port))
        case _:
            main()

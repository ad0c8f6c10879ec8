"""How long an alert takes: from a document stored to its alert queued, and with real processes from a source to a webhook.

    python -m benchmarks.bench_alert stored [--watches 1000] [--past 1000000] [--documents 200] [--folder DIR]
    python -m benchmarks.bench_alert live [--news 9] [--polling]

`stored` takes a store of generated documents, ten an event (as benchmarks.filled makes it, in DIR if one is given), adds
watches over companies, products, securities, themes, types, layers and words of the knowledge base, and takes the documents of
the bundled sample, as if published now, one by one: the time runs from the commit that stores one to the commit that ends its
trip, with its alerts in the outbox; beside it the CPU that this took. In the same run: as many documents with no watch, and
whom to tell found by going through every watch.

`live` starts `launchwatch serve` and a worker as processes of their own, a source with a WebSub hub, and a webhook in this
one. The time runs from the moment the entry stands on the source and its hub pushes it to the webhook's request. With
`--polling` there is no hub; the source is asked every 5 seconds, as a hurried cadence would.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from benchmarks.filled import END, filled
from crawlers.guard import Guard
from crawlers.sources import Source
from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.lexicon import Lexicon
from pipeline.records import Event, RawDocument, Watch
from pipeline.watching import Scene, WatchBook, match
from sample.week import load_documents
from storage import events, outbox, queue, sources, watches
from storage.engine import open_store
from tests.servers import free_port
from tests.site.hub import Hub
from tests.site.misdeeds import PAGES
from tests.site.server import Answer, Asked, Site
from worker import embedded, jobs
from worker.desk import Desk
from worker.rounds import Outside

ROOT = Path(__file__).parent.parent
ZONE = ZoneInfo("Asia/Shanghai")
HOOK = "webhook+https://hooks.example.com/bench"
POLL_SECONDS = 5.0


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=["stored", "live", "worker"])
    asked.add_argument("--watches", type=int, default=1_000)
    asked.add_argument("--past", type=int, default=1_000_000, help="documents in the store before, ten an event")
    asked.add_argument("--folder", type=Path, help="where filled stores are kept")
    asked.add_argument("--documents", type=int, default=200)
    asked.add_argument("--news", type=int, default=9, help="entries, at most 9: further ones look like earlier news")
    asked.add_argument("--polling", action="store_true")
    asked.add_argument("--plan", default="", help="what the worker process is told; for `live` itself")
    said = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if said.what == "stored":
        stored(said.watches, said.past, said.documents, said.folder)
    elif said.what == "live":
        live(said.news, polling=said.polling)
    else:
        work(json.loads(said.plan))


# ---- from stored to queued ------------------------------------------------------------------------------------------


def stored(many: int, past: int, count: int, kept: Path | None) -> None:
    """Fill, then measure with no watch and with many."""
    lexicon = Lexicon(load())
    with tempfile.TemporaryDirectory() as folder:
        filled(past, kept or Path(folder))[0].close()
        shutil.copyfile((kept or Path(folder)) / f"filled-{past}.db", Path(folder) / "alert.db")
        store = open_store(f"sqlite:///{folder}/alert.db")
        desk = Desk(store=store, lexicon=lexicon, sources={}, zone=ZONE)
        with store.reading() as session:
            print(f"{events.count(session):,} past events")
        half = list(sample(count))
        bare = trips(desk, half[0::2])
        asked = list(watches_of(lexicon.knowledge, many))
        with store.writing() as session:
            for watch in asked:
                watches.save(session, watch)
        full = trips(desk, half[1::2])
        for what, (took, spent) in {"no watch": bare, f"{many:,} watches": full}.items():
            show(f"stored to queued, {what}", took)
            show(f"stored to queued, {what}, CPU", spent)
        with store.reading() as session:
            new = [
                event for event in events.recent(session, 4 * count) if event.reports[0].source_id.startswith("bench")
            ]
            scenes = [_scene(session, event) for event in new[:100]]
            print(f"{sum(outbox.counts_by_state(session).values())} deliveries queued")
        compare(WatchBook(asked), scenes)
        store.close()


def trips(desk: Desk, raws: Sequence[RawDocument]) -> tuple[list[float], list[float]]:
    """Milliseconds of each document from its commit at the door to the commit that ends its trip; by the clock, and of CPU."""
    took, spent = [], []
    for number, raw in enumerate(raws):
        now = END + number * timedelta(minutes=1)
        at = raw.model_copy(update={"first_seen_at": now, "published_at": now - timedelta(minutes=1)})
        jobs.receive(desk, [at], now)
        began, began_cpu = time.perf_counter(), time.process_time()
        jobs.process_due(desk, now)
        took.append(1000 * (time.perf_counter() - began))
        spent.append(1000 * (time.process_time() - began_cpu))
    return took[5:], spent[5:]  # the first ones warm caches up


def sample(count: int) -> Iterator[RawDocument]:
    """Documents of the sample, again and again under other names until there are enough."""
    rows = [row for row in load_documents() if not row.copy_of]
    for number in range(count):
        row = rows[number % len(rows)]
        turn = "" if number < len(rows) else f" {number}"
        yield RawDocument(
            id=f"{row.id}-{number}",
            source_id=f"bench-{number % 7}",
            tier=2,
            url=f"https://bench.example/{number}",
            title=row.title + turn,
            text=row.text + turn * 20,
            published_precision="time",
            first_seen_at=END,
        )


def watches_of(knowledge: KnowledgeBase, many: int) -> Iterator[Watch]:
    """Watches of every kind, a fifth of them with two lists, as people would have them."""
    dice = random.Random(7)
    lists = {
        "companies": sorted(knowledge.companies),
        "products": sorted(knowledge.products),
        "securities": sorted({relation.security for relation in knowledge.relations}),
        "themes": sorted(knowledge.themes),
        "words": ["开源", "融资", "video", "agent", "芯片", "上下文", "benchmark", "price"],
        "event_types": sorted(knowledge.event_types),
        "modalities": sorted(modality.id for modality in knowledge.taxonomy.modalities),
        "layers": sorted(layer.id for layer in knowledge.framework.layers),
    }
    weights = [40, 20, 20, 6, 6, 3, 3, 2]
    for number in range(many):
        chosen = set(dice.choices(list(lists), weights, k=1 + (number % 5 == 0)))
        given = {name: tuple(dice.sample(lists[name], min(2, len(lists[name])))) for name in chosen}
        destinations = (f"{HOOK}/{number % 100}",)
        yield Watch(id=f"w{number}", name=f"watch {number}", destinations=destinations, **given)


def compare(book: WatchBook, scenes: Sequence[Scene]) -> None:
    """Whom to tell by the book, beside going through every watch."""
    found: dict[str, int] = {}
    ways: dict[str, Callable[[Scene], Sequence[Watch]]] = {"book": book.candidates, "scan": lambda _: book.watches}
    for name, offered in ways.items():
        began = time.perf_counter()
        found[name] = sum(match(watch, scene) is not None for scene in scenes for watch in offered(scene))
        took = time.perf_counter() - began
        print(f"whom to tell, by {name:5} {1000 * took / max(1, len(scenes)):8.3f} ms an event, {found[name]} met")
    assert found["book"] == found["scan"]


def _scene(session: object, event: Event) -> Scene:
    return Scene(event, events.links_of(session, event.id), events.scores_of(session, event.id))  # type: ignore[arg-type]


# ---- with real processes --------------------------------------------------------------------------------------------


def live(news: int, *, polling: bool) -> None:
    """Publish one entry after another, each when the one before has arrived."""
    with tempfile.TemporaryDirectory() as folder, hook() as (port, arrived), _serving(polling) as (site, hub, shelf):
        home, web_port = Path(folder), free_port()
        store = open_store(f"sqlite:///{home / 'launchwatch.db'}")
        with store.writing() as session:
            to = (f"webhook+http://127.0.0.1:{port}/hook",)
            watches.save(session, Watch(id="all", name="all", destinations=to))
        plan = {"home": str(home), "source": f"{site.base}/hubbed", "hook": port, "web": web_port, "polling": polling}
        with _process(home, web_port, ["-m", "cli.main", "serve"]):
            _wait(lambda: _answers(web_port), 90)
            with _process(home, web_port, _worker(plan)):
                _wait(lambda: bool(hub.subscribers) if not polling else site.paths().count("/hubbed") > 0, 90)
                took = [shelf.tell(number, arrived, push=not polling) for number in range(news)]
        store.close()
    show("entry on a polled source to webhook" if polling else "entry on a source with WebSub to webhook", took)


@contextmanager
def _serving(polling: bool) -> Iterator[tuple[Site, Hub, Feed]]:
    """The source's site, with or without its hub."""
    hub = Hub()
    shelf = Feed(hub)
    with Site({**PAGES, **hub.pages, "/hubbed": shelf.show_bare if polling else shelf.show}) as site:
        yield site, hub, shelf


class Feed:
    """A source that says something new about AI whenever it is asked to."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.items: list[str] = [_item(0, datetime.now(UTC) - timedelta(days=1))]

    async def show(self, asked: Asked, answer: Answer) -> None:
        """The feed, which names its hub."""
        at = f"http://127.0.0.1:{asked.port}"
        links = "".join(
            f'<link rel="{rel}" href="{at}{path}" xmlns="http://www.w3.org/2005/Atom"/>'
            for rel, path in (("hub", "/hub"), ("self", "/hubbed"))
        )
        await answer.send(_feed(links, self.items), kind="application/rss+xml")

    async def show_bare(self, _: Asked, answer: Answer) -> None:
        """The feed, without a hub."""
        await answer.send(_feed("", self.items), kind="application/rss+xml")

    def tell(self, number: int, arrived: dict[str, float], *, push: bool) -> float:
        """Milliseconds from one more entry on the source to its webhook."""
        time.sleep(random.Random(number).uniform(0.5, 1.5))  # not in step with any timer of ours
        item = _item(number + 1, datetime.now(UTC))
        began = time.monotonic()
        self.items.insert(0, item)
        if push:
            for one in self.hub.subscribers.values():
                self.hub._push(one, _feed("", [item]).encode(), one.secret)
        name = NAMES[(number + 1) % len(NAMES)]
        key = f"{name}-{number + 1}"
        _wait(lambda: any(key in title for title in arrived), 60)
        return 1000 * (next(at for title, at in arrived.items() if key in title) - began)


NAMES = ("Qwen", "Kimi", "DeepSeek", "GLM", "Mistral", "Llama", "Gemini", "Claude", "Grok", "MiniMax")
DEEDS = ("opens the weights of", "releases the model", "prices the interface of", "shows the video model", "updates")


def _item(number: int, at: datetime) -> str:
    name = f"{NAMES[number % len(NAMES)]}-{number}"
    title = f"Laboratory {number * 7919 % 1000} {DEEDS[number % len(DEEDS)]} {name}, a language model"
    return (
        f"<item><title>{title}</title><link>http://example.org/{number}</link><guid>item-{number}</guid>"
        f"<description>{title} with {number + 3}B parameters and a context of {number + 30}K tokens.</description>"
        f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
    )


def _feed(links: str, items: Sequence[str]) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{links}{"".join(items[:20])}</channel></rss>'


@contextmanager
def hook() -> Iterator[tuple[int, dict[str, float]]]:
    """A webhook that notes when each title came."""
    arrived: dict[str, float] = {}

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            arrived.setdefault(body["data"]["title"], time.monotonic())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], arrived
    server.shutdown()


def work(plan: dict[str, object]) -> None:
    """The worker process: the embedded loop, allowed to reach this machine's source and webhook and nothing else inside."""
    port = int(str(plan["source"]).split(":")[2].split("/")[0])
    allowed = [("127.0.0.1", port), ("127.0.0.1", int(str(plan["hook"]))), ("127.0.0.1", int(str(plan["web"])))]
    bench = {"id": "bench", "name": "Bench", "url": plan["source"], "kind": "rss", "tier": 1, "language": "en"}
    source = Source.model_validate(bench | {"pages": "never"})
    store = open_store(f"sqlite:///{plan['home']}/launchwatch.db")
    desk = Desk(store=store, lexicon=Lexicon(load()), sources={"bench": source}, zone=ZONE)
    public = "" if plan["polling"] else f"http://127.0.0.1:{plan['web']}"
    if plan["polling"]:
        threading.Thread(target=_hurry, args=(desk,), daemon=True).start()
    embedded.run(desk, Outside(guard=Guard(allow=allowed), public_url=public, delay=0.0), threading.Event())


def _hurry(desk: Desk) -> None:
    """Has the source asked every few seconds, in the way that `collect now` does."""
    while True:
        time.sleep(POLL_SECONDS)
        with desk.store.writing() as session:
            sources.ask(session, "bench", datetime.now(UTC))
            queue.beat(session, "bench", datetime.now(UTC))


def _worker(plan: dict[str, object]) -> list[str]:
    return ["-m", "benchmarks.bench_alert", "worker", "--plan", json.dumps(plan)]


@contextmanager
def _process(home: Path, port: int, words: list[str]) -> Iterator[None]:
    given = {"HOME": str(home), "PORT": str(port), "BUNDLED_SOURCES": "false"}
    env = os.environ | {f"LAUNCHWATCH_{name}": value for name, value in given.items()}
    with (home / f"log-{words[1]}").open("wb") as log:
        process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)
            noise = (home / f"log-{words[1]}").read_text("utf-8", "replace")
            if "Traceback" in noise or "warning" in noise:
                print(noise[-2000:])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait(is_so: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise SystemExit(f"waited {seconds:.0f} s in vain")
        time.sleep(0.01)


def show(what: str, took: Sequence[float]) -> None:
    """The middle and the end of a distribution, in milliseconds."""
    cut = statistics.quantiles(took, n=100, method="inclusive")
    print(f"{what:44} {len(took):4}  p50 {cut[49]:8.1f} ms  p99 {cut[98]:8.1f} ms  most {max(took):8.1f} ms")


if __name__ == "__main__":
    main()

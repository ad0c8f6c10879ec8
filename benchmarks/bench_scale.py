"""Documents a second from entry to a stored, tagged, clustered, linked and searchable event, in real processes, side by side.

Embedded on SQLite with one and two processes, and on PostgreSQL + Valkey with one, two and four Celery workers, each beside
stores of 10,000 and 1,000,000 documents (`benchmarks/filled.py`) that first take a day's news (`benchmarks/news.py`), so that
what comes finds neighbours. PostgreSQL runs with fsync; SQLite with `synchronous=FULL`.

    python -m benchmarks.bench_scale --quick                              # a minute: 10,000 stored, 400 documents a run
    python -m benchmarks.bench_scale --folder DIR [--sizes 10000 1000000] [--documents 2000]
    python -m benchmarks.bench_scale --folder DIR --day                   # 24 hours of 300 sources: 10,000 documents

DIR keeps the filled stores for the next run: 8 GB of SQLite, 15 GB of PostgreSQL, and as much again for the copies.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import redis
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from benchmarks.filled import END, filled
from benchmarks.news import entries
from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.records import State
from settings import Settings
from storage import documents, events, queue
from storage.engine import Store, open_store
from storage.live import socket_url
from storage.move import move
from tests import servers
from worker.app import create_app
from worker.jobs import BATCH

ROOT = Path(__file__).parent.parent
WARM = 900
DAY = 10_000
AT_ONCE = 200
PATIENCE = 1800.0
KEY = Fernet.generate_key().decode()
"""Seals the stores of one run, which several installations work on in turn."""
Ring = Callable[[Sequence[str]], None]
DURABLE = ("fsync=on", "full_page_writes=on", "shared_buffers=512MB", "max_wal_size=4GB")


@dataclass(frozen=True)
class Way:
    """A way to run: which store, how many workers."""

    name: str
    url: str
    workers: int
    broker: str = ""


@dataclass(frozen=True)
class Result:
    """What a run did."""

    way: Way
    size: int
    documents: int
    done: int
    events: int
    seconds: float
    cpu: float
    """Seconds of processor time that workers, database and broker took."""

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.seconds


# ---- running --------------------------------------------------------------------------------------------------------


def run(way: Way, knowledge: KnowledgeBase, count: int, size: int, seed: int) -> Result:
    """So many new documents through the door and the trip, by processes that were up before."""
    store = open_store(way.url)
    raws = list(entries(knowledge, count, END, seed))
    with _workers(way) as ring:
        before, cpu = _counted(store), _cpu()
        began = time.perf_counter()
        for start in range(0, len(raws), AT_ONCE):
            with store.writing() as session:
                received = documents.receive(session, raws[start : start + AT_ONCE], datetime.now(UTC))
            ring(received.ids)
        _wait(store)
        seconds, cpu = time.perf_counter() - began, _cpu() - cpu
        after = _counted(store)
    store.close()
    return Result(way, size, count, after[0] - before[0], after[1] - before[1], seconds, cpu)


@contextmanager
def _workers(way: Way) -> Iterator[Ring]:
    """The processes of a way, ready, and how to ring for ids."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="lw-scale-"))
        given = {"LAUNCHWATCH_HOME": home, "LAUNCHWATCH_DATABASE_URL": way.url, "LAUNCHWATCH_REDIS_URL": way.broker}
        given |= {"LAUNCHWATCH_LOG_LEVEL": "WARNING", "LAUNCHWATCH_BUNDLED_SOURCES": "false"}
        given |= {"LAUNCHWATCH_SECRET_KEY": KEY}
        command = ["worker", "--jobs", "process"]
        many = way.workers
        if way.broker:
            command, many = ["worker", "--queues", "process", "--concurrency", str(way.workers)], 1
        for _ in range(many):
            process = subprocess.Popen([sys.executable, "-m", "cli.main", *command], cwd=ROOT, env=os.environ | given)
            stack.callback(_end, process)
        yield _ringer(way, stack)


def _ringer(way: Way, stack: ExitStack) -> Ring:
    """Waits until every worker took something, and returns how to ring."""
    store = open_store(way.url)
    stack.callback(store.close)
    if not way.broker:
        _wait_for_beat(store, way.workers)
        return lambda ids: None  # noqa: ARG005 nobody needs to be rung for
    app = create_app(Settings(redis_url=way.broker))
    stack.callback(app.close)

    def ring(ids: Sequence[str]) -> None:
        for start in range(0, len(ids), BATCH):
            app.send_task("worker.tasks.process", (list(ids[start : start + BATCH]),), queue="process")

    for _ in range(4 * way.workers):
        app.send_task("worker.tasks.process", ([],), queue="process")
    _wait_for_empty(way.broker)
    return ring


def _wait_for_beat(store: Store, workers: int) -> None:
    """An embedded worker says that it lives after its first round."""
    began = datetime.now(UTC)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with store.reading() as session:
            at = queue.heartbeats(session).get("process")
        if at is not None and at > began:
            time.sleep(3.0 * workers)
            return
        time.sleep(0.2)
    raise TimeoutError("no worker came up")


def _wait_for_empty(broker: str) -> None:
    client = redis.Redis.from_url(socket_url(broker))
    while client.llen("process") or client.hlen("unacked"):
        time.sleep(0.2)
    time.sleep(3.0)
    client.close()


def _wait(store: Store) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with store.reading() as session:
            if not documents.in_state(session, State.PENDING, 1):
                return
        time.sleep(0.1)
    raise TimeoutError("documents were left over")


def _cpu() -> float:
    """Seconds of processor time of every process that this one started, and theirs."""
    stats = [stat for path in Path("/proc").glob("[0-9]*/stat") if (stat := _stat(path))]
    parents = {int(stat[0]): int(stat[2]) for stat in stats}
    spent = {int(stat[0]): (int(stat[12]) + int(stat[13])) / os.sysconf("SC_CLK_TCK") for stat in stats}
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(spent[pid] for pid in ours - {os.getpid()})


def _stat(path: Path) -> list[str]:
    """The fields of a process, without its name, which may hold anything; nothing for one that is gone."""
    try:
        told = path.read_text()
    except OSError:
        return []
    return [told.split(" ", 1)[0], *told.rsplit(")", 1)[1].split()]


def _counted(store: Store) -> tuple[int, int]:
    with store.reading() as session:
        return documents.counts_by_state(session)[State.DONE], events.count(session)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# ---- stores ---------------------------------------------------------------------------------------------------------


def embedded(folder: Path, size: int, stack: ExitStack) -> str:
    """The address of a copy of the filled SQLite store."""
    store, _ = filled(size, folder)
    store.close()
    copy = folder / f"scale-{size}.db"
    stack.callback(copy.unlink, missing_ok=True)
    shutil.copyfile(folder / f"filled-{size}.db", copy)
    return f"sqlite:///{copy}"


def at_scale(server: servers.Postgres, folder: Path, size: int) -> str:
    """The address of a copy of the filled database, which is made from the SQLite one where it is not there."""
    name = f"filled_{size}"
    url = make_url(server.url).set(database=name).render_as_string(hide_password=False)
    if not _has(server, name):
        server.run("CREATE DATABASE {}", name)
        source, _ = filled(size, folder)
        target = open_store(url)
        move(source, target)
        source.close()
        target.close()
    server.run("DROP DATABASE IF EXISTS {}", f"scale_{size}")
    server.run("CREATE DATABASE {} TEMPLATE {}", f"scale_{size}", name)
    return make_url(server.url).set(database=f"scale_{size}").render_as_string(hide_password=False)


def _has(server: servers.Postgres, name: str) -> bool:
    with psycopg.connect(
        make_url(server.url).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as link:
        return link.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None


def main() -> None:
    """Fill what is missing, run every way, and print what each did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--documents", type=int, help="new ones in each run; 2,000 without it")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--day", action="store_true", help="10,000 documents, embedded, beside 10,000")
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lw-scale-")))
        folder.mkdir(parents=True, exist_ok=True)
        sizes = [10_000] if given.quick or given.day else given.sizes
        count = given.documents or (400 if given.quick else DAY if given.day else 2_000)
        only = "sqlite" if given.day else given.only
        results = list(_all(stack, folder, sizes, count, only, (2,) if given.day else (1, 2)))
    _conclude(results)


def _all(
    stack: ExitStack, folder: Path, sizes: Sequence[int], count: int, only: str | None, processes: Sequence[int]
) -> Iterator[Result]:
    knowledge = load()
    seeds = iter(range(1, 1000))
    ways: list[tuple[int, list[Way]]] = []
    if only != "postgres":
        for size in sizes:
            url = embedded(folder, size, stack)
            ways.append((size, [Way(f"SQLite, {n} processes", url, n) for n in processes]))
    if only != "sqlite":
        server = stack.enter_context(servers.postgres(folder / "postgres", *DURABLE))
        broker = stack.enter_context(servers.redis_server()).broker_url
        for size in sizes:
            url = at_scale(server, folder, size)
            ways.append((size, [Way(f"PostgreSQL + Valkey, {n} workers", url, n, broker) for n in (1, 2, 4)]))
    print(
        f"{'way':34} {'stored':>10} {'documents':>10} {'done':>7} {'events':>7} {'seconds':>8} {'a second':>9} {'cpu ms/doc':>11}"
    )
    for size, of_store in ways:
        run(of_store[-1], knowledge, min(WARM, 2 * count), size, next(seeds))
        for way in of_store:
            result = run(way, knowledge, count, size, next(seeds))
            print(
                f"{way.name:34} {size:>10,} {result.documents:>10,} {result.done:>7,} {result.events:>7,} "
                f"{result.seconds:>8.1f} {result.rate:>9.1f} {1000 * result.cpu / result.documents:>11.2f}",
                flush=True,
            )
            yield result


def _conclude(results: Sequence[Result]) -> None:
    """The ratios that the targets speak of."""
    rates = {(result.way.name, result.size): result.rate for result in results}
    cpu = {(result.way.name, result.size): result.cpu / result.documents for result in results}
    for (name, size), rate in rates.items():
        one = name.replace("2 ", "1 ").replace("4 ", "1 ")
        if one != name and (one, size) in rates:
            print(f"{name} beside {one}, {size:,} stored: {rate / rates[one, size]:.2f} times")
    small, large = min(size for _, size in rates), max(size for _, size in rates)
    for name in dict.fromkeys(name for name, _ in rates):
        if small != large:
            print(
                f"{name}: a document takes {rates[name, small] / rates[name, large]:.2f} times as long at {large:,}, ",
                end="",
            )
            print(f"and {cpu[name, large] / cpu[name, small]:.2f} times the processor time")


if __name__ == "__main__":
    main()

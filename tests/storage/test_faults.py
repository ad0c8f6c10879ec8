"""What must hold while processes fight for the store, are killed in it, or are slow: see `docs/storage.md`."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from storage import backup, documents, outbox, queue
from storage.engine import Store, open_store
from tests.factories import make_alert
from tests.storage.factories import DAY, MINUTE, NOW, make_raw

WRITER = """
import sys
from storage import documents, queue
from storage.engine import open_store
from tests.storage.factories import NOW, MINUTE, make_raw
store, first = open_store(sys.argv[1]), int(sys.argv[2]) + 500 * globals().get("number", 0)
for number in range(first, first + int(sys.argv[3])):
    with store.writing() as session:
        ids = documents.receive(session, [make_raw(number)], NOW).ids
    print(ids[0], flush=True)
"""
MANY = """
import sys
from concurrent.futures import ThreadPoolExecutor
role, hands = sys.argv.pop(1), int(sys.argv.pop(1))
with ThreadPoolExecutor(hands) as pool:
    for done in [pool.submit(exec, role, {"number": number}) for number in range(hands)]:
        done.result()
"""
"""A process with several hands, each with a store, and so with connections, of its own."""

READER = """
import sys, time
from storage import documents, queue
from storage.engine import open_store
from tests.storage.factories import NOW
store, end = open_store(sys.argv[1]), time.monotonic() + float(sys.argv[2])
reads = 0
while time.monotonic() < end:
    with store.reading() as session:
        pending = sum(documents.counts_by_state(session).values())
        waiting = sum(depth.count for depth in queue.depth(session, NOW))
        assert pending == waiting, (pending, waiting)
    reads += 1
print(reads)
"""


@pytest.mark.slow
def test_four_writers_and_eight_readers_never_meet_a_locked_store(sqlite_url: str) -> None:
    writers = [_start(MANY, WRITER, 2, sqlite_url, process * 1000, 25) for process in range(2)]
    readers = [_start(MANY, READER, 4, sqlite_url, 2) for _ in range(2)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in (*writers, *readers)]
    assert [(error, code) for _, error, code in ended if code] == []
    store = open_store(sqlite_url)
    assert backup.counts(store)["documents"] == 100
    assert all(int(reads) > 0 for out, _, _ in ended[2:] for reads in out.split())
    assert backup.faults(store) == []
    store.close()


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_the_store_whole_and_what_it_told_kept(store_url: str) -> None:
    dice = random.Random(20240318)
    told: list[str] = []
    for run in range(4):
        process = _start(WRITER, store_url, run * 100_000, 100_000)
        assert process.stdout is not None
        told.append(process.stdout.readline().strip())
        time.sleep(dice.uniform(0.02, 0.2))
        os.kill(process.pid, signal.SIGKILL)
        told += process.communicate()[0].split()
    whole = [name for name in told if len(name) == 21]
    store = open_store(store_url)
    with store.reading() as session:
        kept = set(documents.ids(session, limit=1_000_000))
    assert set(whole) <= kept
    assert len(kept) - len(whole) <= 8
    assert backup.faults(store) == []
    store.close()


def test_a_slow_transaction_is_never_skipped(postgres_url: str) -> None:
    """Its rows have lower ids than those that were seen before it was committed."""
    store = open_store(postgres_url)
    seen: list[str] = []
    with store.writing() as slow:
        outbox.push(slow, make_alert(id="slow"), ["a"], NOW)
        queue.push(slow, "document", "slow", NOW)
        with store.writing() as quick:
            outbox.push(quick, make_alert(id="quick"), ["a"], NOW)
            queue.push(quick, "document", "quick", NOW)
        with store.writing() as session:
            seen += [d.alert_id for d in outbox.claim(session, NOW, MINUTE)]
            seen += [w.subject for w in queue.claim(session, ["document"], NOW, MINUTE, 10)]
    with store.writing() as session:
        seen += [d.alert_id for d in outbox.claim(session, NOW, MINUTE)]
        seen += [w.subject for w in queue.claim(session, ["document"], NOW, MINUTE, 10)]
    assert seen == ["quick", "quick", "slow", "slow"]
    store.close()


def test_many_slow_writers_lose_no_work(postgres_url: str) -> None:
    def push(number: int) -> None:
        with store.writing() as session:
            queue.push(session, "document", f"d{number}", NOW)
            time.sleep(dice[number])

    dice = [random.Random(n).uniform(0, 0.05) for n in range(200)]
    store, stop = open_store(postgres_url), threading.Event()
    seen: list[str] = []

    def poll() -> None:
        while True:
            last = stop.is_set()
            with store.writing() as session:
                claimed = queue.claim(session, ["document"], NOW, DAY, 20)
            seen.extend(work.subject for work in claimed)
            if last and not claimed:
                return

    poller = threading.Thread(target=poll)
    poller.start()
    _spread(push, 200, 8)
    stop.set()
    poller.join()
    assert sorted(seen) == sorted(f"d{number}" for number in range(200))
    store.close()


def test_a_claim_does_not_wait_for_rows_that_another_holds(postgres_url: str) -> None:
    store = open_store(postgres_url)
    with store.writing() as session:
        for subject in ("a", "b"):
            queue.push(session, "document", subject, NOW)
    with store.writing() as first:
        assert [w.subject for w in queue.claim(first, ["document"], NOW, MINUTE)] == ["a"]
        with store.writing() as second:
            assert [w.subject for w in queue.claim(second, ["document"], NOW, MINUTE)] == ["b"]
    store.close()


def test_a_full_disk_is_a_clean_error_and_work_goes_on_when_there_is_room(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store.writing() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count={pages + 20}"))
    done: list[int] = []

    def receive(number: int) -> None:
        with store.writing() as session:
            documents.receive(session, [make_raw(number, text=os.urandom(5000).hex())], NOW)
        done.append(number)

    def fill() -> None:
        for number in range(100):
            receive(number)

    with pytest.raises(OperationalError, match="full"):
        fill()
    stored = len(done)
    assert backup.counts(store)["documents"] == stored
    assert backup.counts(store)["work"] == stored
    with store.writing() as session:
        session.execute(text("PRAGMA max_page_count=1000000"))
    receive(stored)
    assert backup.faults(store) == []
    assert backup.counts(store)["documents"] == stored + 1
    store.close()


def test_a_lost_connection_is_replaced_before_any_work_is_done(postgres_url: str) -> None:
    store = open_store(postgres_url)
    with store.writing() as session:
        queue.beat(session, "before", NOW)
        mine = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other: Store = open_store(postgres_url)
    with other.writing() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
    other.close()
    with store.writing() as session:
        queue.beat(session, "after", NOW)
        assert set(queue.heartbeats(session)) == {"before", "after"}
    store.close()


def _start(code: str, *arguments: object) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def _spread(do: Callable[[int], None], count: int, hands: int) -> None:
    def work(hand: int) -> None:
        for number in range(hand, count, hands):
            do(number)

    threads = [threading.Thread(target=work, args=(hand,)) for hand in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

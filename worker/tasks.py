"""Celery tasks: doorbells. Each claims what is due in the store and does one round of it, the same as the embedded loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from celery.signals import worker_process_init

from settings import Settings
from storage import documents, outbox, queue
from worker.app import app
from worker.desk import Desk, open_desk
from worker.jobs import BATCH, process_due
from worker.rounds import Outside, collect_round, deliver_round, outside_of, watch_round, write_round
from worker.suspects import limit_memory

BEAT_SECONDS = 15.0
_beaten: dict[str, float] = {}


TURN_SECONDS = 30.0
"""After which a task begins nothing more: what it rang for comes up at the next sweep, and the hard limit hits no innocent."""


@cache
def desk() -> Desk:
    """This process's desk, opened at its first task."""
    return open_desk(Settings())


@cache
def outside() -> Outside:
    """This process's way out."""
    return outside_of(Settings())


@worker_process_init.connect
def begin(**_: object) -> None:
    """A child of the pool begins: it may hold so much memory and no more."""
    limit_memory()


def now() -> datetime:
    """The clock, read at the edge."""
    return datetime.now(UTC)


def beat_now_and_then(name: str) -> None:
    """Say that a job's process lives, four times a minute at most: in a backlog every batch says so."""
    if time.monotonic() - _beaten.get(name, -BEAT_SECONDS) >= BEAT_SECONDS:
        desk().beat(name, now())
        _beaten[name] = time.monotonic()


@app.task
def collect() -> None:
    """Visit the sources that are due, and ring for what they brought."""
    desk().beat("collect", now())
    visits = asyncio.run(collect_round(desk(), outside(), now))
    ring([document_id for visit in visits for document_id in visit.ids])


@app.task(name="worker.tasks.process")
def process_named(ids: Sequence[str]) -> None:
    """Take the named documents through the trip, those of them that are still due."""
    beat_now_and_then("process")
    end = time.monotonic() + TURN_SECONDS
    while process_due(desk(), now(), ids=ids) and time.monotonic() < end:
        pass
    with desk().store.reading() as session:
        due = outbox.next_due(session)
    if due is not None and due <= now():
        deliver.delay()


@app.task
def sweep() -> None:
    """Ring again for documents that nobody took: a lost message costs no more than the time between two sweeps."""
    beat_now_and_then("process")
    with desk().store.reading() as session:
        waiting = [subject for _, subject in queue.due(session, [documents.PROCESS], now())]
    ring(waiting)


@app.task
def deliver() -> None:
    """Send the deliveries that are due."""
    desk().beat("deliver", now())
    deliver_round(desk(), outside(), now)


@app.task
def write() -> None:
    """Write the digests whose slot has come."""
    desk().beat("write", now())
    write_round(desk(), outside(), now)


@app.task
def watch() -> None:
    """See that sources and our own parts do well."""
    desk().beat("watch", now())
    watch_round(desk(), outside(), now)


def ring(ids: Sequence[str]) -> None:
    """One message a batch of documents: ids, and nothing else."""
    for start in range(0, len(ids), BATCH):
        process_named.delay(list(ids[start : start + BATCH]))

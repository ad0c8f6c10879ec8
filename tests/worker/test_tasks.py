"""Celery over a real Redis-protocol server: a message is a doorbell, the rows are the queue."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from celery import Celery

from pipeline.records import RawDocument, State
from settings import Settings
from storage import documents, outbox
from storage.engine import Store, open_store
from tests import servers
from tests.factories import make_alert
from worker.app import create_app

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
SECONDS = 40.0
MESSAGES = 5_000


def raw(number: int) -> RawDocument:
    text = f"xAI released Grok-{number}, a model with {number} billion parameters."
    return RawDocument(
        source_id="wire", title=f"xAI releases Grok-{number}", text=text, published_at=NOW, first_seen_at=NOW
    )


@pytest.fixture
def settings(redis_server: servers.Redis, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, redis_url=redis_server.broker_url, database_url=f"sqlite:///{tmp_path}/store.db")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings.store_url)
    yield opened
    opened.close()


@pytest.fixture
def bell(settings: Settings) -> Iterator[Celery]:
    app = create_app(settings)
    yield app
    app.close()


@pytest.fixture
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as `launchwatch worker` starts one."""
    given = {
        "LAUNCHWATCH_HOME": str(settings.home),
        "LAUNCHWATCH_REDIS_URL": settings.redis_url,
        "LAUNCHWATCH_DATABASE_URL": settings.database_url,
    }
    command = [sys.executable, "-m", "cli.main", "worker", "--concurrency", "1"]
    with (settings.home / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | given, stdout=log, stderr=log, start_new_session=True
        )
        yield process
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(4)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_done(store: Store, count: int) -> dict[State, int]:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with store.reading() as session:
            counts = documents.counts_by_state(session)
        if counts[State.DONE] + counts[State.DUPLICATE] == count:
            break
        time.sleep(0.1)
    return counts


def test_a_message_carries_ids_and_nothing_else(bell: Celery, redis_server: servers.Redis) -> None:
    bell.send_task("worker.tasks.process", (["d1", "d2"],), queue="process")
    with redis.Redis.from_url(redis_server.url) as client:
        (message,) = client.lrange("process", 0, -1)
    body = json.loads(message)
    assert body["content-type"] == "application/json"
    assert len(message) < 2048


@pytest.mark.slow
def test_a_worker_takes_what_was_named_a_sweep_finds_what_was_lost_and_an_alert_waits_for_no_backlog(
    store: Store, bell: Celery, worker: subprocess.Popen[bytes], redis_server: servers.Redis, settings: Settings
) -> None:
    with store.writing() as session:
        received = documents.receive(session, [raw(number) for number in range(10, 30)], NOW)
    rung, lost = received.ids[:10], received.ids[10:]
    bell.send_task("worker.tasks.process", (list(rung),), queue="process")
    assert wait_for_done(store, len(rung))[State.PENDING] == len(lost), (settings.home / "worker.log").read_text()[
        -2000:
    ]
    bell.send_task("worker.tasks.process", (list(lost),), queue="elsewhere")
    with redis.Redis.from_url(redis_server.url) as client:
        client.delete("elsewhere")
    bell.send_task("worker.tasks.sweep", queue="process")
    counts = wait_for_done(store, len(received.ids))
    assert (counts[State.PENDING], counts[State.FAILED]) == (0, 0)
    lines = [json.loads(line) for line in (settings.home / "worker.log").read_text().splitlines() if line[:1] == "{"]
    of_one = [line["event"] for line in lines if line.get("document") == rung[0]]
    assert of_one == ["read", "placed", "linked"]
    backlog(redis_server, bell)
    with store.writing() as session:
        outbox.push(session, make_alert(), ["mailto:analyst@example.org"], datetime.now(UTC))
    bell.send_task("worker.tasks.deliver", queue="deliver")
    began = time.monotonic()
    while not tried(store) and time.monotonic() - began < SECONDS:
        time.sleep(0.1)
    with redis.Redis.from_url(redis_server.url) as client:
        left = client.llen("process")
        client.delete("process")
    assert tried(store)
    assert left > MESSAGES / 2, "the alert waited for the backlog"


def backlog(server: servers.Redis, bell: Celery) -> None:
    """Many messages for documents that wait, as a backfill rings for them."""
    bell.send_task("worker.tasks.process", (["d0"],), queue="elsewhere")
    with redis.Redis.from_url(server.url) as client:
        message = client.rpop("elsewhere").decode()
        body = json.loads(message)
        names = (body["headers"]["id"], body["properties"]["delivery_tag"])
        assert all(names)
        copies = [message.replace(names[0], f"t{n}").replace(names[1], f"m{n}") for n in range(MESSAGES)]
        client.lpush("process", *copies)


def tried(store: Store) -> bool:
    """Whether the alert went out, whatever its receiver said."""
    with store.reading() as session:
        return outbox.recent(session)[0].attempts > 0

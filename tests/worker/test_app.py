"""Celery's settings, each line with what it is there for: a worker that dies loses nothing, a backfill delays no alert."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from settings import Settings
from worker import app as doorbell
from worker.schedule import BELLS

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def conf() -> Any:
    made: Celery = doorbell.create_app(Settings(redis_url="redis://127.0.0.1:1/0"))
    yield made.conf
    made.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", True),  # a killed child's message rings again
        ("task_reject_on_worker_lost", True),
        ("worker_prefetch_multiplier", 1),  # nothing waits unacknowledged behind a long task
        ("task_time_limit", 120),  # the hard one ends C code too
        ("task_soft_time_limit", 90),
        ("broker_connection_max_retries", None),  # never gives a broker up
        ("broker_connection_retry_on_startup", True),
        ("worker_cancel_long_running_tasks_on_connection_loss", True),  # else a late-acknowledged task runs twice
        ("worker_soft_shutdown_timeout", 30),  # time to give work back at a deploy
        ("worker_enable_soft_shutdown_on_idle", True),
        ("worker_max_tasks_per_child", 500),  # leaks of C libraries end with the child
        ("worker_max_memory_per_child", 400_000),
        ("task_ignore_result", True),  # the store knows; nothing grows in Redis
        ("result_backend", None),
        ("task_serializer", "json"),  # no pickle: what can write to Redis cannot run code here
        ("accept_content", ["json"]),
        ("timezone", "UTC"),
        ("enable_utc", True),
        ("visibility_timeout", 600),
        ("result_backend_transport_options", {"visibility_timeout": 600}),
        ("worker_redirect_stdouts", False),  # our log lines stay as they are
    ],
)
def test_a_setting_is_as_reliability_asks(conf: Any, name: str, value: object) -> None:
    assert getattr(conf, name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("visibility_timeout", 600),
        ("unacked_restore_interval", 10),
        ("unacked_restore_throttle", 1),
        ("socket_keepalive", True),
        ("health_check_interval", 25),
        ("socket_timeout", 30),
        ("queue_order_strategy", "priority"),
    ],
)
def test_the_broker_is_spoken_to_as_reliability_asks(conf: Any, name: str, value: object) -> None:
    assert conf.broker_transport_options[name] == value


def test_a_message_is_not_shown_again_while_its_task_may_still_run(conf: Any) -> None:
    prefetched = 1 + conf.worker_prefetch_multiplier
    assert conf.visibility_timeout > 2 * conf.task_time_limit * prefetched


def test_publishing_never_keeps_a_caller_waiting(conf: Any) -> None:
    policy = conf.task_publish_retry_policy
    assert policy["max_retries"] * (policy["interval_start"] + policy["interval_step"]) <= 1


def test_every_job_has_its_queue_and_alerts_come_first(conf: Any) -> None:
    routed = {name.rsplit(".", 1)[1]: route["queue"] for name, route in conf.task_routes.items()}
    assert {bell.job for bell in BELLS} < set(routed)
    assert set(routed.values()) == set(doorbell.QUEUES)
    assert doorbell.QUEUES[0] == routed["deliver"] == "deliver"
    assert doorbell.QUEUES[-1] == routed["process"] == "process"


def test_delays_live_in_the_store_not_in_messages() -> None:
    """An eta past the visibility timeout would run again and again: nobody asks for one, nor for a countdown."""
    named = [
        (path.name, keyword.arg)
        for package in ("worker", "cli", "api")
        for path in (ROOT / package).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg in {"eta", "countdown"}
    ]
    assert named == []

"""The Celery application: a doorbell and no more. The rows in the store are the queue; losing a message costs seconds."""

from __future__ import annotations

from celery import Celery

from settings import Settings
from worker.schedule import BELLS

HARD_LIMIT_SECONDS = 120
"""Ends a task for good, inside C code too; a soft limit does nothing there."""

VISIBILITY_SECONDS = 600
"""When an unacknowledged message rings again. Above 2 x the hard limit x (1 + prefetch), or long tasks run twice."""


QUEUES = ("deliver", "digest", "fetch", "process")
"""The most urgent first: a worker takes of one only while those before it are empty, so that alerts never wait behind a backfill."""


def create_app(settings: Settings) -> Celery:
    """Celery on the installation's Redis, set so that a killed worker's message comes back soon."""
    app = Celery("launchwatch", broker=settings.redis_url or "memory://", include=["worker.tasks"])
    visibility = {"visibility_timeout": VISIBILITY_SECONDS}
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_time_limit=HARD_LIMIT_SECONDS,
        task_soft_time_limit=90,
        task_serializer="json",
        accept_content=["json"],
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0.2, "interval_step": 0.2},
        task_routes={
            "worker.tasks.collect": {"queue": "fetch"},
            "worker.tasks.sweep": {"queue": "process"},
            "worker.tasks.process": {"queue": "process"},
            "worker.tasks.deliver": {"queue": "deliver"},
            "worker.tasks.write": {"queue": "digest"},
            "worker.tasks.watch": {"queue": "deliver"},
        },
        task_default_queue="process",
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=500,
        worker_max_memory_per_child=400_000,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_soft_shutdown_timeout=30,
        worker_enable_soft_shutdown_on_idle=True,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            **visibility,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "socket_timeout": 30,
            "queue_order_strategy": "priority",
        },
        result_backend_transport_options=visibility,
        visibility_timeout=VISIBILITY_SECONDS,
        timezone="UTC",
        enable_utc=True,
        beat_schedule={
            bell.job: {
                "task": f"worker.tasks.{bell.job}",
                "schedule": bell.seconds,
                "options": {"expires": bell.seconds},
            }
            for bell in BELLS
        },
    )
    return app


app = create_app(Settings())

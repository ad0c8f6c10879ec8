"""`launchwatch worker`: the background side alone."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from cli.addresses import refuse_wrong_addresses
from cli.console import Refusal, complain, read_knowledge, read_settings
from cli.logs import bridge, start_logging
from cli.store import opened_desk
from settings import Settings
from worker import embedded
from worker.app import QUEUES
from worker.rounds import outside_of
from worker.suspects import limit_memory

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, help="Celery's child processes.")] = 2,
    queues: Annotated[str, typer.Option(help="Celery's queues, by comma, the most urgent first.")] = ",".join(QUEUES),
    jobs: Annotated[str, typer.Option(help="The embedded loop's jobs, by comma.")] = ",".join(embedded.JOBS),
) -> None:
    """Collect, process and send until stopped: the embedded loop, or Celery where LAUNCHWATCH_REDIS_URL is set."""
    settings = read_settings()
    refuse_wrong_addresses(settings, read_knowledge(settings).lenses)
    start_logging(settings.log_level, settings.log_format)
    if settings.redis_url:
        _start_celery(settings, concurrency, queues)
        return
    if unknown := set(jobs.split(",")) - set(embedded.JOBS):
        raise Refusal(f"no job is called {', '.join(sorted(unknown))}; take of {', '.join(embedded.JOBS)}", code=2)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    limit_memory()
    with opened_desk(settings) as desk:
        complain("the worker runs; Ctrl-C stops it")
        try:
            embedded.run(desk, outside_of(settings), stop, jobs.split(","))
        finally:
            stop.set()


def _start_celery(settings: Settings, concurrency: int, queues: str) -> None:
    from celery.signals import setup_logging

    from worker.app import app as celery

    def log_as_we_do(**_: object) -> None:
        bridge(settings.log_level, settings.log_format)

    setup_logging.connect(log_as_we_do)
    wanted = [name for name in QUEUES if name in queues.split(",")]
    if unknown := set(queues.split(",")) - set(QUEUES):
        raise Refusal(f"no queue is called {', '.join(sorted(unknown))}; take of {', '.join(QUEUES)}", code=2)
    celery.Worker(concurrency=concurrency, queues=wanted, loglevel=settings.log_level).start()

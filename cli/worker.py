"""`launchwatch worker`: the background side alone."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated

import typer

from cli.console import complain, read_settings
from cli.logs import start_logging
from cli.store import opened_desk
from worker import embedded
from worker.rounds import outside_of
from worker.suspects import limit_memory

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, help="Celery's child processes.")] = 2,
    queues: Annotated[str, typer.Option(help="Celery's queues, by comma.")] = "deliver,process,fetch,digest",
) -> None:
    """Collect, process and send until stopped: the embedded loop, or Celery where LAUNCHWATCH_REDIS_URL is set."""
    settings = read_settings()
    start_logging(settings.log_level, as_json=not sys.stderr.isatty())
    if settings.redis_url:
        from worker.app import app as celery

        celery.Worker(concurrency=concurrency, queues=queues.split(","), loglevel=settings.log_level).start()
        return
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    limit_memory()
    with opened_desk(settings) as desk:
        complain("the worker runs; Ctrl-C stops it")
        try:
            embedded.run(desk, outside_of(settings), stop)
        finally:
            stop.set()

"""`launchwatch beat`: Celery's clock."""

from __future__ import annotations

import typer

from cli.console import Refusal, read_settings
from worker.app import app as celery

app = typer.Typer(add_completion=False)


@app.command()
def beat() -> None:
    """Ring the bells of the schedule for Celery workers. Any number may run: a slot in the store makes each job run once."""
    settings = read_settings()
    if not settings.redis_url:
        raise Refusal("beat is for Celery: set LAUNCHWATCH_REDIS_URL (the embedded worker keeps its own time)", code=2)
    settings.home.mkdir(parents=True, exist_ok=True)
    celery.Beat(loglevel=settings.log_level, schedule=str(settings.home / "beat-schedule")).run()

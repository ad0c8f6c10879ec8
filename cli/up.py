"""`launchwatch up`: the whole product in one process tree."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

import typer

from cli.addresses import alarm_addresses, refuse_wrong_addresses
from cli.console import complain, read_knowledge, read_settings
from cli.store import opened_store
from settings import Settings

app = typer.Typer(add_completion=False)

PARTS: dict[str, tuple[str, ...]] = {"serve": ("serve",), "worker": ("worker",)}
"""The parts and how each is started."""
WATCHDOG: dict[str, tuple[str, ...]] = {"watchdog": ("watchdog", "--every", "60")}
"""A part more where somebody is to hear that one is down."""
PAUSE_SECONDS = 2.0
"""Before a part that ended is started again."""


@app.command()
def up() -> None:
    """Pages and API, collector, worker and alerts on this machine, until Ctrl-C. A part that ends is started again."""
    settings = read_settings()
    refuse_wrong_addresses(settings, read_knowledge(settings).lenses)
    with opened_store(settings):
        pass  # the parts find it made and at this version
    complain(
        f"open http://{settings.host}:{settings.port}/ with the key in {settings.home / 'admin.key'}; Ctrl-C stops all"
    )
    parts = PARTS | {f"worker {n}": ("worker", "--jobs", "process") for n in range(2, _processes(settings) + 1)}
    parts |= WATCHDOG if alarm_addresses(settings) else {}
    running = {part: _start(command) for part, command in parts.items()}
    try:
        while True:
            time.sleep(PAUSE_SECONDS)
            for part, process in running.items():
                if process.poll() is not None:
                    complain(f"{part} ended with {process.returncode}; starting it again")
                    running[part] = _start(parts[part])
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(timeout=45)
            except subprocess.TimeoutExpired:
                process.kill()


def _processes(settings: Settings) -> int:
    """How many workers take documents through the trip: where Celery's do, none of ours does beside the first."""
    if settings.redis_url:
        return 1
    return settings.processes or min(2, os.cpu_count() or 1)


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "cli.main", *command])  # noqa: S603 our own words

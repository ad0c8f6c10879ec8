"""`launchwatch up`: the whole product in one process tree."""

from __future__ import annotations

import subprocess
import sys
import time

import typer

from cli.console import complain, read_settings
from cli.store import opened_store

app = typer.Typer(add_completion=False)

PARTS = ("serve", "worker")
PAUSE_SECONDS = 2.0
"""Before a part that ended is started again."""


@app.command()
def up() -> None:
    """Pages and API, collector, worker and alerts on this machine, until Ctrl-C. A part that ends is started again."""
    settings = read_settings()
    with opened_store(settings):
        pass  # the parts find it made and at this version
    complain(
        f"open http://{settings.host}:{settings.port}/ with the key in {settings.home / 'admin.key'}; Ctrl-C stops all"
    )
    running = {part: _start(part) for part in PARTS}
    try:
        while True:
            time.sleep(PAUSE_SECONDS)
            for part, process in running.items():
                if process.poll() is not None:
                    complain(f"{part} ended with {process.returncode}; starting it again")
                    running[part] = _start(part)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(timeout=45)
            except subprocess.TimeoutExpired:
                process.kill()


def _start(part: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "cli.main", part])  # noqa: S603 our own words

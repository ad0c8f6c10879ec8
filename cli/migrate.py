"""`launchwatch migrate`: bring the store to this version."""

from __future__ import annotations

import typer

from cli.console import read_settings
from cli.store import opened_store
from storage.migrate import NEWEST

app = typer.Typer(add_completion=False)


@app.command()
def migrate() -> None:
    """Bring the store to this program's version. Any command does so when it opens the store; this one does no more."""
    with opened_store(read_settings()) as store:
        typer.echo(f"{store} is at version {NEWEST}")

"""`launchwatch restore`: a backup brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import read_settings, rows_progress
from cli.store import refusing
from storage import backup as keeping
from storage.engine import named

app = typer.Typer(add_completion=False)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `launchwatch backup` made.")]) -> None:
    """Bring a backup back into the installation's store, SQLite or PostgreSQL, which must be new or empty."""
    settings = read_settings()
    with refusing(), rows_progress() as advance:
        found = keeping.restore(file, settings.store_url, advance)
    rows = sum(content.rows for content in found.values())
    where = named(settings.store_url)
    typer.echo(f"{rows:,} rows of {len(found)} tables are in {where}, each table equal by count and hash")

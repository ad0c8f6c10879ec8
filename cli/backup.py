"""`launchwatch backup`: the store as one file, and the drill that shows that it comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import Refusal, now, read_settings, rows_progress
from cli.store import opened_store, refusing
from storage import backup as keeping

app = typer.Typer(add_completion=False)


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; a dated file in the home's backups without it.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Restore it into a throw-away store, and compare.")] = False,
) -> None:
    """The whole store as of one moment, as one SQLite file whichever the store is, taken while the product runs."""
    settings = read_settings()
    to = file or settings.home / "backups" / f"launchwatch-{now():%Y%m%dT%H%M%SZ}.db"
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with opened_store(settings) as store, rows_progress() as advance:
        keeping.backup(store, to, advance)
    typer.echo(f"{to}: {to.stat().st_size:,} bytes")
    if verify:
        with refusing(), rows_progress() as advance:
            wrong = keeping.drill(to, advance)
        if wrong:
            raise Refusal(f"{to} does not come back whole: {'; '.join(wrong)}")
        typer.echo("verified: it was restored into a throw-away store, every table came back, and nothing is broken")

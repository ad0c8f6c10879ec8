"""`launchwatch migrate`: bring the store to this version, or move it into another."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from cli.console import Refusal, now, read_settings, rows_progress
from cli.store import opened_store, refusing
from storage import engine, queue
from storage.engine import Store, open_store
from storage.migrate import NEWEST
from storage.move import move

app = typer.Typer(add_completion=False)

ALIVE = timedelta(minutes=1)
"""A part that said within so long that it lives may still write."""


@app.command()
def migrate(
    to: Annotated[str, typer.Option(help="Move everything into the empty store at this address.")] = "",
    forget_secrets: Annotated[
        bool, typer.Option("--forget-secrets", help="Empty the destinations that a lost secret key sealed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before secrets are forgotten.")] = False,
) -> None:
    """Bring the store to this program's version, as any command does. With --to, everything moves into an empty store, too."""
    if forget_secrets:
        _forget_secrets(read_settings().store_url, yes)
    with opened_store(read_settings()) as store:
        if not to:
            typer.echo(f"{store} is at version {NEWEST}")
            return
        _refuse_while_used(store)
        with refusing():
            target = open_store(to)
            try:
                with rows_progress() as advance:
                    moved = move(store, target, advance)
                rows = sum(content.rows for content in moved.values())
                typer.echo(
                    f"{rows:,} rows of {len(moved)} tables moved to {target}, each table equal by count and hash"
                )
                typer.echo("now set LAUNCHWATCH_DATABASE_URL to the new address; the old store is as it was")
            finally:
                target.close()


def _forget_secrets(url: str, yes: bool) -> None:
    if not yes and not typer.confirm("Every sealed destination is emptied and must be entered again. Go on?"):
        raise Refusal("nothing was changed")
    with refusing():
        gone = engine.forget_secrets(url)
    typer.echo(
        f"{gone} sealed destinations emptied: give watches theirs again with `launchwatch watches edit ID --to ...`"
    )


def _refuse_while_used(store: Store) -> None:
    with store.reading() as session:
        beats = queue.heartbeats(session)
    alive = sorted(name for name, at in beats.items() if now() - at < ALIVE)
    if alive:
        parts = ", ".join(alive)
        raise Refusal(f"{parts} ran here within a minute: stop `launchwatch up` first, or what comes in is left behind")

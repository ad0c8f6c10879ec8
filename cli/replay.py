"""`launchwatch replay`: stored documents through the pipeline again."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import Refusal, now, read_settings
from cli.ingest import process_all, summary
from cli.store import opened_desk
from pipeline.records import State
from storage import documents

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    document: Annotated[list[str] | None, typer.Argument(help="Ids of documents; with none, every failed one.")] = None,
    state: Annotated[str, typer.Option(help="Those in this state: failed, rejected, duplicate.")] = "failed",
) -> None:
    """Take documents through the pipeline again with today's rules: failed ones by default, or those named."""
    if state not in (State.FAILED, State.REJECTED, State.DUPLICATE):
        raise Refusal(f"--state: {state!r} is not one of failed, rejected, duplicate", code=2)
    with opened_desk(read_settings()) as desk:
        with desk.store.writing() as session:
            ids = document or [fate.document_id for fate in documents.in_state(session, State(state), limit=1_000_000)]
            again = documents.reopen(session, ids, now())
        typer.echo(f"{again} documents again; {summary(process_all(desk))}")

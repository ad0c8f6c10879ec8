"""`launchwatch replay`: stored documents, or what was fetched long ago, read again with today's readers and rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.console import Refusal, complain, now, read_settings
from cli.ingest import process_all, summary
from cli.rehearse import again_from
from cli.store import opened_desk
from crawlers.archive import Archive
from crawlers.cage import Cage
from pipeline.records import State
from storage import documents, queue
from worker.desk import Desk
from worker.reread import read_again

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    document: Annotated[list[str] | None, typer.Argument(help="Ids of documents; with none, every failed one.")] = None,
    state: Annotated[str, typer.Option(help="Those in this state: failed, rejected, duplicate.")] = "failed",
    raw: Annotated[bool, typer.Option("--raw", help="Read the archive of what was fetched again.")] = False,
    source: Annotated[str, typer.Option(help="With --raw: of this source only.")] = "",
    since: Annotated[str, typer.Option(help="With --raw: fetched on this day (UTC) or later, 2024-03-18.")] = "",
    aside: Annotated[bool, typer.Option("--aside", help="Give work that was set aside its three tries again.")] = False,
    start: Annotated[
        str, typer.Option("--from", help="Make the events of this day and later again, beside those that stand.")
    ] = "",
    to: Annotated[str, typer.Option("--to", help="With --from: up to this day, which is left out.")] = "",
    take: Annotated[
        bool, typer.Option("--take", help="With --from: put what was made in place of what stands.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --from: one change a line, the counts last.")] = False,
) -> None:
    """Take documents through the pipeline again: failed ones by default, or those named.

    --from shows what today's rules would make of a time's documents; only --take changes anything. Ids and corrections stay.

    --raw reads what was fetched with today's readers, and takes in what they find more. It is filed as history: nobody is alerted.
    """
    if state not in (State.FAILED, State.REJECTED, State.DUPLICATE):
        raise Refusal(f"--state: {state!r} is not one of failed, rejected, duplicate", code=2)
    settings = read_settings()
    if start:
        again_from(settings, start, to, take, as_json)
        return
    if to or take or as_json:
        raise Refusal("--to, --take and --json go with --from", code=2)
    with opened_desk(settings) as desk:
        if raw:
            _read_again(desk, Archive(settings.archive), source or None, _day(since))
        elif aside:
            with desk.store.writing() as session:
                again = queue.replay(session, now())
            typer.echo(f"{again} pieces of work again; the collector takes them up")
        else:
            with desk.store.writing() as session:
                found = documents.in_state(session, State(state), limit=1_000_000)
                again = documents.reopen(session, document or [fate.document_id for fate in found], now())
            typer.echo(f"{again} documents again")
        typer.echo(summary(process_all(desk)))


def _read_again(desk: Desk, archive: Archive, source_id: str | None, since: datetime | None) -> None:
    if source_id is not None and source_id not in desk.sources:
        raise Refusal(f"no source is called {source_id!r}; `launchwatch sources list` shows them", code=2)
    with Cage() as cage:
        made = read_again(desk, archive, cage, now(), since, source_id)
    for reason in made.unread:
        complain(reason)
    typer.echo(f"{made.answers} answers read again: {made.new} new, {made.known} known already")


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        raise Refusal(f"--since: {text!r} is no day like 2024-03-18", code=2) from None

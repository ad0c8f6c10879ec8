"""`launchwatch alerts`: what was told to whom, what waits, what was refused."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.console import Refusal, now, print_lines, print_table, read_settings
from cli.store import opened_store
from storage import outbox
from storage import watches as stored

app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=False)


@app.callback()
def alerts(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one alert a line.")] = False,
) -> None:
    """The alerts, newest first, each with the state of its deliveries."""
    if ctx.invoked_subcommand:
        return
    settings = read_settings()
    with opened_store(settings) as store, store.reading() as session:
        found = [(alert, outbox.of_alert(session, alert.id)) for alert in stored.alerts(session, limit=limit)]
    if as_json:
        hidden = {"destination"}
        print_lines(
            {
                **alert.model_dump(mode="json"),
                "deliveries": [d.model_dump(mode="json", exclude=hidden) for d in deliveries],
            }
            for alert, deliveries in found
        )
        return
    table = Table("when", "watch", "event", "title", "deliveries")
    for alert, deliveries in found:
        told = ", ".join(
            f"{d.id} {d.state}{f' ({d.answer})' if d.answer and d.state != 'sent' else ''}" for d in deliveries
        )
        table.add_row(
            f"{alert.made_at.astimezone(settings.zone):%m-%d %H:%M}", alert.watch_id, alert.event_id, alert.title, told
        )
    print_table(table, f"{len(found)} alerts")


@app.command()
def replay(delivery: Annotated[int, typer.Argument(help="The number of a dead delivery.")]) -> None:
    """Send a delivery again that was given up."""
    with opened_store(read_settings()) as store, store.writing() as session:
        if not outbox.revive(session, delivery, now()):
            raise Refusal(f"delivery {delivery} is not dead, or not there; `launchwatch alerts` shows them")

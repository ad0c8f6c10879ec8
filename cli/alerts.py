"""`launchwatch alerts`: what was told to whom, what waits, what was refused; dead letters sent again."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, get_args

import typer
from rich.table import Table

from cli.console import Refusal, complain, day, now, print_lines, print_table, read_settings
from cli.store import opened_store
from pipeline.destination import masked
from pipeline.telling import span
from settings import Settings
from storage import alert_history, outbox
from storage import watches as stored
from storage.alert_history import Told
from storage.outbox import Delivery, DeliveryState

app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=False)

WAITING: tuple[DeliveryState, ...] = ("new", "sending", "failed", "unknown")

Limit = Annotated[int, typer.Option(min=1, max=10_000)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON Lines, one alert a line.")]


@app.callback()
def alerts(ctx: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """The alerts, newest first, each with the state of its deliveries."""
    if not ctx.invoked_subcommand:
        listed(limit=limit, as_json=as_json)


@app.command("list")
def listed(
    watch: Annotated[list[str] | None, typer.Option(help="A watch's id; may be given again.")] = None,
    since: Annotated[str | None, typer.Option(help="A day, 2024-03-18.")] = None,
    until: Annotated[str | None, typer.Option(help="A day, not itself included.")] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="new, sending, sent, failed, unknown, dead; or waiting.")
    ] = None,
    text: Annotated[str, typer.Option(help="Words that stand in the alert, as written.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """The alerts that meet every filter given, newest first."""
    settings = read_settings()
    with opened_store(settings) as store, store.reading() as session:
        found = alert_history.find(
            session,
            watch_ids=watch or None,
            since=day(since, settings.zone, "--since"),
            until=day(until, settings.zone, "--until"),
            states=_states(state),
            text=text,
            limit=limit,
        )
    if as_json:
        print_lines(map(_as_json, found))
        return
    _print(found, settings)


@app.command()
def show(alert_id: Annotated[str, typer.Argument(help="The alert's id.")]) -> None:
    """All about an alert: what it said, how long each stage took, and every attempt to send it."""
    settings = read_settings()
    with opened_store(settings) as store, store.reading() as session:
        alert = stored.alert(session, alert_id)
        if alert is None:
            raise Refusal(f"there is no alert {alert_id!r}; `launchwatch alerts` lists them")
        [told] = alert_history.told(session, [alert])
        attempts = {delivery.id: outbox.history(session, delivery.id) for delivery in told.deliveries}
    typer.echo(f"{alert.title}\n{alert.body}\n")
    for line in _stages(told):
        typer.echo(line)
    for delivery in told.deliveries:
        typer.echo(f"delivery {delivery.id}  {masked(delivery.destination)}  {delivery.state}  {delivery.answer}")
        for tried in attempts[delivery.id]:
            typer.echo(f"  attempt {tried.attempt}  {tried.at:%Y-%m-%d %H:%M:%S} UTC  {tried.state}  {tried.answer}")


@app.command()
def replay(
    delivery: Annotated[int | None, typer.Argument(help="The number of a dead delivery.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Every dead delivery.")] = False,
) -> None:
    """Send deliveries again that were given up: one, or all of them."""
    if (delivery is None) != dead:
        raise Refusal("name one delivery, or --dead for all; `launchwatch alerts list --state dead` shows them", code=2)
    with opened_store(read_settings()) as store, store.writing() as session:
        ids = [found.id for found in outbox.recent(session, ["dead"], limit=100_000)] if dead else [delivery or 0]
        revived = sum(outbox.revive(session, number, now()) for number in ids)
    if not dead and not revived:
        raise Refusal(f"delivery {delivery} is not dead, or not there; `launchwatch alerts` shows them")
    complain(f"{revived} deliveries are due again")


def _states(names: list[str] | None) -> list[DeliveryState] | None:
    known: dict[str, tuple[DeliveryState, ...]] = {name: (name,) for name in get_args(DeliveryState)}
    known["waiting"] = WAITING
    for name in names or ():
        if name not in known:
            raise Refusal(f"--state: {name!r} is not known; take one of {', '.join(known)}", code=2)
    return [state for name in names for state in known[name]] if names else None


def _print(found: list[Told], settings: Settings) -> None:
    table = Table("when", "id", "watch", "title", "deliveries")
    for told in found:
        alert = told.alert
        ways = ", ".join(_way(delivery, settings) for delivery in told.deliveries)
        table.add_row(
            f"{alert.made_at.astimezone(settings.zone):%m-%d %H:%M}", alert.id, alert.watch_id, alert.title, ways
        )
    print_table(table, f"{len(found)} alerts")


def _way(delivery: Delivery, settings: Settings) -> str:
    """A delivery's number and state, until when it is held, and what was said where it is not sent."""
    if delivery.state == "new" and delivery.not_before > now():
        return f"{delivery.id} held until {delivery.not_before.astimezone(settings.zone):%m-%d %H:%M}"
    said = f" ({delivery.answer})" if delivery.answer and delivery.state != "sent" else ""
    return f"{delivery.id} {delivery.state}{said}"


def _stages(told: Told) -> list[str]:
    """How long each stage took, from publication to the other side's yes."""
    alert = told.alert
    sent = [delivery.finished_at for delivery in told.deliveries if delivery.state == "sent" and delivery.finished_at]
    stages: list[tuple[str, datetime | None]] = [
        ("published", alert.published_at),
        ("first seen", alert.seen_at),
        ("alert made", alert.made_at),
        ("held until", told.bundle.slot if told.bundle else None),
        ("sent", min(sent, default=None)),
    ]
    known = [(name, at) for name, at in stages if at]
    lines = [f"{known[0][0]:12} {known[0][1]:%Y-%m-%d %H:%M:%S} UTC"]
    for (_, earlier), (name, at) in pairwise(known):
        lines.append(f"{name:12} {at:%Y-%m-%d %H:%M:%S} UTC  after {span(at - earlier)}")
    return lines


def _as_json(told: Told) -> dict[str, Any]:
    hidden = {"destination"}
    deliveries = [
        {**d.model_dump(mode="json", exclude=hidden), "destination": masked(d.destination)} for d in told.deliveries
    ]
    held = told.bundle.slot.isoformat() if told.bundle else None
    return {**told.alert.model_dump(mode="json"), "held_until": held, "deliveries": deliveries}

"""`launchwatch watchdog`: whether the parts live, seen from outside them; for cron, systemd, or beside them in `launchwatch up`."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated

import typer

from cli.addresses import alarm_addresses
from cli.console import Refusal, complain, now, read_settings
from crawlers.guard import Guard
from pipeline.destination import without_secrets
from pipeline.records import Alert
from settings import Settings
from worker import alarm
from worker.deliver import Sent, masked
from worker.deliver.http import GuardedClient
from worker.rounds import mail_server

app = typer.Typer(add_completion=False)

GRACE = timedelta(minutes=3)
"""After a start the parts need a moment to say that they live."""
LOOKED = "watchdog.looked"
"""A file in the home, touched at every look: who watches the watchdog sees its age."""


@app.command()
def watchdog(
    every: Annotated[
        int, typer.Option(min=0, help="Look again after so many seconds, until stopped; 0 looks once.")
    ] = 0,
) -> None:
    """Exit 1, and tell LAUNCHWATCH_ALARM at once and past the outbox, when a part is silent or the store cannot be used."""
    settings = read_settings()
    if not every:
        if down := look_and_tell(settings, now()):
            raise Refusal("; ".join(down))
        typer.echo("every part lives")
        return
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    began = now()
    while not stop.wait(every):
        if now() - began >= GRACE:
            for line in look_and_tell(settings, now()):
                complain(line)
        with suppress(OSError):
            (settings.home / LOOKED).touch()


def look_and_tell(settings: Settings, at: datetime) -> list[str]:
    """What is down, a line each, once whoever is due to hear of it has been told."""
    reasons = alarm.look(settings.store_url, at)
    said = alarm.word(alarm.remembered(settings.home), reasons, at)
    if said is not None and _tell(settings, alarm.message(reasons, said, at), at):
        try:
            alarm.remember(settings.home, alarm.Told(reasons=tuple(reasons), at=at) if reasons else None)
        except OSError as error:
            complain(f"what was told cannot be kept, so it is told again at the next look: {error}")
    return reasons


def _tell(settings: Settings, message: Alert, at: datetime) -> bool:
    """Whether one of those who are to hear was told; of each that was not, a line says why."""
    addresses = alarm_addresses(settings)
    if not addresses:
        complain("nobody is told: LAUNCHWATCH_ALARM names a channel")
    outcomes = alarm.tell(message, addresses, GuardedClient(Guard()), mail_server(settings), at)
    for address, outcome in zip(addresses, outcomes, strict=True):
        if not isinstance(outcome, Sent):
            complain(f"{masked(address)} was not told: {without_secrets(outcome.reason, address)}")
    return any(isinstance(outcome, Sent) for outcome in outcomes)

"""The alarm: whether the parts live, looked at from outside, and told past the store and the outbox, which may be what is down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ValidationError
from sqlalchemy.exc import DBAPIError

from pipeline.records import Alert, Reason, Record
from storage import outbox, queue
from storage.engine import Store, StoreError, standing_store
from storage.readiness import reasons_against
from worker.deliver import Client, DestinationInvalid, Outcome, Refused, destination, send
from worker.deliver.mail import Server

PARTS = ("collect", "process", "deliver")
"""Without one of them nobody hears of news; one that never ran on this installation is not missed."""
STUCK = timedelta(minutes=15)
"""A delivery that was due for so long, to a destination that answers, was forgotten."""
AGAIN = timedelta(hours=6)
"""How often what is still down is told again."""
STATE_FILE = "alarm.json"


class Told(Record):
    """What the last message said was down."""

    reasons: tuple[str, ...]
    at: AwareDatetime


def look(store_url: str, now: datetime) -> list[str]:
    """What is down, a line each; nothing where all lives. A store that cannot be opened is itself the answer."""
    try:
        store = standing_store(store_url)
    except StoreError as error:
        return [str(error)]
    try:
        return reasons_against(store, now, PARTS) + _amiss(store, now)
    finally:
        store.close()


def word(told: Told | None, reasons: Sequence[str], now: datetime) -> Literal["down", "up"] | None:
    """Which message is due: what is down is told at once, again when something else is, and every six hours; and its end."""
    if not reasons:
        return "up" if told else None
    if told is None or now - told.at >= AGAIN:
        return "down"
    return "down" if {_kind(line) for line in reasons} - {_kind(line) for line in told.reasons} else None


def message(reasons: Sequence[str], said: Literal["down", "up"], now: datetime) -> Alert:
    """What the operator is sent: what is down and what to do, or that all lives again."""
    first = reasons[0] if reasons else ""
    more = f" (+{len(reasons) - 1})" if len(reasons) > 1 else ""
    down = f"⚠ Launchwatch is down: {first[:120]}{more}"
    advice = (
        "No news comes in, or none goes out, until it is started again: `launchwatch doctor`, then `launchwatch up`."
    )
    name = blake2b(f"{said} {now.isoformat()}".encode(), digest_size=10).hexdigest()
    return Alert(
        id=f"alarm-{name}",
        watch_id="operator",
        event_id="",
        made_at=now,
        title=down if said == "down" else "Launchwatch lives again",
        body="\n".join([*reasons, advice]) if said == "down" else "Every part says that it lives.",
        why=Reason(zh="您是本系统的运维联系人", en="you run this installation"),
        importance=100,
    )


def tell(alert: Alert, addresses: Sequence[str], client: Client, server: Server | None, now: datetime) -> list[Outcome]:
    """What each address said to a message, sent straight to it."""
    return [_sent(alert, address, client, server, now) for address in addresses]


def remembered(home: Path) -> Told | None:
    """What was told last, where something is still said to be down; a file that cannot be read was never written."""
    try:
        return Told.model_validate_json((home / STATE_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def remember(home: Path, told: Told | None) -> None:
    """Keep what was told, for the next look. Raises OSError where the home takes no file."""
    file = home / STATE_FILE
    if told is None:
        file.unlink(missing_ok=True)
    else:
        file.write_text(told.model_dump_json(), "utf-8")


def _amiss(store: Store, now: datetime) -> list[str]:
    """What the parts' own word does not tell: that none ever ran, and that messages lie."""
    try:
        with store.reading() as session:
            ran = any(part in queue.heartbeats(session) for part in PARTS)
            is_stuck = outbox.is_due(session, now - STUCK)
    except (DBAPIError, StoreError):
        return []  # `reasons_against` has said why
    lines = [] if ran else ["no part has ever run here; start `launchwatch up`"]
    return lines + (
        [f"deliver leaves messages lying that were due {STUCK.seconds // 60} minutes ago"] if is_stuck else []
    )


def _sent(alert: Alert, address: str, client: Client, server: Server | None, now: datetime) -> Outcome:
    try:
        return send(alert, destination(address), client, now, server=server)
    except DestinationInvalid as error:
        return Refused(str(error), retry=False)


def _kind(line: str) -> str:
    """A reason without its times and numbers: the same as long as the same is down."""
    return re.sub(r"\d+", "", line)

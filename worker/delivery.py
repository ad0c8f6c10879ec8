"""Sending what the outbox holds: claimed and marked before the wire, finished with what the other side really said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal

import structlog

from pipeline.records import Alert
from storage import digests, events, outbox, watches
from worker.deliver import Client, Destination, DestinationInvalid, Outcome, Refused, Sent, Unknown, destination, send
from worker.deliver.mail import Server
from worker.desk import Desk
from worker.digests import announcement
from worker.telling import bundle
from worker.trail import documents_of

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
"""Four times what one request may take: after it a vanished sender's message is sent again, marked as a repeat."""

LADDER = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""Before each new attempt: 75 hours in all, so that a weekend's outage loses nothing."""

End = Literal["sent", "failed", "unknown"]


def deliver_due(
    desk: Desk,
    client: Client,
    clock: Callable[[], datetime],
    server: Server | None = None,
    public_url: str = "",
    go_on: Callable[[], bool] = lambda: True,
) -> Counter[str]:
    """Send every delivery that is due; how many ended in which state. `public_url` is where a digest can be read."""
    ends: Counter[str] = Counter()
    while go_on() and (claimed := _claimed(desk, clock())):
        ends[_deliver(desk, claimed[0], client, clock, server, public_url)] += 1
    return ends


def _claimed(desk: Desk, now: datetime) -> list[outbox.Delivery]:
    """The one that goes to the wire next: of what waits behind a slow one, nobody must think that it may have arrived."""
    with desk.store.writing() as session:
        return outbox.claim(session, now, LEASE, 1)


def _deliver(
    desk: Desk,
    delivery: outbox.Delivery,
    client: Client,
    clock: Callable[[], datetime],
    server: Server | None,
    public_url: str,
) -> str:
    outcome = _sent(desk, delivery, client, clock(), server, public_url)
    now = clock()
    state, answer, retry_at = _judged(delivery, outcome, now)
    values = {"delivery": delivery.id, "state": state, "answer": answer, "attempt": delivery.attempts}
    log.info("delivered", **values, **_behind(desk, delivery))
    with desk.store.writing() as session:
        outbox.finish(session, delivery, state, answer, now, retry_at)
    return "dead" if state != "sent" and retry_at is None else state


def _sent(
    desk: Desk, delivery: outbox.Delivery, client: Client, now: datetime, server: Server | None, public_url: str
) -> Outcome:
    alert = _message(desk, delivery, now, public_url)
    if alert is None:
        return Refused(f"the {delivery.kind} is gone, or its event is noise", retry=False)
    try:
        where: Destination = destination(delivery.destination)
    except DestinationInvalid as error:
        return Refused(str(error), retry=False)
    return send(alert, where, client, now, repeat=delivery.repeat, server=server)


def _message(desk: Desk, delivery: outbox.Delivery, now: datetime, public_url: str) -> Alert | None:
    """What a delivery tells: an alert, a bundle, or that a digest is written. None for what is gone, or is noise since."""
    if delivery.kind == "bundle":
        with desk.store.writing() as session:
            return bundle(session, delivery.alert_id, now)
    with desk.store.reading() as session:
        if delivery.kind == "alert":
            alert = watches.alert(session, delivery.alert_id)
            event = events.get(session, alert.event_id) if alert else None
            return None if event and event.is_noise else alert
        kept = digests.get(session, delivery.alert_id)
    return announcement(kept, public_url) if kept else None


def _behind(desk: Desk, delivery: outbox.Delivery) -> dict[str, object]:
    """What a delivery tells of, so that a document can be followed to it."""
    if delivery.kind != "alert":
        return {delivery.kind: delivery.alert_id}
    with desk.store.reading() as session:
        alert = watches.alert(session, delivery.alert_id)
        event = events.get(session, alert.event_id) if alert else None
    return {"alert": delivery.alert_id, "event_id": event.id if event else None, "documents": documents_of(event)}


def _judged(delivery: outbox.Delivery, outcome: Outcome, now: datetime) -> tuple[End, str, datetime | None]:
    """The state, what was said, and when to try again; an unknown outcome is sent once more at most."""
    step = _step(delivery)
    if isinstance(outcome, Sent):
        return "sent", outcome.detail, None
    if isinstance(outcome, Unknown):
        return "unknown", outcome.reason, None if delivery.repeat or step is None else now + step
    if not outcome.retry or step is None:
        return "failed", outcome.reason, None
    return "failed", outcome.reason, now + max(step, timedelta(seconds=outcome.wait or 0))


def _step(delivery: outbox.Delivery) -> timedelta | None:
    """The ladder's next step, up to a tenth longer so that not all knock at once; None after the last."""
    if delivery.attempts > len(LADDER):
        return None
    spread = int.from_bytes(blake2b(delivery.message_id.encode(), digest_size=2).digest())
    return LADDER[delivery.attempts - 1] * (1 + spread / 655360)

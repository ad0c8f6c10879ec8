"""Sending what the outbox holds: claimed and marked before the wire, finished with what the other side really said."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal

import structlog
from sqlalchemy.orm import Session

from pipeline.destination import without_secrets
from pipeline.records import Alert
from pipeline.telling import burst
from storage import digests, events, outbox, pacing, sources, watches
from storage.pacing import Parcel
from worker.deliver import (
    Client,
    Destination,
    DestinationInvalid,
    Outcome,
    Refused,
    Sent,
    Unknown,
    destination,
    masked,
    send,
)
from worker.deliver.limits import limits_of
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

SWITCHED_OFF = "destination"
"""The kind of notice that tells of a destination that is gone."""

End = Literal["sent", "failed", "unknown"]


@dataclass(frozen=True)
class Way:
    """How messages leave, and when it is."""

    client: Client
    clock: Callable[[], datetime]
    server: Server | None
    public_url: str


def deliver_due(
    desk: Desk,
    client: Client,
    clock: Callable[[], datetime],
    server: Server | None = None,
    public_url: str = "",
    go_on: Callable[[], bool] = lambda: True,
    hands: int = 1,
) -> Counter[str]:
    """Send every delivery that is due; how many ended in which state. `public_url` is where a digest can be read.

    Several hands send to several destinations at once, so that a slow one keeps none waiting but itself.
    """
    way = Way(client, clock, server, public_url)
    busy: set[bytes] = set()
    lock = threading.Lock()

    def send_on() -> Counter[str]:
        ends: Counter[str] = Counter()
        while go_on():
            with lock:
                parcel = _taken(desk, clock(), busy)
                if parcel is None:
                    return ends
                busy.add(parcel.mark)
            try:
                ends += _deliver(desk, parcel, way)
            finally:
                busy.discard(parcel.mark)
        return ends

    if hands == 1:
        return send_on()
    with ThreadPoolExecutor(hands, thread_name_prefix="send") as pool:
        return sum((sent.result() for sent in [pool.submit(send_on) for _ in range(hands)]), Counter())


def _taken(desk: Desk, now: datetime, busy: Collection[bytes]) -> Parcel | None:
    """What goes to the wire next: of what waits behind a slow one, nobody must think that it may have arrived."""
    with desk.store.reading() as session:
        if not outbox.is_due(session, now, busy):
            return None
    with desk.store.writing() as session:
        return pacing.take(session, now, LEASE, limits_of, busy)


def _deliver(desk: Desk, parcel: Parcel, way: Way) -> Counter[str]:
    """One message sent, and what became of each delivery in it."""
    now = way.clock()
    messages = [
        (delivery, None if parcel.closed else _message(desk, delivery, now, way)) for delivery in parcel.deliveries
    ]
    told = [(delivery, message) for delivery, message in messages if message is not None]
    why = f"its destination was switched off: {parcel.closed}" if parcel.closed else "it is gone, or its event is noise"
    outcome = _sent(told, way, now) if told else Refused(why, retry=False)
    held = {delivery.id for delivery, _ in told}
    now = way.clock()
    with desk.store.writing() as session:
        ends = [
            _finish(session, delivery, outcome if delivery.id in held else Refused(why, retry=False), now)
            for delivery in parcel.deliveries
        ]
        if told:
            _note(session, parcel, outcome, now)
    for delivery, (state, answer) in zip(parcel.deliveries, ends, strict=True):
        values = {"delivery": delivery.id, "state": state, "answer": answer, "attempt": delivery.attempts}
        log.info("delivered", **values, **_behind(desk, delivery))
    return Counter(state for state, _ in ends)


def _sent(told: Sequence[tuple[outbox.Delivery, Alert]], way: Way, now: datetime) -> Outcome:
    first, alert = told[0]
    try:
        where: Destination = destination(first.destination)
    except DestinationInvalid as error:
        return Refused(str(error), retry=False)
    message = alert if len(told) == 1 else burst([one for _, one in told])
    return send(message, where, way.client, now, repeat=first.repeat, server=way.server)


def _finish(session: Session, delivery: outbox.Delivery, outcome: Outcome, now: datetime) -> tuple[str, str]:
    """What came of one delivery, kept; its state, and what was said without any secret that was said back to us."""
    state, said, retry_at = _judged(delivery, outcome, now)
    answer = without_secrets(said, delivery.destination)
    outbox.finish(session, delivery, state, answer, now, retry_at)
    return "dead" if state != "sent" and retry_at is None else state, answer


def _note(session: Session, parcel: Parcel, outcome: Outcome, now: datetime) -> None:
    """What an outcome says of the destination itself."""
    if isinstance(outcome, Sent):
        pacing.answered(session, parcel.mark, now)
    elif isinstance(outcome, Unknown) or outcome.down:
        pacing.rest(session, parcel.mark, now)
    elif outcome.wait is not None:
        pacing.rest(session, parcel.mark, now, outcome.wait)
    elif outcome.gone:
        address = parcel.deliveries[0].destination
        reason = without_secrets(outcome.reason, address)
        if pacing.close(session, parcel.mark, reason, now):
            sources.notify(session, SWITCHED_OFF, parcel.mark.hex()[:16], _switched_off(session, address, reason), now)


def _switched_off(session: Session, address: str, reason: str) -> str:
    names = [watch.id for watch in watches.all_watches(session) if address in watch.destinations]
    first = names[0] if names else "ID"
    return (
        f"{masked(address)} was switched off, as it is gone: {reason} (watches: {', '.join(names) or 'none'}); "
        f"give them another, or open it again with `launchwatch watches test {first}`"
    )


def _message(desk: Desk, delivery: outbox.Delivery, now: datetime, way: Way) -> Alert | None:
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
    return announcement(kept, way.public_url) if kept else None


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

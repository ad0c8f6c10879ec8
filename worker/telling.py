"""From alert to outbox: at once, or held in a bundle for the time that its watch asks for. In the transaction that made it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from knowledge.schema import Market
from pipeline import telling, timing
from pipeline.records import Alert
from pipeline.watching import WatchBook
from storage import bundles, events, outbox, watches


class WatchShelf:
    """One process's watches, read again only when one has changed."""

    def __init__(self) -> None:
        self._revision: tuple[int, int] | None = None
        self._book = WatchBook(())

    def book(self, session: Session) -> WatchBook:
        """The watches as the store has them."""
        revision = watches.revision(session)
        if revision != self._revision:
            self._book = WatchBook(watches.all_watches(session))
            self._revision = revision
        return self._book


def queue_alerts(
    session: Session, alerts: Iterable[Alert], book: WatchBook, now: datetime, markets: Sequence[Market]
) -> int:
    """Alerts kept with their way out; one that was made before is told no more. How many are new."""
    fresh = watches.save_alerts(session, alerts)
    slots = [
        (alert, book.by_id[alert.watch_id], timing.slot(book.by_id[alert.watch_id], now, markets)) for alert in fresh
    ]
    outbox.push_all(session, ((alert, watch.destinations) for alert, watch, slot in slots if slot is None), now)
    for alert, watch, slot in slots:
        if slot is not None:
            bundles.hold(session, watch, alert, slot, partial(timing.slot_after, watch, markets=markets), now)
    return len(fresh)


def bundle(session: Session, bundle_id: str, now: datetime) -> Alert | None:
    """A bundle as it is sent, sealed. None where its watch is gone, or all that it would tell is noise by now."""

    def compose(found: bundles.Bundle, held: Sequence[Alert]) -> Alert | None:
        watch = watches.get(session, found.watch_id)
        told = [alert for alert in held if not _is_noise(session, alert)]
        return telling.bundle(found.id, watch, told, found.slot) if watch and told else None

    return bundles.seal(session, bundle_id, compose, now)


def _is_noise(session: Session, alert: Alert) -> bool:
    event = events.get(session, alert.event_id)
    return event is not None and event.is_noise

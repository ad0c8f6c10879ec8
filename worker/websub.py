"""Asking hubs to push a feed's news at once, and asking again before a lease ends. Polling goes on as the safety net."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from crawlers.answer import BadStatus, FetchFailed, Gets
from crawlers.websub import subscription
from storage import subscriptions
from storage.subscriptions import Subscription
from worker.desk import Desk

log = structlog.get_logger()

UNCONFIRMED = timedelta(hours=1)
"""Before a hub is asked again that did not confirm; doubled each time, up to a day."""


async def subscribe_due(desk: Desk, fetcher: Gets, public_url: str, clock: Callable[[], datetime]) -> int:
    """Ask the hubs whose turn it is, one after another; how many took it. Their word comes to the web side."""
    now = clock()
    with desk.store.writing() as session:
        taken = subscriptions.take_due(session, now, now + UNCONFIRMED)
    return sum([await _ask(desk, wanted, fetcher, public_url, clock()) for wanted in taken])


def callback(public_url: str, token: str) -> str:
    """Where a hub reaches us for one subscription."""
    return f"{public_url}/websub/{token}"


async def _ask(desk: Desk, wanted: Subscription, fetcher: Gets, public_url: str, now: datetime) -> bool:
    """One hub asked. The row says `asked` before it is: a quick hub confirms before it answers."""
    later = now + min(UNCONFIRMED * 2.0 ** min(wanted.attempts, 5), timedelta(days=1))
    asked = {"state": "verified" if wanted.state == "verified" else "asked", "next_due": later}
    _keep(desk, wanted.model_copy(update={**asked, "attempts": wanted.attempts + 1}))
    form = subscription(wanted.topic, callback(public_url, wanted.token), wanted.secret)
    reason = ""
    try:
        await fetcher.get(wanted.hub, source_id=wanted.source_id, form=form, robots=False)
    except BadStatus as error:
        reason = "" if 200 <= error.status < 300 else error.reason
    except FetchFailed as error:
        reason = error.reason
    if reason:
        log.warning("hub refused", source=wanted.source_id, hub=wanted.hub, reason=reason)
        _note(desk, wanted.source_id, reason)
    return not reason


def _keep(desk: Desk, subscription: Subscription) -> None:
    with desk.store.writing() as session:
        subscriptions.save(session, subscription)


def _note(desk: Desk, source_id: str, reason: str) -> None:
    with desk.store.writing() as session:
        kept = subscriptions.get(session, source_id)
        if kept is not None:
            subscriptions.save(session, kept.model_copy(update={"reason": reason}))

"""Subscriptions to WebSub hubs, and what hubs pushed: the web side keeps it, the collector reads it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import RowMapping, delete, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import Record
from storage import queue, tables
from storage import secrets as vault
from storage.engine import upsert
from storage.sources import ask

PUSH = "push"
"""The kind of work that a kept push waits for."""
WAITING = 20
"""Pushes of a source kept unread at most; beyond, the source is only made due: its own feed has them all."""

_subscriptions = tables.table(tables.SubscriptionRow)
_pushes = tables.table(tables.PushRow)


class Subscription(Record):
    """A hub asked to tell of a source's news. `next_due` is when to ask, or to ask again before the lease ends."""

    source_id: str
    hub: str
    topic: str
    token: str
    secret: str
    state: Literal["wanted", "asked", "verified", "denied"] = "wanted"
    reason: str = ""
    attempts: int = 0
    """Since the hub last confirmed."""
    next_due: datetime
    lease_until: datetime | None = None
    last_push_at: datetime | None = None


class Push(Record):
    """What came for a source, as it came: nobody has looked at its signature yet."""

    id: int
    source_id: str
    received_at: datetime
    signature: str
    content_type: str
    body: bytes


def want(session: Session, source_id: str, hub: str | None, topic: str | None, now: datetime) -> None:
    """A source's hub as its feed names it today: a subscription to ask for, one kept, or one given up."""
    have = get(session, source_id)
    if not hub or not topic:
        if have is not None:
            remove(session, source_id)
    elif have is None or (have.hub, have.topic) != (hub, topic):
        token, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        fresh = Subscription(source_id=source_id, hub=hub, topic=topic, token=token, secret=secret, next_due=now)
        save(session, fresh)


def get(session: Session, source_id: str) -> Subscription | None:
    """A source's subscription."""
    query = select(_subscriptions).where(_subscriptions.c.source_id == source_id)
    row = session.execute(query).mappings().first()
    return None if row is None else _as_subscription(session, row)


def by_token(session: Session, token: str) -> Subscription | None:
    """The subscription whose callback address ends in a token."""
    row = (
        session.execute(select(_subscriptions).where(_subscriptions.c.token_mark == _mark(session, token)))
        .mappings()
        .first()
    )
    return None if row is None else _as_subscription(session, row)


def all_subscriptions(session: Session) -> list[Subscription]:
    """Every subscription, in order of its source."""
    rows = session.execute(select(_subscriptions).order_by(_subscriptions.c.source_id)).mappings()
    return [_as_subscription(session, row) for row in rows]


def save(session: Session, subscription: Subscription) -> None:
    """A subscription as it is now."""
    token = vault.of(session).seal(session, subscription.token)
    secret = vault.of(session).seal(session, subscription.secret)
    sealed = subscription.model_dump() | {"token": token, "secret": secret}
    upsert(session, _subscriptions, ("source_id",), sealed | {"token_mark": _mark(session, subscription.token)})


def remove(session: Session, source_id: str) -> None:
    """A subscription gone: what its hub still pushes is refused."""
    session.execute(delete(_subscriptions).where(_subscriptions.c.source_id == source_id))


def take_due(session: Session, now: datetime, retry_at: datetime, limit: int = 20) -> list[Subscription]:
    """Subscriptions to ask for or to renew, ours until `retry_at`."""
    query = select(_subscriptions).where(_subscriptions.c.next_due <= now).order_by(_subscriptions.c.next_due)
    rows = session.execute(query.limit(limit).with_for_update(skip_locked=True)).mappings()
    taken = [_as_subscription(session, row) for row in rows]
    ids = [subscription.source_id for subscription in taken]
    session.execute(update(_subscriptions).where(_subscriptions.c.source_id.in_(ids)).values(next_due=retry_at))
    return taken


# ---- what the web side writes ---------------------------------------------------------------------------------------


def confirm(session: Session, token: str, topic: str, seconds: int, now: datetime) -> bool:
    """A hub's question whether we meant it: True for the topic that we asked for. Renewal is due at half the lease."""
    found = by_token(session, token)
    if found is None or found.topic != topic or found.state == "wanted":
        return False
    lease = timedelta(seconds=seconds)
    values = {"state": "verified", "reason": "", "attempts": 0, "lease_until": now + lease, "next_due": now + lease / 2}
    save(session, found.model_copy(update=values))
    return True


def deny(session: Session, token: str, topic: str, reason: str, now: datetime) -> bool:
    """A hub's word that it will not tell us; asked again a day later. False for a topic of which we know nothing."""
    found = by_token(session, token)
    if found is None or found.topic != topic:
        return False
    values = {"state": "denied", "reason": reason, "lease_until": None, "next_due": now + timedelta(days=1)}
    save(session, found.model_copy(update=values))
    return True


def keep_push(session: Session, token: str, signature: str, content_type: str, body: bytes, now: datetime) -> bool:
    """What a hub pushed, kept with the work of reading it; False for a token that is none of ours."""
    found = by_token(session, token)
    if found is None:
        return False
    waiting = select(func.count()).select_from(_pushes).where(_pushes.c.source_id == found.source_id)
    if session.execute(waiting).scalar_one() >= WAITING:
        ask(session, found.source_id, now)
        return True
    row = {"signature": signature, "content_type": content_type, "body": body, "received_at": now}
    kept: Any = session.execute(_pushes.insert().values(source_id=found.source_id, **row).returning(_pushes.c.id))
    queue.push(session, PUSH, str(kept.scalar_one()), now, priority=1)
    return True


# ---- what the collector reads ---------------------------------------------------------------------------------------


def push(session: Session, push_id: int) -> Push | None:
    """What was pushed, by its number."""
    row = session.execute(select(_pushes).where(_pushes.c.id == push_id)).mappings().first()
    return None if row is None else Push.model_validate(dict(row))


def drop_push(session: Session, push_id: int) -> None:
    """What was pushed, gone: it has been read, or was none of its hub's."""
    session.execute(delete(_pushes).where(_pushes.c.id == push_id))


def note_push(session: Session, source_id: str, at: datetime) -> None:
    """A push that bore its hub's signature came."""
    session.execute(update(_subscriptions).where(_subscriptions.c.source_id == source_id).values(last_push_at=at))


def _mark(session: Session, token: str) -> bytes:
    return vault.of(session).mark(session, token)


def _as_subscription(session: Session, row: RowMapping) -> Subscription:
    kept = {name: row[name] for name in Subscription.model_fields}
    opened = {name: vault.of(session).unseal(session, kept[name]) for name in ("token", "secret")}
    return Subscription.model_validate(kept | opened)

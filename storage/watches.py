"""Watches and the alerts that they raised."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.orm import Session

from pipeline.records import Alert, Watch
from storage import secrets as vault
from storage import tables
from storage.engine import added, upsert

_watches = tables.table(tables.WatchRow)
_alerts = tables.table(tables.AlertRow)


def save(session: Session, watch: Watch) -> None:
    """A watch as it is now."""
    row = {"id": watch.id, "owner": watch.owner, "body": vault.sealed_watch(session, watch).model_dump_json()}
    upsert(session, _watches, ("id",), row | {"revision": secrets.randbits(30)})


def revision(session: Session) -> tuple[int, int]:
    """What changes whenever a watch is added, changed or removed: read it before reading all of them again."""
    many, total = session.execute(select(func.count(), func.coalesce(func.sum(_watches.c.revision), 0))).one()
    return many, int(total)


def get(session: Session, watch_id: str) -> Watch | None:
    """A watch by its id."""
    body = session.execute(select(_watches.c.body).where(_watches.c.id == watch_id)).scalar()
    return None if body is None else vault.opened_watch(session, body)


def all_watches(session: Session, owner: str | None = None) -> list[Watch]:
    """Every watch, or an owner's, in order of their ids."""
    query = select(_watches.c.body).order_by(_watches.c.id)
    query = query if owner is None else query.where(_watches.c.owner == owner)
    return [vault.opened_watch(session, body) for body in session.execute(query).scalars()]


def remove(session: Session, watch_id: str) -> bool:
    """A watch gone, its alerts kept; False when there was none."""
    gone = session.execute(delete(_watches).where(_watches.c.id == watch_id).returning(_watches.c.id))
    return gone.first() is not None


def save_alert(session: Session, alert: Alert) -> bool:
    """An alert kept, once; False when it was there already."""
    return bool(save_alerts(session, [alert]))


def save_alerts(session: Session, alerts: Iterable[Alert]) -> list[Alert]:
    """Alerts kept, each once; those that were not there."""
    given = {alert.id: alert for alert in alerts}
    names = ("id", "watch_id", "event_id", "version", "made_at")
    rows = [{n: getattr(one, n) for n in names} | {"body": one.model_dump_json()} for one in given.values()]
    new = set(added(session, _alerts, rows, "id"))
    return [alert for alert in given.values() if alert.id in new]


def alert(session: Session, alert_id: str) -> Alert | None:
    """An alert by its id."""
    body = session.execute(select(_alerts.c.body).where(_alerts.c.id == alert_id)).scalar()
    return None if body is None else Alert.model_validate_json(body)


def alerts(
    session: Session,
    *,
    watch_ids: Sequence[str] | None = None,
    since: datetime | None = None,
    before: Alert | None = None,
    limit: int = 50,
) -> list[Alert]:
    """The newest alerts: all or those of some watches, from a time on, older than the last one of a page before."""
    query = select(_alerts.c.body)
    query = query if watch_ids is None else query.where(_alerts.c.watch_id.in_(watch_ids))
    query = query if since is None else query.where(_alerts.c.made_at >= since)
    if before is not None:
        is_as_old = and_(_alerts.c.made_at == before.made_at, _alerts.c.id < before.id)
        query = query.where(or_(_alerts.c.made_at < before.made_at, is_as_old))
    newest = query.order_by(_alerts.c.made_at.desc(), _alerts.c.id.desc()).limit(limit)
    return [Alert.model_validate_json(body) for body in session.execute(newest).scalars()]


def alerts_of_event(session: Session, event_id: str) -> list[Alert]:
    """The alerts that an event raised, oldest first."""
    query = select(_alerts.c.body).where(_alerts.c.event_id == event_id).order_by(_alerts.c.made_at, _alerts.c.id)
    return [Alert.model_validate_json(body) for body in session.execute(query).scalars()]


def told_of(session: Session, event_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """Which watches were told of events; events of which none was are left out."""
    heard: dict[str, set[str]] = {}
    query = select(_alerts.c.event_id, _alerts.c.watch_id).where(_alerts.c.event_id.in_(event_ids)).distinct()
    for row in session.execute(query):
        heard.setdefault(row.event_id, set()).add(row.watch_id)
    return {event_id: frozenset(watch_ids) for event_id, watch_ids in heard.items()}

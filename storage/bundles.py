"""Bundles: alerts held for a time and told together. One a watch and time; what comes after it was sealed goes to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from pipeline.records import Alert, Record, Watch
from storage import outbox, tables
from storage.engine import insert, is_postgres

_bundles = tables.table(tables.BundleRow)
_bundled = tables.table(tables.BundledRow)
_alerts = tables.table(tables.AlertRow)


class Bundle(Record):
    """What a watch is told at a time. `body` is empty until it is sealed."""

    id: str
    watch_id: str
    slot: datetime
    sealed_at: datetime | None
    body: str


def hold(
    session: Session,
    watch: Watch,
    alert: Alert,
    slot: datetime,
    after: Callable[[datetime], datetime],
    now: datetime,
) -> Bundle:
    """An alert put into the bundle of a slot, or of the first slot `after` that is still open, with its way out."""
    while (bundle := _at(session, watch.id, slot)).sealed_at is not None:
        slot = after(slot)
    member = insert(session, _bundled).values(bundle_id=bundle.id, alert_id=alert.id)
    session.execute(member.on_conflict_do_nothing())
    for destination in watch.destinations:
        outbox.push_one(session, "bundle", bundle.id, destination, now, not_before=slot)
    return bundle


def seal(
    session: Session, bundle_id: str, compose: Callable[[Bundle, Sequence[Alert]], Alert | None], now: datetime
) -> Alert | None:
    """A bundle in the words that it is sent in: composed the first time, the very same ever after."""
    bundle = _locked(session, select(_bundles).where(_bundles.c.id == bundle_id))
    if bundle is None:
        return None
    if bundle.sealed_at is not None:
        return Alert.model_validate_json(bundle.body) if bundle.body else None
    told = compose(bundle, members(session, bundle_id))
    values = {"sealed_at": now, "body": told.model_dump_json() if told else ""}
    session.execute(update(_bundles).where(_bundles.c.id == bundle_id).values(values))
    return told


def members(session: Session, bundle_id: str) -> list[Alert]:
    """The alerts of a bundle, oldest first."""
    query = select(_alerts.c.body).join(_bundled, _bundled.c.alert_id == _alerts.c.id)
    query = query.where(_bundled.c.bundle_id == bundle_id).order_by(_alerts.c.made_at, _alerts.c.id)
    return [Alert.model_validate_json(body) for body in session.execute(query).scalars()]


def of_alert(session: Session, alert_id: str) -> Bundle | None:
    """The bundle in which an alert waits, or went out."""
    query = select(_bundles).join(_bundled, _bundled.c.bundle_id == _bundles.c.id)
    row = session.execute(query.where(_bundled.c.alert_id == alert_id)).mappings().first()
    return None if row is None else Bundle.model_validate(dict(row))


def _at(session: Session, watch_id: str, slot: datetime) -> Bundle:
    """The bundle of a watch and time, made if absent, and nobody else's until the transaction ends."""
    name = "bundle_" + sha256(f"{watch_id}\n{slot.isoformat()}".encode()).hexdigest()[:24]
    row = {"id": name, "watch_id": watch_id, "slot": slot, "body": ""}
    session.execute(insert(session, _bundles).values(row).on_conflict_do_nothing())
    found = _locked(session, select(_bundles).where(_bundles.c.watch_id == watch_id, _bundles.c.slot == slot))
    assert found is not None, "it was just made"
    return found


def _locked(session: Session, query: Select[tuple[object, ...]]) -> Bundle | None:
    query = query.with_for_update() if is_postgres(session) else query
    row = session.execute(query).mappings().first()
    return None if row is None else Bundle.model_validate(dict(row))

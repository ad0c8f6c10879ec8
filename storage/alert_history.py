"""What was told to whom: alerts with their deliveries and bundles, found by watch, time, state and words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from pipeline.records import Alert, Record
from storage import tables
from storage.bundles import Bundle
from storage.outbox import Delivery, DeliveryState, as_delivery

_alerts = tables.table(tables.AlertRow)
_bundles = tables.table(tables.BundleRow)
_bundled = tables.table(tables.BundledRow)
_deliveries = tables.table(tables.DeliveryRow)


class Told(Record):
    """An alert, the bundle that it waits or went out in, and its way to each destination.

    One that has no delivery of its own, as another watch's alert had told the same news there, shows that one's.
    """

    alert: Alert
    bundle: Bundle | None = None
    deliveries: tuple[Delivery, ...] = ()


def find(
    session: Session,
    *,
    watch_ids: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    states: Sequence[DeliveryState] | None = None,
    text: str = "",
    before: Alert | None = None,
    limit: int = 50,
) -> list[Told]:
    """Alerts that meet every filter given, newest first, older than the last one of a page before."""
    query = select(_alerts.c.body)
    query = query if watch_ids is None else query.where(_alerts.c.watch_id.in_(watch_ids))
    query = query if since is None else query.where(_alerts.c.made_at >= since)
    query = query if until is None else query.where(_alerts.c.made_at < until)
    query = query if states is None else query.where(_is_in(states))
    query = query if not text.strip() else query.where(_says(text.strip()))
    if before is not None:
        is_as_old = and_(_alerts.c.made_at == before.made_at, _alerts.c.id < before.id)
        query = query.where(or_(_alerts.c.made_at < before.made_at, is_as_old))
    newest = query.order_by(_alerts.c.made_at.desc(), _alerts.c.id.desc()).limit(limit)
    return told(session, [Alert.model_validate_json(body) for body in session.execute(newest).scalars()])


def told(session: Session, alerts: Sequence[Alert]) -> list[Told]:
    """Alerts with their bundles and deliveries, in the order given."""
    held = _bundles_of(session, [alert.id for alert in alerts])
    own = _by(session, "alert", "alert_id", [alert.id for alert in alerts])
    shared = _by(session, "alert", "subject", [alert.substance for alert in alerts if alert.substance])
    bundled = _by(session, "bundle", "alert_id", [bundle.id for bundle in held.values()])
    return [_told(alert, held.get(alert.id), own, shared, bundled) for alert in alerts]


def _told(
    alert: Alert,
    bundle: Bundle | None,
    own: dict[str, list[Delivery]],
    shared: dict[str, list[Delivery]],
    bundled: dict[str, list[Delivery]],
) -> Told:
    if bundle is not None:
        return Told(alert=alert, bundle=bundle, deliveries=tuple(bundled.get(bundle.id, ())))
    found = own.get(alert.id) or shared.get(alert.substance, [])
    return Told(alert=alert, deliveries=tuple(found))


def _bundles_of(session: Session, alert_ids: Sequence[str]) -> dict[str, Bundle]:
    query = select(_bundled.c.alert_id, _bundles).join(_bundles, _bundles.c.id == _bundled.c.bundle_id)
    rows = session.execute(query.where(_bundled.c.alert_id.in_(alert_ids))).mappings()
    return {row["alert_id"]: Bundle.model_validate({n: row[n] for n in Bundle.model_fields}) for row in rows}


def _by(session: Session, kind: str, column: str, values: Sequence[str]) -> dict[str, list[Delivery]]:
    query = select(_deliveries).where(_deliveries.c.kind == kind, _deliveries.c[column].in_(values))
    found: dict[str, list[Delivery]] = {}
    for row in session.execute(query.order_by(_deliveries.c.id)).mappings():
        found.setdefault(row[column], []).append(as_delivery(session, row))
    return found


def _is_in(states: Sequence[DeliveryState]) -> ColumnElement[bool]:
    bundles = select(_bundled.c.bundle_id).where(_bundled.c.alert_id == _alerts.c.id).correlate(_alerts)
    is_own = and_(_deliveries.c.kind == "alert", _deliveries.c.alert_id == _alerts.c.id)
    is_bundle = and_(_deliveries.c.kind == "bundle", _deliveries.c.alert_id.in_(bundles))
    return exists().where(_deliveries.c.state.in_(states), or_(is_own, is_bundle)).correlate(_alerts)


def _says(text: str) -> ColumnElement[bool]:
    """Whether a text stands in an alert's words, in capital or small letters; as JSON writes it, for so it is kept."""
    written: Any = json.dumps(text.lower(), ensure_ascii=False)[1:-1]
    return func.lower(_alerts.c.body).contains(written, autoescape=True)

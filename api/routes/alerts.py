"""Alerts: what was told to whom, why, what waits and what was refused; dead deliveries can be sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from sqlalchemy.orm import Session

from api.deps import AtDesk, now
from api.keys import caller_of
from pipeline.destination import masked
from pipeline.records import Alert, Record
from storage import alert_history, outbox, watches
from storage.alert_history import Told
from storage.outbox import Attempt, DeliveryState

router = APIRouter(tags=["alerts"])


class AlertPage(Record):
    """Alerts, newest first; `next` asks for those after them."""

    alerts: tuple[Told, ...]
    next: str | None


class AlertWhole(Record):
    """An alert with its deliveries and every attempt at them."""

    told: Told
    attempts: tuple[Attempt, ...]


@router.get("/alerts")
def list_alerts(
    request: Request,
    desk: AtDesk,
    watch: Annotated[list[str] | None, Query()] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    state: Annotated[list[DeliveryState] | None, Query()] = None,
    text: str = "",
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AlertPage:
    """Alerts of the caller's watches that meet every filter given: a watch, a time, a delivery's state, words."""
    with desk.store.reading() as session:
        own = _own_watches(session, request)
        if own is not None:
            watch = [each for each in own if watch is None or each in watch]
        before = watches.alert(session, cursor) if cursor else None
        if cursor and before is None:
            raise ValueError("cursor: take the one that a page gave as `next`")
        found = alert_history.find(
            session,
            watch_ids=watch,
            since=desk.zoned(since),
            until=desk.zoned(until),
            states=state,
            text=text,
            before=before,
            limit=limit + 1,
        )
    more = found[limit - 1].alert.id if len(found) > limit else None
    return AlertPage(alerts=tuple(map(_shown, found[:limit])), next=more)


@router.get("/alerts/{alert_id}")
def one_alert(request: Request, desk: AtDesk, alert_id: str) -> AlertWhole:
    """An alert with its deliveries and every attempt at them."""
    with desk.store.reading() as session:
        [told] = alert_history.told(session, [_found(_own_alert(session, request, alert_id), alert_id)])
        attempts = [attempt for delivery in told.deliveries for attempt in outbox.history(session, delivery.id)]
    return AlertWhole(told=_shown(told), attempts=tuple(attempts))


@router.post("/deliveries/{delivery_id}/replay", status_code=202)
def replay(request: Request, desk: AtDesk, delivery_id: int) -> dict[str, str | int]:
    """Send a dead delivery again; the sender takes it within seconds."""
    with desk.store.writing() as session:
        held = outbox.get(session, delivery_id)
        is_seen = held is not None and (
            caller_of(request).sees is None or _own_alert(session, request, held.alert_id) is not None
        )
        if not is_seen:
            raise HTTPException(404, f"there is no delivery {delivery_id}")
        if not outbox.revive(session, delivery_id, now()):
            raise HTTPException(409, f"delivery {delivery_id} is not dead: it waits, or has arrived")
    return {"delivery": delivery_id, "status": "due"}


def _own_watches(session: Session, request: Request) -> list[str] | None:
    """The ids of the caller's watches; None for every watch."""
    sees = caller_of(request).sees
    return None if sees is None else [watch.id for watch in watches.all_watches(session, sees)]


def _own_alert(session: Session, request: Request, alert_id: str) -> Alert | None:
    """The alert, where the caller may see it; another's is as if it were not there."""
    found, own = watches.alert(session, alert_id), _own_watches(session, request)
    return found if found is not None and (own is None or found.watch_id in own) else None


def _shown(told: Told) -> Told:
    """Without the keys and secrets of destinations."""
    deliveries = (d.model_copy(update={"destination": masked(d.destination)}) for d in told.deliveries)
    return told.model_copy(update={"deliveries": tuple(deliveries)})


def _found(alert: Alert | None, alert_id: str) -> Alert:
    if alert is None:
        raise HTTPException(404, f"there is no alert {alert_id!r}")
    return alert

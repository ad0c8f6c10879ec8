"""Alerts: what was told, why, and how it went to each destination; what could not be delivered is sent again from here."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import AtDesk, Desk, now
from api.keys import caller_of
from api.pages.showing import page
from pipeline.destination import masked
from pipeline.records import Alert
from storage import alert_history, outbox, watches

router = APIRouter()

SHOWN = 40
STATES: tuple[outbox.DeliveryState, ...] = ("new", "failed", "sent", "dead")


@router.get("/alerts")
def alerts_page(
    request: Request, desk: AtDesk, watch: str = "", state: str = "", text: str = "", cursor: str = ""
) -> Response:
    """What was told, newest first; of the reader's own watches, or to an admin of all."""
    own = _watches(request, desk)
    wanted = [watch] if watch and (own is None or watch in own) else own
    chosen = [each for each in STATES if each == state]
    with desk.store.reading() as session:
        before = watches.alert(session, cursor) if cursor else None
        found = alert_history.find(
            session, watch_ids=wanted, states=chosen or None, text=text, before=before, limit=SHOWN + 1
        )
        names = {each.id: each.name for each in watches.all_watches(session, caller_of(request).sees)}
    more = found[SHOWN - 1].alert.id if len(found) > SHOWN else ""
    return page(
        request,
        "alerts.html",
        told_alerts=found[:SHOWN],
        next_cursor=more,
        names=names,
        masked=masked,
        states=STATES,
        asked={"watch": watch, "state": state, "text": text},
    )


@router.get("/alerts/{alert_id}")
def alert_page(request: Request, desk: AtDesk, alert_id: str) -> Response:
    """An alert as it was told, with every attempt to deliver it."""
    with desk.store.reading() as session:
        [found] = alert_history.told(session, [_own(request, desk, watches.alert(session, alert_id))])
        attempts = {delivery.id: outbox.history(session, delivery.id) for delivery in found.deliveries}
    return page(request, "alert.html", found=found, attempts=attempts, masked=masked)


@router.post("/alerts/{alert_id}/deliveries/{delivery_id}/replay")
async def send_again(request: Request, desk: AtDesk, alert_id: str, delivery_id: int) -> Response:
    """A dead delivery of an alert is due again."""
    with desk.store.writing() as session:
        [found] = alert_history.told(session, [_own(request, desk, watches.alert(session, alert_id))])
        if delivery_id not in {delivery.id for delivery in found.deliveries}:
            raise HTTPException(404, "there is no such delivery")
        if not outbox.revive(session, delivery_id, now()):
            raise HTTPException(409, "that delivery is not dead: it waits, or has arrived")
    return RedirectResponse(f"/alerts/{alert_id}", 303)


def _watches(request: Request, desk: Desk) -> list[str] | None:
    """The watches whose alerts the reader may see; None for all."""
    sees = caller_of(request).sees
    if sees is None:
        return None
    with desk.store.reading() as session:
        return [watch.id for watch in watches.all_watches(session, sees)]


def _own(request: Request, desk: Desk, alert: Alert | None) -> Alert:
    own = _watches(request, desk)
    if alert is None or (own is not None and alert.watch_id not in own):
        raise HTTPException(404, "there is no such alert")
    return alert

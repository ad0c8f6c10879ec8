"""For who runs the product: how sources fare, what was corrected by hand, who holds a key, who changed what."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api.deps import AtDesk, now
from api.pages.showing import form_of, one, page
from api.routes.keys import KeyIn
from storage import corrections, events, keys, sources

router = APIRouter()

LOGGED = 100


@router.get("/sources")
def sources_page(request: Request, desk: AtDesk) -> Response:
    """How each source fares."""
    with desk.store.reading() as session:
        states = sources.all_states(session)
    counts = Counter(state.health for state in states).most_common()
    return page(request, "sources.html", states=states, counts=counts)


@router.get("/corrections")
def corrections_page(request: Request, desk: AtDesk, event: str = "") -> Response:
    """What people corrected, and how to correct an event: the command line does it, under its own name and reason."""
    with desk.store.reading() as session:
        found = corrections.recent(session, 100)
        chosen = events.get(session, event) if event else None
    if chosen is not None:
        found = [each for each in found if chosen.id in each.event_ids]
    return page(request, "corrections.html", corrections=found, event=chosen)


@router.get("/admin")
def admin_page(request: Request, desk: AtDesk) -> Response:
    """Keys, and the log of changes."""
    return _admin(request, desk)


@router.post("/admin/keys")
async def make_key(request: Request, desk: AtDesk) -> Response:
    """A new key, its secret shown this once."""
    form = await form_of(request)
    try:
        given = KeyIn.model_validate({name: one(form, name) for name in ("name", "owner", "scope")})
    except ValidationError as error:
        said = "; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors())
        return _admin(request, desk, wrong=said)
    with desk.store.writing() as session:
        _, secret = keys.make(session, given.name, given.owner, given.scope, now())
    return _admin(request, desk, secret=secret)


@router.post("/admin/keys/{key_id}/revoke")
async def revoke_key(desk: AtDesk, key_id: str) -> Response:
    """A key that opens nothing any more."""
    with desk.store.writing() as session:
        if not keys.revoke(session, key_id, now()):
            raise HTTPException(404, "there is no such key, or it was revoked")
    return RedirectResponse("/admin", 303)


def _admin(request: Request, desk: AtDesk, secret: str = "", wrong: str = "") -> Response:
    with desk.store.reading() as session:
        held, log = keys.all_keys(session), keys.deeds(session, LOGGED)
        notices = sources.notices(session)
    return page(
        request,
        "admin.html",
        status=422 if wrong else 200,
        keys=held,
        log=log,
        notices=notices,
        secret=secret,
        wrong=wrong,
    )

"""Whether the web side lives, and whether it can serve. Open to all: they tell nothing else."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.exc import DBAPIError

from api.deps import AtDesk
from storage import events

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
def ready(desk: AtDesk, response: Response) -> dict[str, str]:
    """The store answers too."""
    try:
        with desk.store.reading() as session:
            events.recent(session, 1)
    except DBAPIError:
        response.status_code = 503
        return {"status": "the store does not answer"}
    return {"status": "ready"}

"""Whether the web side lives, and whether it can serve. Open to all; what is wrong is told to holders of the key alone."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.deps import AtDesk, now
from api.routes import metrics
from storage.readiness import reasons_against

router = APIRouter(tags=["health"])
router.include_router(metrics.router)


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
def ready(desk: AtDesk, request: Request, response: Response) -> dict[str, str | list[str]]:
    """The store answers, is at this version and takes writes; collector and worker live; the disk has room. Else 503."""
    reasons = reasons_against(desk.store, now())
    if not reasons:
        return {"status": "ready"}
    response.status_code = 503
    kinds = sorted({_kind(reason) for reason in reasons})
    return {"status": "not ready", "reasons": reasons if desk.keys.caller(request) else kinds}


def _kind(reason: str) -> str:
    """A reason without names, paths and times."""
    for word in ("version", "silent", "free"):
        if word in reason:
            return {"version": "migrations behind", "silent": "a part is silent", "free": "disk nearly full"}[word]
    return "the store does not answer"

"""Sources, and how reading each goes."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import AtDesk
from storage import sources

router = APIRouter(tags=["sources"])


@router.get("/sources")
def list_sources(desk: AtDesk) -> list[sources.SourceState]:
    """Every source that was ever visited: its health, its last success and its last new item."""
    with desk.store.reading() as session:
        return [state.model_copy(update={"state": ""}) for state in sources.all_states(session)]

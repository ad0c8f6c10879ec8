"""Sources, and how reading each goes."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from api.deps import AtDesk, now
from storage import sources

router = APIRouter(tags=["sources"])


@router.get("/sources")
def list_sources(desk: AtDesk) -> list[sources.SourceState]:
    """Every source that was ever visited: its health, its last success and its last new item."""
    with desk.store.reading() as session:
        return [state.model_copy(update={"state": ""}) for state in sources.all_states(session)]


@router.post("/sources/{source_id}/collect", status_code=202)
def collect_now(desk: AtDesk, source_id: str) -> dict[str, str]:
    """Make a source due at once; the collector visits it within seconds."""
    with desk.store.writing() as session:
        if source_id not in {state.source_id for state in sources.all_states(session)}:
            raise HTTPException(404, f"no source called {source_id!r} was ever visited")
        sources.ask(session, source_id, now())
    return {"source_id": source_id, "status": "due"}

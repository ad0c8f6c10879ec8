"""Search: past events by words and filters, best first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import AtDesk
from pipeline.records import Event, Record
from storage import events
from storage import search as searching

router = APIRouter(tags=["search"])


class Found(Record):
    """Events that hold every word, best first."""

    events: tuple[Event, ...]


@router.get("/search")
def search(
    desk: AtDesk,
    q: str = "",
    company: str | None = None,
    product: str | None = None,
    modality: str | None = None,
    type: str | None = None,
    security: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Found:
    """Events by words in Chinese or English, and by tags."""
    asked = {"co": company, "pr": product, "mod": modality, "type": type, "st": security}
    tags = [searching.tag(prefix, value) for prefix, value in asked.items() if value]
    zoned = [at if at is None or at.tzinfo else at.replace(tzinfo=desk.zone) for at in (since, until)]
    with desk.store.reading() as session:
        hits = searching.find_text(session, q, tags=tags, kind="event", since=zoned[0], until=zoned[1], limit=limit)
        found = events.several(session, [hit.subject for hit in hits])
    return Found(events=tuple(found[hit.subject] for hit in hits if hit.subject in found))

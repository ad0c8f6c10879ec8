"""The digest of a period as the store stands, for a page or a download."""

from __future__ import annotations

from datetime import datetime, timedelta

from api.deps import Desk
from knowledge.schema import Lens
from pipeline import digest
from storage import events

MEMORY = timedelta(days=370)
"""How far back figures are compared, as in the scheduled issues."""


def digest_of(desk: Desk, period: digest.Period, lens: Lens, now: datetime) -> digest.Digest:
    """The events of a period, composed under a lens."""
    with desk.store.reading() as session:
        inside = events.between(session, period.start, period.end)
        earlier = events.between(session, period.start - MEMORY, period.start)
        ids = [event.id for event in inside]
        links, scores = events.links_of_all(session, ids), events.scores_of_all(session, ids, lens.id)
    ranked = [digest.Ranked(event=e, links=tuple(links[e.id]), score=scores[e.id]) for e in inside if e.id in scores]
    author = digest.AuthorBlock(name=desk.author) if desk.author else None
    return digest.compose(period, lens, ranked, earlier, desk.knowledge, now, author)

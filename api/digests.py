"""The digest of a period as the store stands, for a page or a download."""

from __future__ import annotations

from datetime import datetime, timedelta

from api.deps import Desk
from knowledge.schema import Lens
from pipeline import digest
from storage import digests, events

MEMORY = timedelta(days=370)
"""How far back figures are compared, as in the scheduled issues."""


SETTLED = frozenset({"reviewed", "locked"})
"""States in which an issue is shown as a person approved it."""


def digest_of(desk: Desk, period: digest.Period, lens: Lens, language: str, now: datetime) -> digest.Digest:
    """The issue of a period under a lens: as approved once it is, before that composed anew with people's edits."""
    with desk.store.reading() as session:
        kept = digests.find(session, period.label, lens.id, language)
        old = digest.Digest.model_validate_json(kept.body) if kept else None
        if kept is not None and old is not None and kept.state in SETTLED:
            return old
        issues = [one for one in digests.recent(session) if one.lens == lens.id and one.week < period.label]
        inside = events.between(session, period.start, period.end)
        earlier = events.between(session, period.start - MEMORY, period.start)
        ids = [event.id for event in inside]
        links, scores = events.links_of_all(session, ids), events.scores_of_all(session, ids, lens.id)
    ranked = [digest.Ranked(event=e, links=tuple(links[e.id]), score=scores[e.id]) for e in inside if e.id in scores]
    author = digest.AuthorBlock(name=desk.author) if desk.author else None
    previous = [digest.Digest.model_validate_json(one.body) for one in issues]
    return digest.carried(digest.compose(period, lens, ranked, earlier, desk.knowledge, now, author, previous), old)

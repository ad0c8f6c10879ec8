"""Writing digests: the stored events of a period, composed and kept as a draft."""

from __future__ import annotations

from datetime import datetime, timedelta

from knowledge.schema import Lens
from pipeline import digest
from pipeline.records import Event, Link, Score
from storage import digests, events, queue
from worker.desk import Desk
from worker.schedule import weekly_slot

MEMORY = timedelta(days=370)
"""How far back figures are compared: a year, as an analyst reckons "the longest so far"."""

SCHEDULED = "weekly digest"


def write(
    desk: Desk, period: digest.Period, lens: Lens, now: datetime, author: digest.AuthorBlock | None = None
) -> digest.Digest:
    """The digest of a period under a lens, from the store as it stands."""
    with desk.store.reading() as session:
        inside = events.between(session, period.start, period.end)
        earlier = events.between(session, period.start - MEMORY, period.start)
        ids = [event.id for event in inside]
        links, scores = events.links_of_all(session, ids), events.scores_of_all(session, ids, lens.id)
        issues = [kept for kept in digests.recent(session) if kept.lens == lens.id and kept.week < period.label]
    ranked = [_ranked(event, links, scores) for event in inside if event.id in scores]
    previous = [digest.Digest.model_validate_json(kept.body) for kept in issues]
    return digest.compose(period, lens, ranked, earlier, desk.lexicon.knowledge, now, author, previous)


def _ranked(event: Event, links: dict[str, list[Link]], scores: dict[str, Score]) -> digest.Ranked:
    return digest.Ranked(event=event, links=tuple(links[event.id]), score=scores[event.id])


def keep(desk: Desk, made: digest.Digest, language: str, by: str, now: datetime) -> digests.SavedDigest:
    """The digest kept as a draft. Raises DigestLocked where the week's issue went out already."""
    with desk.store.writing() as session:
        return digests.save(session, made.period.label, made.lens, language, "draft", made.model_dump_json(), by, now)


def write_due(desk: Desk, now: datetime) -> list[digests.SavedDigest]:
    """Last week's digests, once each Monday morning, whoever asks and however often."""
    slot = weekly_slot(now, desk.zone)
    with desk.store.writing() as session:
        if queue.last_slot(session, SCHEDULED) == slot or not queue.slot(session, SCHEDULED, slot):
            return []
    week = digest.Week.of(slot.astimezone(desk.zone).date() - timedelta(days=7), str(desk.zone))
    made = [write(desk, week, lens, now) for lens in desk.lenses]
    return [keep(desk, one, language, "launchwatch", now) for one in made for language in ("zh", "en")]

"""The digest of a period as the store stands, for a page or a download."""

from __future__ import annotations

from datetime import datetime

from api.deps import Desk
from knowledge.schema import Lens
from pipeline import digest
from pipeline.score import lens_stamp, standing
from storage import digests


def file_of(desk: Desk, period: digest.Period, lens: Lens, language: str, format: str, now: datetime) -> str | bytes:
    """The issue as a file: once locked the very one that was sent, before that as it stands now."""
    if format not in digest.FORMATS:
        raise digest.UnknownFormat(format, digest.FORMATS)
    with desk.store.reading() as session:
        sent = digests.frozen(session, period.label, lens.id, language, format)
    return sent if sent is not None else digest.render(digest_of(desk, period, lens, language, now), format, language)


def digest_of(desk: Desk, period: digest.Period, lens: Lens, language: str, now: datetime) -> digest.Digest:
    """The issue of a period under a lens: as approved once it is, before that composed anew with people's edits."""
    with desk.store.reading() as session:
        kept = digests.find(session, period.label, lens.id, language)
        old = digest.Digest.model_validate_json(kept.body) if kept else None
        if kept is not None and old is not None and kept.is_settled:
            return old
        found = digests.material(session, period.start, period.end, lens.id, period.label)
    stamp = lens_stamp(lens)
    ranked = [
        digest.Ranked(
            event=e, links=links, score=standing(found.scores.get(e.id), e, links, lens, desk.knowledge, stamp)
        )
        for e in found.inside
        for links in (found.links[e.id],)
    ]
    author = digest.AuthorBlock(name=desk.author) if desk.author else None
    previous = [digest.Digest.model_validate_json(one.body) for one in found.issues]
    return digest.carried(
        digest.compose(period, lens, ranked, found.earlier, desk.knowledge, now, author, previous), old
    )

"""Digests from the store: written, edited, reviewed and locked by people, and written by themselves when their slot comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from knowledge.schema import Lens
from pipeline import digest
from pipeline.records import Alert, Reason
from pipeline.score import lens_stamp, standing
from storage import digests, outbox, queue
from worker.advice import smoothed
from worker.desk import Desk
from worker.prices import Quotes
from worker.schedule import latest_slot

SCHEDULED = {"day": "daily digest", "week": "weekly digest", "month": "monthly digest"}
"""Each kind's name among the slots."""

SLOT = "digest"
"""The kind of work that a slot is, from the moment that somebody took it until its drafts are kept and told of."""

LEASE = timedelta(minutes=10)
"""How long a slot is its writer's: a model may be asked to smooth every draft."""

LANGUAGES: tuple[digest.Language, ...] = ("zh", "en")


BINARY = frozenset({"docx", "pdf"})


class NotReviewed(Exception):
    """An issue was to be locked that nobody has reviewed."""

    def __init__(self, label: str, state: str) -> None:
        super().__init__(f"the issue of {label} is {state}: `launchwatch digest review` it before it is locked")


class StillOpen(Exception):
    """An issue was to be reviewed whose edits no longer fit the facts."""

    def __init__(self, label: str, places: list[str]) -> None:
        super().__init__(
            f"the facts of {label} changed under {len(places)} edited sentences ({', '.join(places[:5])}): "
            "`launchwatch digest edit` shows them; decide each before the review"
        )


def write(
    desk: Desk,
    period: digest.Period,
    lens: Lens,
    now: datetime,
    author: digest.AuthorBlock | None = None,
    quotes: Quotes | None = None,
    known_by: datetime | None = None,
) -> digest.Digest:
    """The digest of a period under a lens, from the store as it stands, or stood at a time, with prices where there are any."""
    with desk.store.reading() as session:
        found = digests.material(session, period.start, period.end, lens.id, period.label, known_by)
    knowledge, stamp = desk.lexicon.knowledge, lens_stamp(lens)
    ranked = [
        digest.Ranked(event=e, links=links, score=standing(found.scores.get(e.id), e, links, lens, knowledge, stamp))
        for e in found.inside
        for links in (found.links[e.id],)
    ]
    previous = [digest.Digest.model_validate_json(kept.body) for kept in found.issues]
    prices = quotes.over(period, (link.security_id for one in ranked for link in one.links)) if quotes else None
    return digest.compose(period, lens, ranked, found.earlier, knowledge, now, author, previous, prices)


def issue(
    desk: Desk,
    period: digest.Period,
    lens: Lens,
    language: digest.Language,
    now: datetime,
    author: digest.AuthorBlock | None = None,
    quotes: Quotes | None = None,
) -> digest.Digest:
    """The issue as it stands: once reviewed or locked, the very one that was; before that, today's draft with people's edits."""
    kept = stored(desk, period, lens, language)
    old = _read(kept)
    if kept is not None and old is not None and kept.is_settled:
        return old
    return digest.carried(smoothed(desk, write(desk, period, lens, now, author, quotes), old), old)


def stored(desk: Desk, period: digest.Period, lens: Lens, language: str) -> digests.SavedDigest | None:
    """What the store keeps of an issue, with its state and history."""
    with desk.store.reading() as session:
        return digests.find(session, period.label, lens.id, language)


def _read(kept: digests.SavedDigest | None) -> digest.Digest | None:
    return digest.Digest.model_validate_json(kept.body) if kept else None


def keep(desk: Desk, made: digest.Digest, language: str, by: str, now: datetime) -> digests.SavedDigest:
    """The digest kept as a draft, or as edited where people changed it. Raises DigestLocked where the issue went out already."""
    with desk.store.reading() as session:
        kept = digests.find(session, made.period.label, made.lens, language)
    if kept is not None and kept.state == "reviewed" and kept.body == made.model_dump_json():
        return kept
    return _save(desk, made, language, "edited" if made.edits else "draft", by, now)


def edit(
    desk: Desk, made: digest.Digest, words: Mapping[str, str], language: digest.Language, by: str, now: datetime
) -> digest.Digest:
    """An issue with a person's words, kept. Raises EditInvalid and DigestLocked; then nothing is kept."""
    with desk.store.reading() as session:
        kept = digests.find(session, made.period.label, made.lens, language)
    if kept is not None and kept.state == "locked":
        raise digests.DigestLocked(kept.id)
    changed = digest.with_edits(made, words, language, by, now)
    if changed != made:
        _save(desk, changed, language, "edited", by, now)
    return changed


def review(desk: Desk, made: digest.Digest, language: str, by: str, now: datetime) -> digests.SavedDigest:
    """The issue as a person read and approved it: kept as it is from here on. Raises StillOpen and DigestLocked."""
    moved = digest.conflicts(made)
    if moved:
        raise StillOpen(made.period.label, [conflict.place for conflict in moved])
    return _save(desk, made, language, "reviewed", by, now)


def lock(desk: Desk, period: digest.Period, lens: Lens, language: str, by: str, now: datetime) -> digests.SavedDigest:
    """The reviewed issue closed for good with its inputs, its knowledge version and its files in every format.

    Raises NotReviewed, DigestLocked, and FontsMissing where Word and PDF cannot be made; then it stays reviewed.
    """
    kept = stored(desk, period, lens, language)
    made = _read(kept)
    if kept is None or made is None or not kept.is_settled:
        raise NotReviewed(period.label, kept.state if kept else "not kept")
    files = {name: as_bytes(digest.render(made, name, language)) for name in digest.FORMATS}
    with desk.store.writing() as session:
        locked = digests.save(
            session, made.period.label, made.lens, language, "locked", made.model_dump_json(), by, now
        )
        digests.freeze(session, locked.id, files)
    return locked


def as_bytes(content: str | bytes) -> bytes:
    """A rendered file as it is sent."""
    return content.encode() if isinstance(content, str) else content


def frozen(desk: Desk, period: digest.Period, lens: Lens, language: digest.Language, format: str) -> str | bytes | None:
    """A locked issue's file as it was when it was locked, whatever this version would write; None before that."""
    with desk.store.reading() as session:
        content = digests.frozen(session, period.label, lens.id, language, format)
    return content if content is None or format in BINARY else content.decode()


def _save(
    desk: Desk, made: digest.Digest, language: str, state: digests.DigestState, by: str, now: datetime
) -> digests.SavedDigest:
    with desk.store.writing() as session:
        return digests.save(session, made.period.label, made.lens, language, state, made.model_dump_json(), by, now)


# ---- on schedule ----------------------------------------------------------------------------------------------------


def write_due(
    desk: Desk,
    now: datetime,
    periods: Collection[str] = ("week",),
    destinations: Sequence[str] = (),
    lens_told: str = "media",
) -> list[digests.SavedDigest]:
    """The digests whose slot has come, once each, whoever asks and however often; each destination hears of one lens's.

    What a person has reviewed or locked stays as it is.
    """
    for kind in periods:
        slot = latest_slot(kind, now, desk.zone)
        with desk.store.writing() as session:
            if queue.last_slot(session, SCHEDULED[kind]) != slot and queue.slot(session, SCHEDULED[kind], slot):
                queue.push(session, SLOT, f"{kind} {slot.isoformat()}", now)
    made: list[digests.SavedDigest] = []
    while work := _claimed(desk, now):
        made += _write_slot(desk, work, now, destinations, lens_told)
    return made


def _claimed(desk: Desk, now: datetime) -> queue.Work | None:
    with desk.store.writing() as session:
        return next(iter(queue.claim(session, [SLOT], now, LEASE, silent=queue.SILENT)), None)


def _write_slot(
    desk: Desk, work: queue.Work, now: datetime, destinations: Sequence[str], lens_told: str
) -> list[digests.SavedDigest]:
    """The drafts of a slot, and word of them; written once more where a writer was killed over them."""
    kind, _, slot = work.subject.partition(" ")
    period = period_before(kind, datetime.fromisoformat(slot).astimezone(desk.zone).date(), str(desk.zone))
    made: list[digests.SavedDigest] = []
    for lens in desk.lenses:
        draft = smoothed(desk, write(desk, period, lens, now))
        made += [one for language in LANGUAGES if (one := _keep_open(desk, draft, lens, language, now))]
    told = [one.id for one in made if one.lens == lens_told and one.language == "zh"]
    with desk.store.writing() as session:
        for digest_id in told:
            for destination in destinations:
                outbox.push_one(session, "digest", digest_id, destination, now)
        queue.done(session, work, now)
    return made


def announcement(kept: digests.SavedDigest, public_url: str) -> Alert:
    """The short message that an issue is written: its headline in both languages, and where to read it."""
    made = digest.edited(digest.Digest.model_validate_json(kept.body))
    kind, label = made.cover.kind, made.period.label
    if public_url:
        zh = en = f"{public_url}/digests/{label}?lens={kept.lens}"
    else:
        command = f"launchwatch digest --week {label} --lens {kept.lens}"
        zh, en = f"查看：{command}", f"Read it: {command} --lang en"
    lines = [made.headline.en, *dict.fromkeys((zh, en))]
    return Alert(
        id=f"digest-{kept.id}",
        watch_id="digest",
        event_id="",
        made_at=made.made_at,
        title=f"{kind.zh} {label}：{made.headline.zh}",
        body="\n".join(lines),
        why=Reason(
            zh=f"{kind.zh}已成稿，待署名人员复核。", en=f"The {kind.en.lower()} is drafted and waits for review."
        ),
    )


def _keep_open(
    desk: Desk, draft: digest.Digest, lens: Lens, language: digest.Language, now: datetime
) -> digests.SavedDigest | None:
    kept = stored(desk, draft.period, lens, language)
    if kept is not None and kept.is_settled:
        return None
    return keep(desk, digest.carried(draft, _read(kept)), language, "launchwatch", now)


def period_before(kind: str, day: date, zone: str) -> digest.Period:
    """The day, week or month that ended before a day."""
    last = day - timedelta(days=1)
    if kind == "day":
        return digest.Day.parse(last.isoformat(), zone)
    if kind == "month":
        return digest.Month.parse(f"{day.replace(day=1) - timedelta(days=1):%Y-%m}", zone)
    return digest.Week.of(day, zone).previous()

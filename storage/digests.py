"""Digests that people work on: draft, edited, reviewed, then locked for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from pydantic import AwareDatetime, TypeAdapter
from sqlalchemy import RowMapping, insert, select
from sqlalchemy.orm import Session

from pipeline.records import Event, Link, Record, Score
from storage import events, tables
from storage.engine import alone, upsert

DigestState = Literal["draft", "edited", "reviewed", "locked"]

_digests = tables.table(tables.DigestRow)


class Step(Record):
    """Who brought a digest to a state, and when."""

    state: DigestState
    by: str
    at: AwareDatetime


class SavedDigest(Record):
    """A week's digest as it stands. `body` is the digest's JSON."""

    id: str
    week: str
    lens: str
    language: str
    state: DigestState
    body: str
    history: tuple[Step, ...]

    @property
    def is_settled(self) -> bool:
        """Whether it is what a person approved, and is not written anew."""
        return self.state in ("reviewed", "locked")


class Material(Record):
    """What the digest of a period is made of: its events, those before it, and the earlier issues."""

    inside: tuple[Event, ...]
    earlier: tuple[Event, ...]
    links: dict[str, tuple[Link, ...]]
    scores: dict[str, Score]
    """Under the lens asked for; an event that was not scored under it has none."""
    issues: tuple[SavedDigest, ...]


class DigestLocked(Exception):
    """A locked digest was to be changed."""

    def __init__(self, digest_id: str) -> None:
        super().__init__(f"the digest {digest_id} is locked: it went out as it is")
        self.digest_id = digest_id


class FileSpoilt(Exception):
    """A locked digest's file is not what was locked."""

    def __init__(self, digest_id: str, format: str) -> None:
        super().__init__(
            f"the {format} file of the locked digest {digest_id} does not have the hash it was locked with"
        )


_files = tables.table(tables.DigestFileRow)
_history = TypeAdapter(tuple[Step, ...])

MEMORY = timedelta(days=370)
"""How far back figures are compared: a year, as an analyst reckons "the longest so far"."""


def material(
    session: Session, start: datetime, end: datetime, lens: str, label: str, known_by: datetime | None = None
) -> Material:
    """What the digest of a time is made of; `label` is its period's, and earlier issues are those before it.

    With `known_by` only what was here by then: events, their reports, links and issues. Scores are then made anew.
    """
    inside = events.between(session, start, end)
    earlier = events.between(session, start - MEMORY, start)
    issues = [kept for kept in recent(session) if kept.lens == lens and kept.week < label]
    if known_by is None:
        ids = [event.id for event in inside]
        links = {event_id: tuple(found) for event_id, found in events.links_of_all(session, ids).items()}
        scores = events.scores_of_all(session, ids, lens)
    else:
        inside, earlier = (_as_known(found, known_by) for found in (inside, earlier))
        known = events.known_links(session, [event.id for event in inside], known_by)
        links = {event_id: tuple(one.link for one in found) for event_id, found in known.items()}
        scores = {}
        issues = [kept for kept in issues if kept.history[-1].at <= known_by]
    return Material(inside=tuple(inside), earlier=tuple(earlier), links=links, scores=scores, issues=tuple(issues))


def _as_known(found: Sequence[Event], by: datetime) -> list[Event]:
    return [events.as_known(event, by) for event in found if event.first_seen_at <= by]


def save(
    session: Session, week: str, lens: str, language: str, state: DigestState, body: str, by: str, now: datetime
) -> SavedDigest:
    """A digest brought to a state by a person, or by the tool as a draft. Raises DigestLocked for a locked one."""
    alone(session, "digests")
    old = find(session, week, lens, language)
    if old is not None and old.state == "locked":
        raise DigestLocked(old.id)
    steps = (*(old.history if old else ()), Step(state=state, by=tables.safe(by), at=now))
    digest_id = f"{week}-{lens}-{language}"
    row = {"id": digest_id, "week": week, "lens": lens, "language": language}
    row |= {"state": state, "body": body, "history": _history.dump_json(steps).decode()}
    upsert(session, _digests, ("id",), row)
    return SavedDigest(
        id=digest_id, week=week, lens=lens, language=language, state=state, body=tables.safe(body), history=steps
    )


def freeze(session: Session, digest_id: str, files: Mapping[str, bytes]) -> None:
    """The files of a locked digest by format, kept beside it."""
    rows = [
        {"digest_id": digest_id, "format": name, "content": content, "sha256": sha256(content).hexdigest()}
        for name, content in files.items()
    ]
    session.execute(insert(_files), rows)


def frozen(session: Session, week: str, lens: str, language: str, format: str) -> bytes | None:
    """A locked digest's file as it was sent; None where the digest is not locked. Raises FileSpoilt."""
    query = (
        select(_files)
        .join(_digests, _digests.c.id == _files.c.digest_id)
        .where(_digests.c.week == week, _digests.c.lens == lens, _digests.c.language == language)
        .where(_digests.c.state == "locked", _files.c.format == format)
    )
    row = session.execute(query).mappings().first()
    if row is None:
        return None
    if sha256(row["content"]).hexdigest() != row["sha256"]:
        raise FileSpoilt(row["digest_id"], format)
    return bytes(row["content"])


def find(session: Session, week: str, lens: str, language: str) -> SavedDigest | None:
    """The saved digest of a week under a lens in a language."""
    query = select(_digests).where(_digests.c.week == week, _digests.c.lens == lens, _digests.c.language == language)
    row = session.execute(query).mappings().first()
    return None if row is None else _as_digest(row)


def get(session: Session, digest_id: str) -> SavedDigest | None:
    """A saved digest by its id."""
    row = session.execute(select(_digests).where(_digests.c.id == digest_id)).mappings().first()
    return None if row is None else _as_digest(row)


def recent(session: Session, limit: int = 50) -> list[SavedDigest]:
    """Saved digests, the latest weeks first."""
    query = select(_digests).order_by(_digests.c.week.desc(), _digests.c.lens, _digests.c.language).limit(limit)
    return [_as_digest(row) for row in session.execute(query).mappings()]


def _as_digest(row: RowMapping) -> SavedDigest:
    named = {name: row[name] for name in SavedDigest.model_fields if name != "history"}
    return SavedDigest(**named, history=_history.validate_json(row["history"]))

"""Feeds that readers were given: each has a token in its address, which opens it alone."""

from __future__ import annotations

import secrets as random
from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import Field
from sqlalchemy import and_, delete, select, update
from sqlalchemy.orm import Session

from pipeline.records import Event, Record
from storage import secrets, tables
from storage.engine import insert

FeedKind = Literal["all", "company", "product", "security", "theme", "lens", "watch"]
KINDS: tuple[FeedKind, ...] = get_args(FeedKind)

_feeds = tables.table(tables.FeedRow)


class FeedAsked(Record):
    """What a feed is about: events of a kind and subject, titled in a language."""

    token: str = Field(repr=False)
    kind: FeedKind
    subject: str
    language: Literal["zh", "en"]
    told_at: datetime


def give(session: Session, kind: FeedKind, subject: str, language: str, now: datetime) -> FeedAsked:
    """The feed of a subject, made when nobody was given it before."""
    same = and_(_feeds.c.kind == kind, _feeds.c.subject == subject, _feeds.c.language == language)
    token = random.token_urlsafe(24)
    kept = {"mark": _mark(session, token), "token": secrets.of(session).seal(session, token)}
    row = {"kind": kind, "subject": subject, "language": language, "made_at": now, "told_at": now, **kept}
    session.execute(
        insert(session, _feeds).values(row).on_conflict_do_nothing(index_elements=["kind", "subject", "language"])
    )
    return _asked(session, session.execute(select(_feeds).where(same)).one())


def opened_by(session: Session, token: str) -> FeedAsked | None:
    """The feed that a token opens."""
    row = session.execute(select(_feeds).where(_feeds.c.mark == _mark(session, token))).first()
    return _asked(session, row) if row else None


def given(session: Session) -> list[FeedAsked]:
    """Every feed that somebody was given, the oldest first."""
    rows = session.execute(select(_feeds).order_by(_feeds.c.made_at, _feeds.c.mark))
    return [_asked(session, row) for row in rows]


def withdraw(session: Session, token: str) -> bool:
    """A feed that its address no longer opens; False when none was there."""
    gone = delete(_feeds).where(_feeds.c.mark == _mark(session, token)).returning(_feeds.c.mark)
    return session.execute(gone).first() is not None


def told(session: Session, tokens: list[str], now: datetime) -> None:
    """A hub has been told of feeds."""
    marks = [_mark(session, token) for token in tokens]
    session.execute(update(_feeds).where(_feeds.c.mark.in_(marks)).values(told_at=now))


def is_in(feed: FeedAsked, event: Event, linked: list[str]) -> bool:
    """Whether an event may be in a feed; for feeds that rules pick out, that anything at all has changed."""
    subjects = {
        "company": [company.id for company in event.companies],
        "product": [name for product in event.products for name in (product.id, product.family, product.name) if name],
        "security": [*linked, *(security.id for security in event.securities)],
    }
    return feed.kind not in subjects or feed.subject in subjects[feed.kind]


def _mark(session: Session, token: str) -> str:
    return secrets.of(session).mark(session, token).hex()


def _asked(session: Session, row: Any) -> FeedAsked:
    kept = {name: getattr(row, name) for name in FeedAsked.model_fields}
    return FeedAsked.model_validate(kept | {"token": secrets.of(session).unseal(session, row.token)})

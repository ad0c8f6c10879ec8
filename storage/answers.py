"""What requests with an Idempotency-Key were answered, kept for a day, so that one that is sent again changes nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import Session

from storage import secrets, tables
from storage.engine import insert

KEPT = timedelta(hours=24)
GIVEN_UP = timedelta(minutes=5)
"""After this time a request that was never answered may be made again: its process is gone."""

_answers = tables.table(tables.AnswerRow)


class Answered(NamedTuple):
    """What a key was used for, and what it was answered; without a status while it is being answered."""

    asked: str
    status: int | None
    media_type: str
    body: bytes


def claim(session: Session, key_id: str, idempotency_key: str, asked: str, now: datetime) -> Answered | None:
    """None when the request is to be answered now; else what the key was used for. What is a day old is forgotten."""
    session.execute(delete(_answers).where(_answers.c.made_at < now - KEPT))
    ours = _is(key_id, idempotency_key)
    abandoned = and_(ours, _answers.c.status.is_(None), _answers.c.made_at < now - GIVEN_UP)
    session.execute(delete(_answers).where(abandoned))
    row = {"key_id": key_id, "idempotency_key": idempotency_key, "asked": asked, "made_at": now}
    empty = {"status": None, "media_type": "", "body": b""}
    taken = insert(session, _answers).values(row | empty).on_conflict_do_nothing().returning(_answers.c.key_id)
    if session.execute(taken).first():
        return None
    found = session.execute(select(_answers).where(ours)).one()
    body = secrets.of(session).unseal(session, found.body.decode("latin-1")).encode("latin-1")
    return Answered(found.asked, found.status, found.media_type, body)


def keep(session: Session, key_id: str, idempotency_key: str, status: int, media_type: str, body: bytes) -> None:
    """What a claimed request was answered. Sealed: among the answers are keys."""
    kept = secrets.of(session).seal(session, body.decode("latin-1")).encode("latin-1")
    values = {"status": status, "media_type": media_type, "body": kept}
    session.execute(update(_answers).where(_is(key_id, idempotency_key)).values(values))


def withdraw(session: Session, key_id: str, idempotency_key: str) -> None:
    """A claimed request that failed and may be made again."""
    session.execute(delete(_answers).where(_is(key_id, idempotency_key)))


def _is(key_id: str, idempotency_key: str) -> ColumnElement[bool]:
    return and_(_answers.c.key_id == key_id, _answers.c.idempotency_key == idempotency_key)

"""Keys of the API: who may come in and how far, kept as hashes; and the log of who changed what."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from pipeline.records import Record
from storage import tables

Scope = Literal["read", "write", "admin"]

PREFIX = "lw_"

_keys = tables.table(tables.KeyRow)
_audit = tables.table(tables.AuditRow)


class Key(Record):
    """A key as it may be shown: its secret is known to its holder alone."""

    id: str
    name: str
    owner: str
    """Whose watches it sees, unless its scope is admin."""
    scope: Scope
    made_at: datetime
    revoked_at: datetime | None = None


class Deed(Record):
    """A change that somebody made over the API or a page."""

    at: datetime
    key_id: str
    owner: str
    did: str
    """`POST /v1/watches`."""
    status: int


def digest_of(secret: str) -> str:
    """What is kept of a secret. Secrets are 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make(session: Session, name: str, owner: str, scope: Scope, now: datetime) -> tuple[Key, str]:
    """A new key and its secret, which nobody can read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    key = Key(id=secrets.token_hex(4), name=name, owner=owner, scope=scope, made_at=now)
    session.execute(insert(_keys).values(key.model_dump() | {"digest": digest_of(secret)}))
    return key, secret


def find(session: Session, digest: str) -> Key | None:
    """The key of a secret's digest, unless it was revoked."""
    row = session.execute(select(_keys).where(_keys.c.digest == digest, _keys.c.revoked_at.is_(None))).first()
    return _key(row) if row else None


def all_keys(session: Session) -> list[Key]:
    """Every key that was ever made, the oldest first."""
    return [_key(row) for row in session.execute(select(_keys).order_by(_keys.c.made_at, _keys.c.id))]


def revoke(session: Session, key_id: str, now: datetime) -> bool:
    """A key that opens nothing any more; False when no such key was open."""
    statement = update(_keys).where(_keys.c.id == key_id, _keys.c.revoked_at.is_(None)).values(revoked_at=now)
    return session.execute(statement.returning(_keys.c.id)).first() is not None


def write_down(session: Session, deed: Deed) -> None:
    """A change, in the log."""
    session.execute(insert(_audit).values(deed.model_dump()))


def deeds(session: Session, limit: int = 100) -> Sequence[Deed]:
    """The newest changes, the newest first."""
    rows = session.execute(select(_audit).order_by(_audit.c.id.desc()).limit(limit))
    return [Deed(at=r.at, key_id=r.key_id, owner=r.owner, did=r.did, status=r.status) for r in rows]


def _key(row: object) -> Key:
    return Key.model_validate({name: getattr(row, name) for name in Key.model_fields})

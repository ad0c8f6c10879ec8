"""Hashes of finished documents: URL, words and near-duplicate bands, under which what is like a new one is found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import TextualSelect, delete, select, text
from sqlalchemy.orm import Session

from pipeline.records import Document, Fingerprint
from storage import tables

PER_HASH = 20
"""Newest documents looked at under one hash."""

_likenesses = tables.table(tables.LikenessRow)
_AT_ONCE = 500


class Mark(NamedTuple):
    """A document under one of its hashes."""

    hash: bytes
    filed_at: datetime
    document_id: str


@lru_cache(maxsize=512)
def hashes(fingerprint: Fingerprint) -> tuple[bytes, ...]:
    """Under which a finished document is found again."""
    named = [("url", fingerprint.url), ("text", fingerprint.text), *(("band", band) for band in fingerprint.bands)]
    return tuple(dict.fromkeys(hash_of(name, value) for name, value in named if value))


def hash_of(*parts: str) -> bytes:
    """32 bytes for some words in order."""
    return sha256("\x00".join(tables.safe(part) for part in parts).encode()).digest()


def marks(document: Document, fingerprint: Fingerprint) -> list[Mark]:
    """A document under each of its hashes."""
    return [Mark(key, document.when, document.id) for key in hashes(fingerprint)]


def known(session: Session, wanted: Iterable[bytes]) -> set[bytes]:
    """Which of the hashes any finished document has."""
    asked, found = list(set(wanted)), set()
    for start in range(0, len(asked), _AT_ONCE):
        query = select(_likenesses.c.hash).where(_likenesses.c.hash.in_(asked[start : start + _AT_ONCE])).distinct()
        found |= set(session.execute(query).scalars())
    return found


def under(session: Session, wanted: Sequence[bytes]) -> list[Mark]:
    """The newest documents under each of the hashes."""
    if not wanted:
        return []
    asked = session.execute(_newest_under(len(wanted)), {f"hash{n}": key for n, key in enumerate(wanted)})
    return [Mark(row.hash, row.filed_at, row.document_id) for row in asked]


def newest(found: Iterable[Mark], limit: int) -> list[str]:
    """The newest documents of those found, looking at PER_HASH of each hash."""
    latest_first = sorted(found, key=lambda mark: (mark.filed_at, mark.document_id), reverse=True)
    seen: dict[bytes, int] = {}
    ids: dict[str, None] = {}
    for mark in latest_first:
        seen[mark.hash] = seen.get(mark.hash, 0) + 1
        if seen[mark.hash] <= PER_HASH:
            ids[mark.document_id] = None
    return list(ids)[:limit]


def replace(session: Session, document_ids: Sequence[str], by: Sequence[Mark]) -> None:
    """The marks of documents, in place of those that they had."""
    session.execute(delete(_likenesses).where(_likenesses.c.document_id.in_(document_ids)))
    if by:
        session.execute(_likenesses.insert(), [mark._asdict() for mark in by])


@cache
def _newest_under(count: int) -> TextualSelect:
    """As many index walks as hashes, in one statement written once."""
    newest = f"ORDER BY filed_at DESC, document_id DESC LIMIT {PER_HASH}"
    walk = f"SELECT * FROM (SELECT hash, document_id, filed_at FROM likenesses WHERE hash = :hash{{}} {newest}) AS walk{{}}"  # noqa: S608
    asked = text(" UNION ALL ".join(walk.format(n, n) for n in range(count)))
    columns = _likenesses.c
    return asked.columns(columns.hash, columns.document_id, columns.filed_at)

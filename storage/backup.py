"""Keeping a store safe: a copy taken while it is in use, and a look at whether it is whole."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from storage import tables
from storage.engine import Store, StoreError, is_postgres

_PAGES = 512
"""Pages copied at a time: writers come in between."""


class BackupImpossible(StoreError):
    """A copy cannot be taken here."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no backup was made: {reason}")
        self.reason = reason


def backup(store: Store, to: Path) -> None:
    """A copy of a SQLite store as of one moment, taken while others read and write. Raises BackupImpossible."""
    if not store.is_sqlite:
        raise BackupImpossible("back PostgreSQL up with pg_dump")
    if to.exists():
        raise BackupImpossible(f"{to} is there already")
    unfinished = to.with_name(f"{to.name}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(store.url.database or "")) as source, closing(sqlite3.connect(unfinished)) as copy:
            source.backup(copy, pages=_PAGES)
            copy.execute("PRAGMA journal_mode=DELETE")
        _sync(unfinished)
        unfinished.rename(to)
        _sync(to.parent)
    except (OSError, sqlite3.Error) as error:
        unfinished.unlink(missing_ok=True)
        raise BackupImpossible(str(error)) from error


def faults(store: Store) -> list[str]:
    """What is broken in a store, a line each; nothing when it is whole. Reads all of it: minutes on a large one."""
    found: list[str] = []
    if store.is_sqlite:
        with store.reading() as session:
            found += [line for line in session.execute(text("PRAGMA integrity_check")).scalars() if line != "ok"]
            broken = session.execute(text("PRAGMA foreign_key_check")).all()
            found += [f"{row[0]} refers to a row of {row[2]} that is not there" for row in broken]
        found += _index_faults(store)
    return found + _promises_broken(store)


def counts(store: Store) -> dict[str, int]:
    """How many rows each table has: what a copy or a move to another store must show as well."""
    with store.reading() as session:
        names = [table for table in tables.metadata.sorted_tables if table.name != "alembic_version"]
        return {table.name: session.execute(select(func.count()).select_from(table)).scalar_one() for table in names}


def _index_faults(store: Store) -> list[str]:
    """FTS5 checks itself by a write, which is undone."""
    with store.writing() as session:
        nested = session.begin_nested()
        try:
            session.execute(text("INSERT INTO search_words (search_words) VALUES ('integrity-check')"))
        except DBAPIError as error:
            return [f"the search index: {error.orig}"]
        finally:
            nested.rollback()
    return []


_PROMISES = {
    "a pending document has no work": """
        SELECT count(*) FROM documents d WHERE d.state = 'pending'
        AND NOT EXISTS (SELECT 1 FROM work w WHERE w.kind = 'document' AND w.subject = d.id)""",
    "a document has no entry to read again": """
        SELECT count(*) FROM documents d WHERE NOT EXISTS (SELECT 1 FROM raw_documents r WHERE r.document_id = d.id)""",
    "a document is in an event that is not there": """
        SELECT count(*) FROM documents d WHERE d.event_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = d.event_id)""",
    "a delivery brings an alert that is not there": """
        SELECT count(*) FROM deliveries d WHERE d.kind = 'alert'
        AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.id = d.alert_id)""",
    "an event can be found that is not there": """
        SELECT count(*) FROM search_rows s WHERE s.kind = 'event'
        AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = s.subject)""",
}


def _promises_broken(store: Store) -> list[str]:
    """What the tables say together, and no constraint of one holds."""
    with store.reading() as session:
        if is_postgres(session):
            session.execute(text("SET LOCAL statement_timeout = '10min'"))
        broken = {promise: session.execute(text(query)).scalar_one() for promise, query in _PROMISES.items()}
    return [f"{promise} ({count} times)" for promise, count in broken.items() if count]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Keeping a store safe: a copy taken while it is in use, brought back, tried out; and a look at whether a store is whole."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from storage import tables
from storage.engine import Store, StoreError, is_postgres, open_store
from storage.move import Advance, Content, move

_PAGES = 512
"""Pages copied at a time: writers come in between."""


class BackupImpossible(StoreError):
    """A copy cannot be taken here."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no backup was made: {reason}")
        self.reason = reason


def backup(store: Store, to: Path, advance: Advance = lambda _what, _rows: None) -> None:
    """A copy of a store as of one moment, one SQLite file whichever the store is, taken while others read and write.

    Raises BackupImpossible; a file that is there is never replaced, and one that appears is whole.
    """
    if to.exists():
        raise BackupImpossible(f"{to} is there already")
    unfinished = to.with_name(f"{to.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
        if store.is_sqlite:
            _copy_pages(Path(store.url.database or ""), unfinished)
        else:
            _copy_rows(store, unfinished, advance)
        _sync(unfinished)
        os.link(unfinished, to)  # refuses to replace a file that somebody made meanwhile
        unfinished.unlink()
        _sync(to.parent)
    except (OSError, sqlite3.Error, StoreError) as error:
        unfinished.unlink(missing_ok=True)
        raise BackupImpossible(str(error)) from error


def restore(copy: Path, url: str, advance: Advance = lambda _what, _rows: None) -> dict[str, Content]:
    """What a backup holds, in the store at an address, which must be new or empty; what each table holds now.

    A backup of an earlier version is brought to this one on the way; the file itself stays as it is.
    Raises BackupImpossible or StoreError, and leaves the store as it was.
    """
    if not copy.is_file():
        raise BackupImpossible(f"{copy} is no file")
    with TemporaryDirectory(prefix="launchwatch-", dir=_roomy(url)) as folder:
        file = Path(folder) / "copy.db"
        try:
            _copy_pages(copy, file)
        except sqlite3.Error as error:
            raise BackupImpossible(f"{copy} is no backup: {error}") from error
        source = open_store(f"sqlite:///{file}")
        target = open_store(url)
        try:
            return move(source, target, advance)
        finally:
            source.close()
            target.close()


def drill(copy: Path, advance: Advance = lambda _what, _rows: None) -> list[str]:
    """A backup restored into a throw-away store and compared with itself: what is wrong, a line each; nothing when it is sound."""
    with TemporaryDirectory(prefix="launchwatch-", dir=copy.parent) as folder:
        url = f"sqlite:///{folder}/drill.db"
        restored = restore(copy, url, advance)
        store = open_store(url)
        try:
            wrong = faults(store)
        finally:
            store.close()
    with closing(sqlite3.connect(_read_only(copy), uri=True)) as file:
        for name, found in restored.items():
            rows = file.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] if _has(file, name) else 0  # noqa: S608
            wrong += [] if rows == found.rows else [f"{name}: {found.rows} of {rows} rows came back"]
    return wrong


def _copy_pages(source: Path, to: Path) -> None:
    with closing(sqlite3.connect(_read_only(source), uri=True)) as here, closing(sqlite3.connect(to)) as there:
        here.backup(there, pages=_PAGES)
        there.execute("PRAGMA journal_mode=DELETE")


def _read_only(file: Path) -> str:
    return f"{file.resolve().as_uri()}?mode=ro"


def _copy_rows(store: Store, to: Path, advance: Advance) -> None:
    file = open_store(f"sqlite:///{to}")
    try:
        move(store, file, advance)
    finally:
        file.close()
    with closing(sqlite3.connect(to)) as made:
        made.execute("PRAGMA journal_mode=DELETE")


def _has(file: sqlite3.Connection, table: str) -> bool:
    return (
        file.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone() is not None
    )


def _roomy(url: str) -> Path | None:
    """Where a copy of a store's size has room: beside the store, where that is a file."""
    database = make_url(url).database if url.startswith("sqlite") else None
    if database is None:
        return None
    Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Path(database).parent


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

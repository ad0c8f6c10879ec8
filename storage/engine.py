"""The store: one SQLite file or one PostgreSQL database behind the same few words, set to keep what it was given."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Insert, Table, create_engine, event, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from storage import migrate, secrets
from storage.errors import StoreError as StoreError
from storage.secrets import KeyPlace, Vault

BUSY_MS = 10_000
READERS = 8
"""Connections that may read at once in one process."""
TRIES = 5
"""How often a transaction is tried to be opened before its error is told."""

_SQLITE_SETTINGS = (
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA wal_autocheckpoint=1000",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA cache_size=-32768",
    "PRAGMA temp_store=MEMORY",
)
_POSTGRES_SETTINGS = " ".join(
    f"-c {setting}"
    for setting in (
        "statement_timeout=30000",
        "lock_timeout=5000",
        "idle_in_transaction_session_timeout=60000",
        "synchronous_commit=on",
        "timezone=UTC",
    )
)


class StoreUnreadable(StoreError):
    """The address does not lead to a store."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot open the store {url}: {reason}")
        self.url = url
        self.reason = reason


class StoreTooNew(StoreError):
    """The store was written by a newer version of the product."""

    def __init__(self, url: str, version: str) -> None:
        super().__init__(
            f"the store {url} has version {version}, this program knows {migrate.NEWEST} and older: upgrade the program"
        )
        self.url = url
        self.version = version


class Store:
    """An open store. Threads may share it; a forked child gets connections of its own."""

    def __init__(self, url: URL, key: KeyPlace | None = None) -> None:
        self.url = url
        self.vault = Vault(key)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE", 1) if self.is_sqlite else _postgres_engine(url)
        self._reader = _sqlite_engine(url, "BEGIN", READERS) if self.is_sqlite else self._writer
        os.register_at_fork(after_in_child=partial(_forget_connections, weakref.ref(self)))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment of the store and changes nothing."""
        with Session(self._reader, autoflush=False, info=secrets.info(self.vault)) as session:
            options = None if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            _begin(session, options)
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are kept together at the end, or not at all on an error."""
        with Session(self._writer, autoflush=False, info=secrets.info(self.vault)) as session:
            _begin(session, None)
            yield session
            session.commit()

    def close(self) -> None:
        """Every connection closed. The store may be used again: it connects anew."""
        self._reader.dispose()
        self._writer.dispose()

    def __str__(self) -> str:
        return _named(self.url)


def open_store(url: str, key: KeyPlace | None = None) -> Store:
    """The store at `sqlite:///path` or `postgresql://...`, made if absent and brought to the newest version.

    Its secrets are sealed with the installation's key; without one named, with the key file beside an SQLite store,
    where there is one. Raises StoreError.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        _create_file(address)
        key = key or secrets.beside(address.database)
    store = Store(address, key)
    try:
        if not _is_newest(store):
            with store.writing() as session:
                _migrate(session, store)
        _seal(store)
    except StoreError:
        store.close()
        raise
    except (DBAPIError, sqlite3.Error) as error:
        store.close()
        raise StoreUnreadable(str(store), _in_one_line(error)) from error
    return store


def standing_store(url: str) -> Store:
    """The store as it stands, neither made nor brought to another version, its secrets closed. Raises StoreError."""
    address = _address(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        raise StoreUnreadable(_named(address), "there is no such file")
    return Store(address)


def forget_secrets(url: str) -> int:
    """What a store's lost key sealed, gone for good; how many destinations. Raises StoreUnreadable."""
    store = Store(_address(url))
    try:
        with store.writing() as session:
            return secrets.forget(session)
    except DBAPIError as error:
        raise StoreUnreadable(str(store), _in_one_line(error)) from error
    finally:
        store.close()


def insert(session: Session, into: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT in the session's dialect, for its `on_conflict_...` words."""
    return postgresql.insert(into) if is_postgres(session) else sqlite.insert(into)


def upsert(session: Session, into: Table, keys: tuple[str, ...], *rows: dict[str, Any]) -> None:
    """Rows of the same columns written, each in place of the one that has its keys."""
    if rows:
        session.execute(_upsert(is_postgres(session), into, keys, tuple(rows[0])), rows)


@cache
def _upsert(for_postgres: bool, into: Table, keys: tuple[str, ...], names: tuple[str, ...]) -> Insert:
    """The statement, built once: building it anew would cost as much as running it."""
    statement = postgresql.insert(into) if for_postgres else sqlite.insert(into)
    return statement.on_conflict_do_update(
        index_elements=list(keys), set_={name: statement.excluded[name] for name in names if name not in keys}
    )


def is_new(session: Session, statement: Insert) -> bool:
    """Whether an INSERT that does nothing on a conflict inserted its row."""
    return session.execute(statement.returning(literal(1))).first() is not None


def added(session: Session, into: Table, rows: Sequence[dict[str, Any]], key: str) -> list[Any]:
    """Rows of the same columns written, those aside that something there conflicts with; the keys of the written ones."""
    return list(session.execute(_adding(is_postgres(session), into, key), rows).scalars()) if rows else []


@cache
def _adding(for_postgres: bool, into: Table, key: str) -> ReturningInsert[Any]:
    """The statement, built once, as above."""
    statement = postgresql.insert(into) if for_postgres else sqlite.insert(into)
    return statement.on_conflict_do_nothing().returning(into.c[key])


def is_postgres(session: Session) -> bool:
    """Whether the session speaks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def alone(session: Session, place: str) -> None:
    """Nobody else passes the named place until this transaction ends. On SQLite a writer is alone anyway."""
    if is_postgres(session):
        number = int.from_bytes(sha256(place.encode()).digest()[:8], "big", signed=True)
        session.execute(text(_QUEUE_UP.format(number)))


_QUEUE_UP = (
    "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '60s'; SELECT pg_advisory_xact_lock({}); "
    "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'"
)
"""Who waits to pass a place stands in a fair queue, however many are before: no sign that anything hangs."""


def _is_newest(store: Store) -> bool:
    with store.reading() as session:
        return migrate.current_version(session.connection()) == migrate.NEWEST


def _seal(store: Store) -> None:
    with store.reading() as session:
        if store.vault.is_ready(session):
            return
    with store.writing() as session:
        alone(session, "seal")
        store.vault.prepare(session)
    if store.is_sqlite:
        with store._writer.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _migrate(session: Session, store: Store) -> None:
    """The store at the newest version; several processes that open it at once do it one after another."""
    alone(session, "migrate")
    connection = session.connection()
    version = migrate.current_version(connection)
    if version is not None and version not in migrate.known_versions():
        raise StoreTooNew(str(store), version)
    if version != migrate.NEWEST:
        if version is None and migrate.has_other_tables(connection):
            raise StoreUnreadable(str(store), "it is a database of something else")
        migrate.upgrade(connection)


def named(url: str) -> str:
    """An address without its password."""
    return _named(_address(url))


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise StoreUnreadable(url, "write it as sqlite:///path/to/file or postgresql://user@host/name") from error
    if address.get_backend_name() == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        return address.set(drivername="sqlite+pysqlite")
    raise StoreUnreadable(url, "write it as sqlite:///path/to/file or postgresql://user@host/name")


def _named(address: URL) -> str:
    """The address as its owner wrote it, without a password."""
    return address.set(drivername=address.get_backend_name()).render_as_string(hide_password=True)


def _create_file(address: URL) -> None:
    """The file, for its owner's eyes only; SQLite gives the files beside it the same mode."""
    path = Path(address.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnreadable(_named(address), error.strerror or str(error)) from error


def _sqlite_engine(url: URL, begin: str, size: int) -> Engine:
    """The driver left in autocommit, and our own BEGIN: a write takes its lock at once, where waiting for it works."""
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=60,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, _record: object) -> None:
        for setting in _SQLITE_SETTINGS:
            _patiently(connection, setting)
        if begin == "BEGIN":
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Run a setting; switching a new file to WAL does not wait for others by itself."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _postgres_engine(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=READERS,
        max_overflow=READERS,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"options": _POSTGRES_SETTINGS, "connect_timeout": 10, "application_name": "launchwatch"},
    )


def _begin(session: Session, options: dict[str, Any] | None) -> None:
    """The transaction open now: while a server restarts, or a lock is held, try again before any work is done."""
    for attempt in range(1, TRIES + 1):
        try:
            session.connection(execution_options=options)
        except OperationalError as error:
            session.rollback()
            if attempt == TRIES or not _may_pass(error):
                raise
            time.sleep(0.1 * 2**attempt)
        else:
            return


def _may_pass(error: OperationalError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return "locked" in str(error.orig)
    return error.connection_invalidated or "starting up" in str(error.orig) or "shutting down" in str(error.orig)


def is_unwell(error: DBAPIError) -> bool:
    """Whether the store itself could not do it, whatever it was asked: a full disk, a lost server. Not the work's fault."""
    if isinstance(error.orig, sqlite3.Error):
        return any(word in str(error.orig) for word in ("full", "locked", "disk I/O", "readonly", "unable to open"))
    state = getattr(error.orig, "sqlstate", None) or ""
    is_unwell = state[:2] in _UNWELL or state in _IN_THE_WAY
    return error.connection_invalidated or not state or (is_unwell and state != _TOO_SLOW)


_UNWELL = frozenset({"08", "53", "57", "58"})
"""Classes of PostgreSQL's SQLSTATE: connection, resources, an operator's doing, the system."""
_IN_THE_WAY = frozenset({"55P03", "40P01", "40001"})
"""A lock that others hold, a deadlock with them, or a change of theirs."""
_TOO_SLOW = "57014"
"""A statement that took too long may be the work's fault."""


def _forget_connections(store: weakref.ref[Store]) -> None:
    """In a forked child the parent's connections are left alone, and not closed."""
    if (mine := store()) is not None:
        mine._reader.dispose(close=False)
        mine._writer.dispose(close=False)


def _in_one_line(error: Exception) -> str:
    origin = getattr(error, "orig", None) or error
    return str(origin).strip().splitlines()[0] if str(origin).strip() else type(origin).__name__

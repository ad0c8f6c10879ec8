"""A store moved into an empty one of either kind: every table, in one transaction, compared by count and hash before it counts.

It is how a SQLite file becomes a PostgreSQL database and back, and how a PostgreSQL database is backed up as one file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Table, func, select, text
from sqlalchemy.orm import Session

from storage import search, tables
from storage.engine import Store, StoreError, is_postgres

AT_ONCE = 2_000
"""Rows read and written at a time."""

Advance = Callable[[str, int], None]
"""Told of each group of rows: what happens to which table, and how many rows."""


class Content(NamedTuple):
    """What is in a table: how many rows, and a hash of them all that does not depend on their order."""

    rows: int
    mark: int


class MoveRefused(StoreError):
    """The target is no place to move to."""


class MoveFailed(StoreError):
    """What arrived is not what was sent; the target is as it was."""

    def __init__(self, table: str, sent: Content, found: Content) -> None:
        super().__init__(
            f"{table}: {sent.rows} rows were sent with hash {sent.mark:032x}, "
            f"{found.rows} arrived with {found.mark:032x}; nothing was kept"
        )
        self.table = table


def move(source: Store, target: Store, advance: Advance = lambda _what, _rows: None) -> dict[str, Content]:
    """Everything that the source has, as of one moment, in the target; what each table holds.

    The target must be empty, and stays so where anything fails. Raises MoveRefused or MoveFailed.
    """
    sent: dict[str, Content] = {}
    with source.reading() as here, target.writing() as there:
        _be_patient(here, there)
        refuse_unless_empty(there, str(target))
        there.execute(_SEALING.delete())
        later = _without_indexes(there)
        for table in all_tables():
            sent[table.name] = _copy(here, there, table, advance)
        for statement in later:
            there.execute(text(statement))
        _continue_numbers(there)
        for table in all_tables():
            found = content(there, table, advance)
            if found != sent[table.name]:
                raise MoveFailed(table.name, sent[table.name], found)
    return sent


def refuse_unless_empty(session: Session, name: str) -> None:
    """Raises MoveRefused for a store that holds anything."""
    for table in all_tables():
        if table is not _SEALING and session.execute(select(1).select_from(table).limit(1)).first():
            raise MoveRefused(f"{name} holds rows in {table.name}: only an empty store is moved into")


def contents(store: Store, advance: Advance = lambda _what, _rows: None) -> dict[str, Content]:
    """What each table of a store holds, as of one moment."""
    with store.reading() as session:
        _be_patient(session)
        return {table.name: content(session, table, advance) for table in all_tables()}


def content(session: Session, table: Table, advance: Advance = lambda _what, _rows: None) -> Content:
    """What a table holds."""
    count = total = 0
    for rows in _groups(session, table):
        count += len(rows)
        total = (total + sum(map(_hash, rows))) & _MASK
        advance(f"comparing {table.name}", len(rows))
    return Content(count, total)


def all_tables() -> list[Table]:
    """Every table of a store, those that others refer to first."""
    return [table for table in tables.metadata.sorted_tables if table.name != "alembic_version"]


# ---- inside ---------------------------------------------------------------------------------------------------------

_SEALING = tables.table(tables.SealingRow)
"""An empty store may have its own seal; what moves in brings the one that it was sealed with."""
_MASK = (1 << 128) - 1
_WORDS = "words"


def _copy(here: Session, there: Session, table: Table, advance: Advance) -> Content:
    count = total = 0
    write = _copy_in if is_postgres(there) else _insert
    for rows in _groups(here, table):
        write(there, table, rows)
        count += len(rows)
        total = (total + sum(map(_hash, rows))) & _MASK
        advance(f"moving {table.name}", len(rows))
    return Content(count, total)


def _groups(session: Session, table: Table) -> Iterator[Sequence[Any]]:
    found = session.execute(select(table), execution_options={"yield_per": AT_ONCE})
    while rows := list(islice(found, AT_ONCE)):
        yield rows


def _hash(row: Sequence[Any]) -> int:
    """The same for the same values, whichever store they came from."""
    told = "\x1f".join(map(_told, row)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=16).digest(), "big")


def _told(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return repr(value)


def _insert(session: Session, table: Table, rows: Sequence[Any]) -> None:
    values = [dict(row._mapping) for row in rows]
    session.execute(table.insert(), values)
    if table.name == "search_rows":
        search.write_words(session, values)


def _copy_in(session: Session, table: Table, rows: Sequence[Any]) -> None:
    """Rows by PostgreSQL's COPY, with the words that it searches by."""
    names = [column.name for column in table.columns]
    values = [tuple(row) for row in rows]
    if table.name == "search_rows":
        names.append(_WORDS)
        values = [(*row, search.vector(made._mapping)) for row, made in zip(values, rows, strict=True)]
    quoted = ", ".join(f'"{name}"' for name in names)
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({quoted}) FROM STDIN') as copy:  # our own names
        for row in values:
            copy.write_row(row)


def _be_patient(*sessions: Session) -> None:
    """A move takes minutes, and nobody waits for it."""
    for session in sessions:
        if is_postgres(session):
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                session.execute(text(f"SET LOCAL {name} = 0"))


def _without_indexes(session: Session) -> list[str]:
    """The indexes of PostgreSQL that are not constraints dropped for now, and how to make them again: a tenth of the time."""
    if not is_postgres(session):
        return []
    found = session.execute(text(_INDEXES)).all()
    for row in found:
        session.execute(text(f'DROP INDEX "{row.indexname}"'))
    return [row.indexdef for row in found]


def _continue_numbers(session: Session) -> None:
    """The next number of a table goes on after the last one moved. SQLite sees to that by itself."""
    if not is_postgres(session):
        return
    for table in all_tables():
        for column in table.primary_key.columns:
            if column.autoincrement is True:
                last = session.execute(select(func.max(column))).scalar() or 0
                sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                session.execute(text(f"SELECT setval({sequence}, {max(last, 1)}, {str(bool(last)).lower()})"))


_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""

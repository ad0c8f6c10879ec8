"""Bringing a store to the newest version: Alembic run from code, in the caller's transaction."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = MIGRATIONS / "versions"
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the store it works on in a global: two threads that opened stores migrated each other's."""


def known_versions() -> tuple[str, ...]:
    """The versions that a store can be brought to, oldest first: the leading number of each migration's file."""
    return tuple(sorted(path.name.split("_")[0] for path in VERSIONS.glob("[0-9]*.py")))


NEWEST = known_versions()[-1]


def current_version(connection: Connection) -> str | None:
    """The version of a store, or None for one without tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def has_other_tables(connection: Connection) -> bool:
    """Whether a database without a version of ours already holds tables of something else."""
    return bool(inspect(connection).get_table_names())


def upgrade(connection: Connection, to: str = "head") -> None:
    """The store at a version, the newest unless told; commits nothing by itself."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, to)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex

from storage import feeds, migrate, tables
from storage.engine import Store, open_store
from tests import servers

IN_TWO_ORDERS = "deliveries_open"


def _can_be_compared(_thing: object, name: str | None, kind: str, *_: object) -> bool:
    return (kind, name) != ("index", IN_TWO_ORDERS)


def test_migrations_make_the_very_tables_of_the_code(store: Store) -> None:
    with store.reading() as session:
        context = MigrationContext.configure(
            session.connection(),
            opts={"compare_type": True, "include_name": _is_ours, "include_object": _can_be_compared},
        )
        assert compare_metadata(context, tables.metadata) == []


def test_the_index_that_autogenerate_cannot_compare_is_that_of_the_code(sqlite_url: str) -> None:
    (ours,) = (index for index in tables.table(tables.DeliveryRow).indexes if index.name == IN_TWO_ORDERS)
    wanted = str(CreateIndex(ours).compile(dialect=sqlite.dialect()))
    with open_store(sqlite_url).reading() as session:
        query = text("SELECT sql FROM sqlite_master WHERE name = :name")
        found: str = session.execute(query, {"name": IN_TWO_ORDERS}).scalar_one()
    assert found.split() == wanted.split()


def test_versions_are_one_line_from_the_first_to_the_newest() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert script.get_current_head() == migrate.NEWEST
    assert tuple(sorted(r.revision for r in script.walk_revisions())) == migrate.known_versions()


def test_an_empty_database_is_brought_to_the_newest_version(postgres_server: servers.Postgres, tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path / 'new.db'}", postgres_server.empty_database()):
        store = open_store(url)
        with store.reading() as session:
            assert migrate.current_version(session.connection()) == migrate.NEWEST
        store.close()


def test_feeds_given_by_an_older_version_stay_open_at_their_address(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'older.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        migrate.upgrade(connection, "0009")
        columns = "token, kind, subject, language, made_at, told_at"
        connection.execute(
            text(f"INSERT INTO feeds ({columns}) VALUES ('old-token', 'all', '', 'zh', '2024-03-18', '2024-03-18')")
        )
    engine.dispose()
    store = open_store(url)
    with store.reading() as session:
        asked = feeds.opened_by(session, "old-token")
        assert asked is not None
        assert (asked.token, asked.kind) == ("old-token", "all")
    store.close()


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Not the search index, which each dialect has in its own way."""
    is_search = kind in ("table", "index", "column") and name is not None and name.startswith("search_words")
    return not is_search and not (kind == "column" and name == "words") and name != "alembic_version"


def test_threads_open_stores_of_their_own_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as hands:
        opened = list(hands.map(lambda number: open_store(f"sqlite:///{tmp_path}/{number}.db"), range(4)))
    for store in opened:
        with store.reading() as session:
            assert migrate.current_version(session.connection()) == migrate.NEWEST
        store.close()

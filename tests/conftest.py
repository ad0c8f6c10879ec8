"""What every test may ask for: a store of its own, and real servers, started when the first test asks for one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
import structlog
from sqlalchemy import Connection, Engine, event

import api.deps
import cli.console
import worker.desk
from knowledge.index import KnowledgeBase
from knowledge.load import HERE, load
from pipeline.cluster.placing import Alike
from pipeline.lexicon import Lexicon
from storage.engine import Store, open_store
from tests import servers
from tests.offline import sitecustomize as offline

_OFFLINE = str(Path(offline.__file__).parent)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_OFFLINE, os.environ.get("PYTHONPATH")]))


hypothesis.settings.register_profile("steady", derandomize=True, database=None)
hypothesis.settings.register_profile("explore", print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
"""The default run draws the same cases each time; HYPOTHESIS_PROFILE=explore looks for new ones."""


@event.listens_for(Engine, "before_execute")
def _no_row_is_held_by_a_reader(connection: Connection, statement: object, *_: object) -> None:
    """SQLite has no FOR UPDATE and says nothing of one; PostgreSQL refuses it in a transaction that only reads."""
    if getattr(statement, "_for_update_arg", None) is not None and connection.dialect.name == "sqlite":
        assert not connection.exec_driver_sql("PRAGMA query_only").scalar(), f"held while reading: {statement}"


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    """The bundled knowledge, ready for tagging."""
    return Lexicon(load())


@pytest.fixture(scope="session", autouse=True)
def read_once(lexicon: Lexicon) -> Iterator[None]:
    """Commands and web sides of this process do not read the bundled knowledge anew each time; any other they do."""

    def read(folder: Path = HERE, cache: Path | None = None, lenses: Path | None = None) -> KnowledgeBase:
        is_bundled = folder == HERE and not (lenses and lenses.exists())
        return lexicon.knowledge if is_bundled else load(folder, cache, lenses)

    def made(knowledge: KnowledgeBase, alike: Alike | None = None) -> Lexicon:
        return lexicon if knowledge is lexicon.knowledge and alike is None else Lexicon(knowledge, alike)

    with pytest.MonkeyPatch.context() as patch:
        for module in (cli.console, worker.desk, api.deps):
            patch.setattr(module, "load", read)
        for module in (cli.console, worker.desk):
            patch.setattr(module, "Lexicon", made)
        yield


@pytest.fixture(autouse=True)
def log_as_at_first() -> Iterator[None]:
    """How a command set up the log is not how the next test finds it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """The address of a migrated SQLite store of this test's own."""
    path = tmp_path / "launchwatch.db"
    shutil.copyfile(migrated_file, path)
    path.chmod(0o600)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Postgres]:
    """A real PostgreSQL server."""
    with servers.postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: servers.Postgres) -> Iterator[str]:
    """The address of a migrated PostgreSQL database of this test's own."""
    address = postgres_server.borrow()
    yield address
    postgres_server.give_back(address)


@pytest.fixture(scope="session")
def redis_service() -> Iterator[servers.Redis]:
    """A real server that speaks Redis's protocol."""
    with servers.redis_server() as server:
        yield server


@pytest.fixture
def redis_server(redis_service: servers.Redis) -> servers.Redis:
    """The Redis-protocol server, emptied."""
    with redis.Redis.from_url(redis_service.url) as client:
        client.flushdb()
    return redis_service


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """An open store."""
    opened = open_store(sqlite_url)
    yield opened
    opened.close()

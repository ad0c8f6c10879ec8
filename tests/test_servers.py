"""The network is shut for tests, and the servers that they ask for are real and end with them."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from tests import servers
from tests.offline.sitecustomize import NetworkBlocked

ELSEWHERE = [("192.0.2.1", 80), ("8.8.8.8", 53), ("0.0.0.0", 80), ("10.0.0.1", 80), ("169.254.169.254", 80)]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_connection_leaves_this_machine(address: tuple[str, int]) -> None:
    with socket.socket() as s, pytest.raises(NetworkBlocked):
        s.connect(address)
    with socket.socket() as s, pytest.raises(NetworkBlocked):
        s.connect_ex(address)
    with socket.socket(type=socket.SOCK_DGRAM) as s, pytest.raises(NetworkBlocked):
        s.sendto(b"?", address)
    with socket.socket(socket.AF_INET6) as s, pytest.raises(NetworkBlocked):
        s.connect(("2001:db8::1", 80))


def test_no_name_is_looked_up() -> None:
    with pytest.raises(NetworkBlocked):
        socket.getaddrinfo("example.com", 80)
    with pytest.raises(NetworkBlocked):
        socket.gethostbyname("example.com")


def test_asyncio_is_held_to_it_too() -> None:
    async def connect() -> None:
        await asyncio.open_connection("192.0.2.1", 80)

    with pytest.raises(NetworkBlocked):
        asyncio.run(connect())


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_python_processes_that_a_test_starts_are_held_to_it() -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "NetworkBlocked" in ended.stderr


def test_postgres_is_real(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SHOW server_version_num").fetchone()
    assert row is not None
    assert int(row[0]) >= 150000


def test_databases_of_two_tests_are_apart_and_come_back_empty(postgres_server: servers.Postgres) -> None:
    one, other = postgres_server.borrow(), postgres_server.borrow()
    with psycopg.connect(one) as connection:
        connection.execute("INSERT INTO heartbeats VALUES ('here', now())")
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT count(*) FROM heartbeats").fetchone() == (0,)
    postgres_server.give_back(one)
    again = postgres_server.borrow()
    with psycopg.connect(again) as connection:
        assert connection.execute("SELECT count(*) FROM heartbeats").fetchone() == (0,)
    assert again == one
    postgres_server.give_back(other)
    postgres_server.give_back(again)


def test_redis_is_real_and_empty(redis_server: servers.Redis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.dbsize() == 0
        client.rpush("queue", "a", "b")
        assert client.lpop("queue") == b"a"


def test_servers_end_when_the_run_is_killed() -> None:
    code = (
        "import sys, time; from tests import servers\n"
        "with servers.redis_server() as r, servers.postgres() as p: print(r.url, p.url, flush=True); time.sleep(60)"
    )
    own = {key: value for key, value in os.environ.items() if key not in ("TEST_DATABASE_URL", "TEST_REDIS_URL")}
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=own)
    assert child.stdout is not None
    redis_url, postgres_url = child.stdout.readline().split()
    child.kill()
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 20
    while _answers(redis_url, postgres_url):
        assert time.monotonic() < deadline, "a server outlived the run that started it"
        time.sleep(0.05)
    for folder in (Path(redis_url.removeprefix("unix://")).parent, Path(postgres_url.split("host=")[1])):
        shutil.rmtree(folder, ignore_errors=True)


def _answers(redis_url: str, postgres_url: str) -> bool:
    try:
        with redis.Redis.from_url(redis_url) as client:
            client.ping()
    except redis.RedisError:
        pass
    else:
        return True
    try:
        psycopg.connect(postgres_url).close()
    except psycopg.Error:
        return False
    return True

"""Containers: their commands exist, every queue is served, no password is written down, secrets may be files."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml

from cli.main import COMMANDS
from settings import Settings
from tests import servers
from worker.app import create_app

ROOT = Path(__file__).parent.parent
READY = re.compile(r"celery@\S+ ready|beat: Starting")
OURS = ("web", "worker", "crawler", "beat", "watchdog", "migrate")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return found


def queues(service: dict[str, Any]) -> set[str]:
    command = service["command"]
    return set(command[command.index("--queues") + 1].split(","))


def test_compose_itself_finds_no_fault() -> None:
    """By whichever compose is installed; a machine without one shows this as skipped, with the reason."""
    ways = [["docker", "compose"], ["docker-compose"]]
    found = [way for way in ways if shutil.which(way[0]) and _answers([*way, "version"])]
    if not found:
        pytest.skip("no `docker compose` here: apt-get install docker-compose has one")
    given = {**os.environ, "POSTGRES_PASSWORD": "one", "REDIS_PASSWORD": "two"}
    command = [*found[0], "--file", str(ROOT / "docker-compose.yml"), "config"]
    checked = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    read = yaml.safe_load(checked.stdout)["services"]
    assert set(read) == {*OURS, "postgres", "redis"}
    assert "one" in read["web"]["environment"]["LAUNCHWATCH_DATABASE_URL"]


def _answers(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_all_parts_of_the_product_are_there(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {*OURS, "postgres", "redis"}


def test_our_commands_exist(services: dict[str, dict[str, Any]]) -> None:
    commands = [services[name]["command"] for name in OURS]
    assert {command[0] for command in commands} == {"launchwatch"}
    assert {command[1] for command in commands} <= set(COMMANDS)


def test_every_queue_has_a_consumer_and_no_two_kinds_share_one(services: dict[str, dict[str, Any]]) -> None:
    routed = {route["queue"] for route in create_app(Settings()).conf.task_routes.values()}
    assert queues(services["worker"]) | queues(services["crawler"]) == routed
    assert not queues(services["worker"]) & queues(services["crawler"])


def test_every_variable_is_a_setting(services: dict[str, dict[str, Any]]) -> None:
    known = {f"LAUNCHWATCH_{field.upper()}" for field in Settings.model_fields}
    given = {name for service in OURS for name in services[service]["environment"]}
    assert given <= known
    assert {"LAUNCHWATCH_DATABASE_URL", "LAUNCHWATCH_REDIS_URL"} <= given


def test_what_runs_on_has_a_health_check_and_starts_again(services: dict[str, dict[str, Any]]) -> None:
    lasting = {name: service for name, service in services.items() if name != "migrate"}
    assert {name for name, service in lasting.items() if "healthcheck" not in service} == set()
    assert {service["restart"] for service in lasting.values()} == {"unless-stopped"}


def test_workers_can_be_multiplied(services: dict[str, dict[str, Any]]) -> None:
    assert not {"container_name", "ports", "hostname"} & set(services["worker"])


def test_only_the_web_side_is_published_and_only_here(services: dict[str, dict[str, Any]]) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(ports) == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in ports["web"])


def test_nothing_runs_as_root_and_no_password_is_written_down(services: dict[str, dict[str, Any]]) -> None:
    assert services["redis"]["user"] == "redis"
    assert "\nUSER launchwatch\n" in (ROOT / "Dockerfile").read_text("utf-8")
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:-}"
    example = (ROOT / ".env.example").read_text("utf-8").splitlines()
    assert [line for line in example if "PASSWORD=" in line and not line.startswith("#")] == [
        "POSTGRES_PASSWORD=",
        "REDIS_PASSWORD=",
    ]


def start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [
        "sh",
        str(ROOT / "docker-entrypoint.sh"),
        "sh",
        "-c",
        'echo "$LAUNCHWATCH_REDIS_URL ${LAUNCHWATCH_REDIS_URL_FILE-}"',
    ]
    given = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "redis url"
    secret.write_text("redis://:a$b`c\"d'e@redis:6379/0\n", "utf-8")
    answer = start(tmp_path, LAUNCHWATCH_REDIS_URL="old", LAUNCHWATCH_REDIS_URL_FILE=str(secret))
    assert answer.stdout == "redis://:a$b`c\"d'e@redis:6379/0 \n"


def test_a_missing_secret_stops_the_start_with_advice(tmp_path: Path) -> None:
    answer = start(tmp_path, LAUNCHWATCH_REDIS_URL_FILE="nowhere")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "LAUNCHWATCH_REDIS_URL_FILE names nowhere, which cannot be read" in answer.stderr


def resolved(text: str) -> str:
    """As compose reads it where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text).replace("$$", "$")


class Running(NamedTuple):
    """A service's command outside its container."""

    process: subprocess.Popen[bytes]
    log: Path
    environment: dict[str, str]
    """In which its health check would run."""


def started(command: list[str], home: Path, broker: str) -> Running:
    home.mkdir()
    environment = {
        **os.environ,
        "LAUNCHWATCH_HOME": str(home),
        "LAUNCHWATCH_REDIS_URL": broker,
        "HOSTNAME": socket.gethostname(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            list(map(resolved, command)), env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
    return Running(process, home / "log", environment)


def wait(until: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not (so := until()) and time.monotonic() < end:
        time.sleep(0.2)
    return so


def healthy(service: dict[str, Any], environment: dict[str, str]) -> bool:
    check = resolved(service["healthcheck"]["test"][1]).replace("/var/lib/launchwatch", environment["LAUNCHWATCH_HOME"])
    return (
        subprocess.run(["sh", "-c", check], env=environment, cwd=ROOT, check=False, capture_output=True).returncode == 0
    )


@pytest.fixture(scope="module")
def running(
    services: dict[str, dict[str, Any]], redis_service: servers.Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Running]]:
    """Services at work, started at once; each has a broker of its own, so that no health check hears another's answer."""
    home = tmp_path_factory.mktemp("services")
    names = ["worker", "crawler", "beat"]
    made = {
        name: started(services[name]["command"], home / name, database(redis_service.broker_url, number))
        for number, name in enumerate(names, start=1)
    }
    yield made
    for service in made.values():
        service.process.send_signal(signal.SIGTERM)
    for service in made.values():
        service.process.wait(timeout=60)


def database(broker: str, number: int) -> str:
    """Another database of the same server."""
    parts = urlsplit(broker)
    if parts.scheme == "redis+socket":
        return f"{broker}?virtual_host={number}"
    return parts._replace(path=f"/{number}").geturl()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["worker", "crawler", "beat"])
def test_a_service_starts_and_its_health_check_sees_it(
    name: str, services: dict[str, dict[str, Any]], running: dict[str, Running]
) -> None:
    process, log, environment = running[name]
    wait(lambda: READY.search(log.read_text("utf-8")) is not None, 40)  # a ping that is too early costs ten seconds
    assert wait(lambda: healthy(services[name], environment), 60), log.read_text("utf-8")
    assert process.poll() is None, "it ended by itself"


def test_a_health_check_sees_that_nothing_runs(
    services: dict[str, dict[str, Any]], redis_server: servers.Redis, tmp_path: Path
) -> None:
    assert not healthy(services["beat"], {**os.environ, "LAUNCHWATCH_HOME": str(tmp_path)})

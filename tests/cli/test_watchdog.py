"""`launchwatch watchdog`: exit codes for cron, and a message past an outbox that may be down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from storage import outbox, queue
from storage.engine import open_store
from worker.deliver import Answer, NotReached, Request

NOW = datetime.now(UTC)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What went to the wire; a request to a host with `unreachable` in it does not arrive."""
    requests: list[Request] = []

    def post(_: object, request: Request) -> Answer:
        if "unreachable" in request.url:
            raise NotReached("no route")
        requests.append(request)
        return Answer(204, {}, b"")

    monkeypatch.setattr("cli.watchdog.GuardedClient.post", post)
    return requests


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAUNCHWATCH_HOME", str(tmp_path))
    monkeypatch.setenv("LAUNCHWATCH_ALARM", "webhook+https://ops.example.org/a, webhook+https://unreachable.example/b")
    return tmp_path


def run() -> Result:
    return CliRunner().invoke(app, ["watchdog"])


def beat(home: Path, at: datetime) -> None:
    store = open_store(f"sqlite:///{home / 'launchwatch.db'}")
    with store.writing() as session:
        queue.beat(session, "collect", at)
    store.close()


def test_a_silent_collector_is_told_once_past_the_outbox_and_so_is_its_return(home: Path, sent: list[Request]) -> None:
    beat(home, NOW - timedelta(minutes=10))
    first = run()
    assert first.exit_code == 1
    assert "collect has been silent" in str(first.exception)
    assert "was not told: not reached" in first.stderr
    assert len(sent) == 1
    assert b"Launchwatch is down" in sent[0].body
    assert run().exit_code == 1
    assert len(sent) == 1
    beat(home, datetime.now(UTC))
    assert run().stdout == "every part lives\n"
    assert b"lives again" in sent[1].body
    store = open_store(f"sqlite:///{home / 'launchwatch.db'}")
    with store.reading() as session:
        assert outbox.recent(session) == []
    store.close()


def test_a_store_that_cannot_be_opened_is_told_all_the_same(home: Path, sent: list[Request]) -> None:
    (home / "launchwatch.db").write_bytes(b"this is no database" * 100)
    assert run().exit_code == 1
    assert b"the store cannot be used" in sent[0].body


def test_without_an_address_it_says_that_nobody_is_told(
    home: Path, sent: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUNCHWATCH_ALARM", "")
    result = run()
    assert result.exit_code == 1
    assert "LAUNCHWATCH_ALARM" in result.stderr
    assert sent == []

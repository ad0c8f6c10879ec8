"""`migrate --to`, `backup` and `restore` as a person runs them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.console import Refusal
from cli.main import app
from storage import queue
from storage.engine import Store, open_store
from storage.move import contents
from storage.secrets import place
from tests.storage.factories import finish, make_raw, take


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of an installation that has two documents."""
    monkeypatch.setenv("LAUNCHWATCH_HOME", str(tmp_path))
    store = open_store(f"sqlite:///{tmp_path}/launchwatch.db", place("", tmp_path))
    with store.writing() as session:
        finish(session, take(session, make_raw(1)))
        take(session, make_raw(2))
    return store


def say(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_store_moves_to_postgresql_and_stays_as_it_was(installation: Store, postgres_url: str) -> None:
    before = contents(installation)
    assert "each table equal by count and hash" in say("migrate", "--to", postgres_url)
    there = open_store(postgres_url)
    assert contents(there) == before == contents(installation)
    there.close()
    with pytest.raises(Refusal, match="only an empty store"):
        say("migrate", "--to", postgres_url)


def test_a_store_in_use_is_not_moved(installation: Store, postgres_url: str) -> None:
    with installation.writing() as session:
        queue.beat(session, "collect", datetime.now(UTC))
    with pytest.raises(Refusal, match="stop `launchwatch up` first"):
        say("migrate", "--to", postgres_url)


def test_a_backup_is_verified_and_restored_into_an_empty_home(
    installation: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "verified" in say("backup", "--verify")
    (copy,) = (tmp_path / "backups").glob("*.db")
    with pytest.raises(Refusal, match="holds rows"):
        say("restore", str(copy))
    monkeypatch.setenv("LAUNCHWATCH_HOME", str(tmp_path / "new"))
    say("restore", str(copy))
    restored = open_store(f"sqlite:///{tmp_path}/new/launchwatch.db")
    assert contents(restored) == contents(installation)
    restored.close()

"""Not ready says why: a store of another version, one that takes no writes, a full disk."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from storage import readiness
from storage.engine import Store, open_store
from storage.readiness import reasons_against
from tests.storage.factories import NOW


class Usage(NamedTuple):
    """What a disk says."""

    total: int
    used: int
    free: int


def test_a_store_of_another_version_is_not_ready(store: Store) -> None:
    with store.writing() as session:
        (newest,) = session.execute(text("SELECT version_num FROM alembic_version")).one()
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        (reason,) = reasons_against(store, NOW)
        assert "at version 0001" in reason
    finally:
        with store.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})


def test_a_store_that_is_gone_or_takes_no_writes_is_not_ready(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    store.close()
    file = tmp_path / "launchwatch.db"
    file.write_bytes(b"not a database any more" * 200)
    (reason,) = reasons_against(store, NOW)
    assert "the store cannot be used" in reason
    store.close()


def test_a_server_that_does_not_answer_is_not_ready(postgres_url: str) -> None:
    store = open_store(postgres_url)
    store.close()
    gone = Store(store.url.set(database="no_such_database"))
    (reason,) = reasons_against(gone, NOW)
    assert "the store cannot be used" in reason
    gone.close()


def test_a_disk_that_is_nearly_full_is_told(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(sqlite_url)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 99, readiness.LEAST_FREE - 1))
    (reason,) = reasons_against(store, NOW)
    assert "nearly full" in reason
    store.close()

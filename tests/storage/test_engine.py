from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError

from storage import migrate, queue
from storage.engine import Store, StoreError, StoreTooNew, StoreUnreadable, open_store
from storage.tables import NaiveTime
from tests.storage.factories import NOW


def test_a_new_store_is_made_with_its_folder_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "launchwatch.db"
    store = open_store(f"sqlite:///{path}")
    with store.writing() as session:
        queue.beat(session, "here", NOW)
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    store.close()
    assert set(modes) == {"launchwatch.db", "launchwatch.db-wal", "launchwatch.db-shm"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sqlite_is_set_to_keep_what_it_was_given(sqlite_url: str) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    wanted |= {"journal_size_limit": 64 * 1024 * 1024, "wal_autocheckpoint": 1000}
    store = open_store(sqlite_url)
    for opened in (store.reading, store.writing):
        with opened() as session:
            assert {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in wanted} == wanted
    store.close()


def test_postgres_is_set_to_give_up_in_time(postgres_url: str) -> None:
    wanted = {"statement_timeout": "30s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "1min"}
    wanted |= {"synchronous_commit": "on", "TimeZone": "UTC"}
    store = open_store(postgres_url)
    with store.writing() as session:
        assert {name: session.execute(text(f"SHOW {name}")).scalar() for name in wanted} == wanted
    store.close()


def test_what_was_written_is_there_when_the_store_is_opened_again(store_url: str) -> None:
    for number in range(2):
        store = open_store(store_url)
        with store.writing() as session:
            queue.beat(session, f"run {number}", NOW)
            assert len(queue.heartbeats(session)) == number + 1
        store.close()


def test_a_reader_changes_nothing(store: Store) -> None:
    with store.reading() as session, pytest.raises(DBAPIError):
        queue.beat(session, "here", NOW)


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.reading() as session:
        assert queue.heartbeats(session) == {}
        with store.writing() as other:
            queue.beat(other, "here", NOW)
        assert queue.heartbeats(session) == {}
    with store.reading() as session:
        assert queue.heartbeats(session) == {"here": NOW}


def test_a_broken_savepoint_leaves_the_rest(store: Store) -> None:
    with store.writing() as session:
        queue.beat(session, "kept", NOW)
        nested = session.begin_nested()
        queue.beat(session, "undone", NOW)
        nested.rollback()
    with store.reading() as session:
        assert list(queue.heartbeats(session)) == ["kept"]


def test_times_come_back_as_the_same_instant_in_utc(store: Store) -> None:
    shanghai = datetime(2024, 3, 18, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with store.writing() as session:
        queue.beat(session, "here", shanghai)
    with store.reading() as session:
        found = queue.heartbeats(session)["here"]
    assert found == shanghai
    assert found.tzinfo is UTC


def test_a_naive_time_is_refused(store: Store) -> None:
    with store.writing() as session, pytest.raises(StatementError) as caught:
        queue.beat(session, "here", datetime(2024, 3, 18, 9))
    assert isinstance(caught.value.orig, NaiveTime)


def test_text_that_only_one_store_would_take_is_made_safe(store: Store) -> None:
    with store.writing() as session:
        queue.beat(session, "a\x00b\ud800c", NOW)
        assert list(queue.heartbeats(session)) == ["abc"]


@pytest.mark.parametrize("body", [b"<html>not a store</html>" * 99, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(body)
    with pytest.raises(StoreUnreadable) as caught:
        open_store(f"sqlite:///{path}")
    assert str(caught.value).startswith(f"cannot open the store sqlite:///{path}: ")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == body


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (id)")
    connection.close()
    with pytest.raises(StoreUnreadable, match="a database of something else"):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "sqlite:////dev"])
def test_an_address_that_leads_nowhere_is_told_in_one_line(url: str) -> None:
    with pytest.raises(StoreUnreadable) as caught:
        open_store(url)
    assert "\n" not in str(caught.value)


def test_a_password_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreadable) as caught:
        open_store(f"postgresql://me:secret@/name?host={tmp_path}")
    assert "secret" not in str(caught.value)


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(store_url: str) -> None:
    store = open_store(store_url)
    with store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreTooNew, match=r"version 9999.*upgrade the program"):
        open_store(store_url)
    assert issubclass(StoreTooNew, StoreError)
    with store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": migrate.NEWEST})
    store.close()


def test_many_processes_may_make_the_same_store_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        assert pool.map(_open_and_beat, [(url, f"p{n}") for n in range(3)]) == [True] * 3
    store = open_store(url)
    with store.reading() as session:
        assert len(queue.heartbeats(session)) == 3
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_connections_of_its_own(store: Store) -> None:
    with store.writing() as session:
        queue.beat(session, "parent", NOW)
    child = os.fork()
    if child == 0:
        with store.writing() as session:
            queue.beat(session, "child", NOW)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    with store.writing() as session:
        queue.beat(session, "parent again", NOW)
        assert set(queue.heartbeats(session)) == {"parent", "child", "parent again"}


def _open_and_beat(given: tuple[str, str]) -> bool:
    url, name = given
    store = open_store(url)
    with store.writing() as session:
        queue.beat(session, name, NOW)
    store.close()
    return True

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import backup, documents, search
from storage.backup import BackupImpossible
from storage.engine import Store, open_store
from storage.move import MoveRefused, contents
from tests.factories import make_alert
from tests.storage.factories import NOW, finish, make_raw, take


def test_a_copy_taken_while_entries_come_in_is_whole_and_a_beginning_of_the_history(
    sqlite_url: str, tmp_path: Path
) -> None:
    def keep_receiving() -> None:
        number = 0
        while not stop.is_set():
            with store.writing() as session:
                documents.receive(session, [make_raw(number)], NOW)
            number += 1

    store, stop, copy = open_store(sqlite_url), threading.Event(), tmp_path / "copy.db"
    writer = threading.Thread(target=keep_receiving)
    writer.start()
    try:
        while backup.counts(store)["documents"] < 20:
            pass
        backup.backup(store, copy)
    finally:
        stop.set()
        writer.join()
    restored = open_store(f"sqlite:///{copy}")
    assert backup.faults(restored) == []
    assert 20 <= backup.counts(restored)["documents"] <= backup.counts(store)["documents"]
    with restored.reading() as then, store.reading() as now:
        assert set(documents.ids(then)) <= set(documents.ids(now))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    restored.close()
    store.close()


def test_a_copy_never_replaces_a_file_nor_leaves_half_of_one(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    taken = tmp_path / "taken.db"
    taken.write_text("precious")
    with pytest.raises(BackupImpossible, match="is there already"):
        backup.backup(store, taken)
    with pytest.raises(BackupImpossible):
        backup.backup(store, tmp_path / "no such folder" / "copy.db")
    assert taken.read_text() == "precious"
    assert list(tmp_path.glob("*.unfinished")) == []
    store.close()


def test_a_backup_is_one_file_and_comes_back_row_by_row(store: Store, tmp_path: Path) -> None:
    with store.writing() as session:
        finish(session, take(session, make_raw(1)))
        take(session, make_raw(2))
    copy, url = tmp_path / "copy.db", f"sqlite:///{tmp_path}/restored.db"
    backup.backup(store, copy)
    assert backup.drill(copy) == []
    assert backup.restore(copy, url) == contents(store)
    restored = open_store(url)
    assert backup.faults(restored) == []
    restored.close()


def test_a_backup_comes_back_into_postgresql(sqlite_url: str, postgres_url: str, tmp_path: Path) -> None:
    store, copy = open_store(sqlite_url), tmp_path / "copy.db"
    with store.writing() as session:
        finish(session, take(session, make_raw(1)))
    backup.backup(store, copy)
    assert backup.restore(copy, postgres_url) == contents(store)
    with pytest.raises(MoveRefused, match="only an empty store"):
        backup.restore(copy, postgres_url)
    store.close()


def test_a_drill_tells_of_a_backup_that_is_broken(sqlite_url: str, tmp_path: Path) -> None:
    store, copy = open_store(sqlite_url), tmp_path / "copy.db"
    with store.writing() as session:
        take(session, make_raw(1))
    backup.backup(store, copy)
    store.close()
    with closing(sqlite3.connect(copy)) as file:
        file.execute("DELETE FROM work")
        file.commit()
    assert backup.drill(copy) == ["a pending document has no work (1 times)"]
    copy.write_bytes(b"no database " * 400)
    with pytest.raises(BackupImpossible, match="is no backup"):
        backup.drill(copy)


def test_a_store_with_anything_in_it_is_never_restored_over(sqlite_url: str, tmp_path: Path) -> None:
    store, copy = open_store(sqlite_url), tmp_path / "copy.db"
    with store.writing() as session:
        take(session, make_raw(1))
    backup.backup(store, copy)
    before = contents(store)
    with pytest.raises(MoveRefused, match="holds rows"):
        backup.restore(copy, sqlite_url)
    assert contents(store) == before
    store.close()


def test_a_whole_store_has_no_faults(store: Store) -> None:
    with store.writing() as session:
        taken = take(session, make_raw(1))
        finish(session, taken)
        search.index_document(session, taken.document, taken.tags)
        take(session, make_raw(2))
    assert backup.faults(store) == []
    assert backup.counts(store)["documents"] == 2


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM work", "a pending document has no work (1 times)"),
        ("UPDATE documents SET event_id = 'none'", "a document is in an event that is not there (1 times)"),
        ("DELETE FROM raw_documents", "a document has no entry to read again (1 times)"),
    ],
)
def test_what_is_broken_is_told(store: Store, damage: str, told: str) -> None:
    with store.writing() as session:
        take(session, make_raw(1))
        session.execute(text(damage))
    assert backup.faults(store) == [told]
    assert make_alert().id


def test_a_damaged_search_index_is_told(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store.writing() as session:
        taken = take(session, make_raw(1))
        search.index_document(session, taken.document, taken.tags)
    assert backup.faults(store) == []
    with store.writing() as session:
        session.execute(text("UPDATE search_words_data SET block = x'00' WHERE id > 10"))
    assert any("search index" in line for line in backup.faults(store))
    store.close()

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import backup, documents, search
from storage.backup import BackupImpossible
from storage.engine import Store, open_store
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


def test_postgres_is_backed_up_by_its_own_tools(postgres_url: str, tmp_path: Path) -> None:
    store = open_store(postgres_url)
    with pytest.raises(BackupImpossible, match="pg_dump"):
        backup.backup(store, tmp_path / "copy.db")
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

"""A store moves to the other kind whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from pipeline.query import plain
from storage import documents, events, finding, outbox, queue, search, watches
from storage.engine import Store, open_store
from storage.move import MoveFailed, MoveRefused, all_tables, contents, move
from tests.factories import make_alert, make_event, make_watch
from tests.storage.factories import NOW, finish, make_link, make_raw, make_score, make_sketch, take


def fill(store: Store) -> None:
    """Something in most tables, with every type of column."""
    with store.writing() as session:
        taken = take(
            session, make_raw(1, title="大模型开源 release", text="\x00 odd \\N\t\n text" * 20), bands=("b1", "b2")
        )
        finish(session, taken, event_id="e1")
        search.index_document(session, taken.document, taken.tags)
        event = make_event("openai", title_zh="大模型开源")
        events.save(session, event, make_sketch("e1", "k1", "k2"))
        events.save_links(session, "e1", [make_link("e1", "603533.SH")], NOW)
        events.save_scores(session, [make_score("e1", "all", 12.345678901234)])
        search.index_event(session, event)
        watches.save(session, make_watch(destinations=("mailto:a@b.example",)))
        outbox.push(session, make_alert(), ["mailto:a@b.example"], NOW)
        documents.receive(session, [make_raw(2)], NOW)
        queue.beat(session, "process", NOW)


@pytest.fixture
def here(sqlite_url: str) -> Iterator[Store]:
    store = open_store(sqlite_url)
    fill(store)
    yield store
    store.close()


@pytest.fixture
def there(postgres_url: str) -> Iterator[Store]:
    store = open_store(postgres_url)
    yield store
    store.close()


def test_there_and_back_every_row_is_the_same(here: Store, there: Store, tmp_path: object) -> None:
    sent = move(here, there)
    assert sent == contents(there)
    assert sent["documents"].rows == 2
    with there.reading() as session:
        assert [hit.subject for hit in finding.find(session, plain("大模型"))] == ["e1", sent_document(there)]
    back = open_store(f"sqlite:///{tmp_path}/back.db")
    assert move(there, back) == contents(here)
    with back.reading() as session:
        assert [hit.subject for hit in finding.find(session, plain("大模型"))] == ["e1", sent_document(there)]
    back.close()


def sent_document(store: Store) -> str:
    with store.reading() as session:
        return next(key for key in documents.ids(session) if documents.seat_of(session, key) == "e1")


def test_the_store_goes_on_with_the_next_number(here: Store, there: Store) -> None:
    move(here, there)
    with there.writing() as session:
        documents.receive(session, [make_raw(3)], NOW)
    with there.reading() as session:
        assert len({work.id for work in claimed(there)}) == 3
        indexes = set(session.execute(text("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")).scalars())
    assert {"search_words", "documents_by_finish", "work_once", "likenesses_of"} <= indexes


def claimed(store: Store) -> list[queue.Work]:
    with store.writing() as session:
        return queue.claim(session, [documents.PROCESS], NOW, NOW - NOW, 10)


def test_a_store_that_holds_anything_is_refused(here: Store, there: Store) -> None:
    with there.writing() as session:
        queue.beat(session, "process", NOW)
    with pytest.raises(MoveRefused, match="heartbeats"):
        move(here, there)


def test_a_move_that_breaks_off_leaves_nothing_behind(here: Store, there: Store) -> None:
    def stumble(what: str, rows: int) -> None:
        if what == "moving events":
            raise ConnectionError

    with pytest.raises(ConnectionError):
        move(here, there, stumble)
    assert sum(content.rows for content in contents(there).values()) == 0
    assert move(here, there)["events"].rows == 1


def test_what_arrives_changed_is_not_kept(here: Store, there: Store) -> None:
    with there.writing() as session:
        session.execute(text("ALTER TABLE scores ALTER COLUMN total TYPE real"))
    try:
        with pytest.raises(MoveFailed, match="scores: 1 rows were sent"):
            move(here, there)
        assert sum(content.rows for content in contents(there).values()) == 0
    finally:
        with there.writing() as session:
            session.execute(text("ALTER TABLE scores ALTER COLUMN total TYPE double precision"))


def test_every_table_is_moved(here: Store) -> None:
    with here.reading() as session:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        names = set(session.execute(text(query)).scalars())
    of_search = {name for name in names if name.startswith("search_words")}
    assert names - of_search - {"alembic_version"} == {table.name for table in all_tables()}

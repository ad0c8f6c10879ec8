from __future__ import annotations

import threading

import pytest

from pipeline.records import Fact, Fingerprint, State
from storage import documents, likenesses, queue
from storage.engine import Store
from tests.storage.factories import DAY, MINUTE, NOW, finish, make_document, make_raw, take

LONG = "The model reads two million characters at once. " * 10


def test_an_entry_becomes_a_pending_document_with_its_work(store: Store) -> None:
    with store.writing() as session:
        received = documents.receive(session, [make_raw(1), make_raw(2)], NOW)
    with store.reading() as session:
        assert (received.new, received.known) == (2, 0)
        assert documents.counts_by_state(session)[State.PENDING] == 2
        assert queue.due(session, [documents.PROCESS], NOW) == [(documents.PROCESS, i) for i in received.ids]
        raw = documents.raw(session, received.ids[0])
    assert raw == make_raw(1).model_copy(update={"document_id": received.ids[0]})


def test_taking_the_same_in_again_adds_nothing(store: Store) -> None:
    with store.writing() as session:
        first = documents.receive(session, [make_raw(n) for n in range(5)], NOW)
    with store.writing() as session:
        again = documents.receive(session, [make_raw(n, first_seen_at=NOW + DAY) for n in range(5)], NOW + DAY)
        assert (again.new, again.known, again.ids) == (0, 5, first.ids)
        assert documents.counts_by_state(session)[State.PENDING] == 5


@pytest.mark.parametrize(
    "change",
    [
        {"id": "another-guid"},
        {"id": None},
        {"url": "http://news.example/1"},
        {"url": "https://www.news.example/1/?utm_source=rss&utm_medium=feed"},
        {"url": "https://news.example/a-new-slug"},
        {"url": None},
        {"title": "  Item  1 "},
        {"text": LONG + " corrected"},
        {"published_at": NOW},
        {"id": "another-guid", "url": "https://news.example/a-new-slug"},
    ],
)
def test_an_entry_is_known_in_spite_of(store: Store, change: dict[str, object]) -> None:
    with store.writing() as session:
        first = documents.receive(session, [make_raw(1, text=LONG)], NOW)
        again = documents.receive(session, [make_raw(1, **{"text": LONG, **change})], NOW)
    assert again.ids == first.ids
    assert again.new == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"id": "same"}, {"id": "same"}),
        ({"url": "https://news.example/"}, {"url": "https://news.example/"}),
        ({"id": "same", "url": "https://news.example/"}, {"id": "same", "url": "https://news.example/"}),
        ({"title": "Daily briefing", "text": ""}, {"title": "Daily briefing", "text": ""}),
        ({"url": "https://news.example/?id=1"}, {"url": "https://news.example/?id=2"}),
        ({"id": None, "url": None}, {"id": None, "url": None}),
        ({"title": "", "url": None, "id": "1", "text": "one"}, {"title": "", "url": None, "id": "1", "text": "two"}),
    ],
)
def test_different_entries_stay_apart(store: Store, one: dict[str, object], other: dict[str, object]) -> None:
    with store.writing() as session:
        assert documents.receive(session, [make_raw(1, **one), make_raw(2, **other)], NOW).new == 2


def test_the_same_page_from_two_sources_is_one_document(store: Store) -> None:
    with store.writing() as session:
        received = documents.receive(session, [make_raw(1), make_raw(1, source_id="aggregator", id="x")], NOW)
    assert received.new == 1


def test_a_title_alone_comes_again_with_its_text(store: Store) -> None:
    with store.writing() as session:
        assert documents.receive(session, [make_raw(1, text="")], NOW).new == 1
        assert documents.receive(session, [make_raw(1, text=LONG)], NOW).new == 1


def test_what_a_store_cannot_hold_is_left_out_at_the_door(store: Store) -> None:
    odd = make_raw(1, title="N\x00UL", text="\x00" + LONG, id="g" * 6000, url="https://news.example/" + "u" * 6000)
    with store.writing() as session:
        received = documents.receive(session, [odd], NOW)
        assert documents.receive(session, [odd], NOW).new == 0
        raw = documents.raw(session, received.ids[0])
    assert (raw.title, raw.text, raw.id) == ("NUL", LONG, "g" * 6000)


def test_many_who_take_in_the_same_add_it_once(store: Store) -> None:
    def receive() -> None:
        with store.writing() as session:
            counts.append(documents.receive(session, [make_raw(n) for n in range(20)], NOW).new)

    counts: list[int] = []
    threads = [threading.Thread(target=receive) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 0, 0, 20]


def test_a_finished_document_keeps_its_parts_and_its_fate(store: Store) -> None:
    with store.writing() as session:
        taken = take(session, make_raw(1))
        fact = Fact(kind="context_length", value=2_000_000, unit="characters", quote="200万字")
        document, tags = taken.document, taken.tags
        documents.finish(
            session, document, taken.fingerprint, tags, [fact], state=State.DONE, event_id="e1", now=NOW + MINUTE
        )
    with store.reading() as session:
        assert documents.get(session, document.id) == document
        assert documents.tags_of(session, document.id) == tags
        assert documents.facts_of(session, document.id) == (fact,)
        assert documents.of_event(session, "e1") == [document]
        fate = documents.fate(session, document.id)
    assert fate is not None
    assert (fate.state, fate.event_id, fate.finished_at) == (State.DONE, "e1", NOW + MINUTE)


def test_every_document_is_in_one_state_with_its_reason(store: Store) -> None:
    with store.writing() as session:
        kept = [take(session, make_raw(n)) for n in range(5)]
        finish(session, kept[0])
        finish(session, kept[1], State.DUPLICATE, reason="same_text", duplicate_of=kept[0].document.id)
        finish(session, kept[2], State.REJECTED, reason="not about AI")
        documents.fail(session, kept[3].document.id, "read", "RecursionError", NOW)
        assert set(documents.counts_by_state(session).values()) == {1}
        assert [(f.step, f.reason) for f in documents.failed(session)] == [("read", "RecursionError")]
        copy = documents.in_state(session, State.DUPLICATE)[0]
        assert (copy.reason, copy.duplicate_of) == ("same_text", kept[0].document.id)


def test_only_what_came_in_by_the_door_can_be_finished(store: Store) -> None:
    with store.writing() as session, pytest.raises(documents.DocumentUnknown, match="no document d0"):
        documents.fail(session, "d0", "read", "", NOW)


def test_like_finds_done_documents_by_url_words_or_band(store: Store) -> None:
    with store.writing() as session:
        taken = [take(session, make_raw(n), text=f"words {n}", bands=(f"a{n}", "b0")) for n in range(4)]
        for number, one in enumerate(taken[:3]):
            later = one.document.model_copy(update={"first_seen_at": NOW + number * DAY})
            documents.finish(session, later, one.fingerprint, one.tags, (), state=State.DONE, now=NOW)
        finish(session, taken[3], State.REJECTED)

        def found(**given: object) -> list[str]:
            fingerprint = Fingerprint(**{"url": None, "text": "other", **given})
            return [document.id for document in documents.like(session, fingerprint)]

        ids = [one.document.id for one in taken]
        assert found(url="https://news.example/1") == [ids[1]]
        assert found(text="words 2") == [ids[2]]
        assert found(bands=("b0",)) == [ids[2], ids[1], ids[0]]
        assert found(bands=("a3",)) == []


def test_like_is_capped(store: Store) -> None:
    with store.writing() as session:
        for number in range(30):
            finish(session, take(session, make_raw(number), text=f"words {number}", bands=("boilerplate",)))
        fingerprint = Fingerprint(url=None, text="x", bands=("boilerplate",))
        assert len(documents.like(session, fingerprint)) == likenesses.PER_HASH


def test_a_document_opened_again_waits_and_is_not_like_itself(store: Store) -> None:
    with store.writing() as session:
        taken = take(session, make_raw(1))
        work = queue.claim(session, [documents.PROCESS], NOW, MINUTE)[0]
        finish(session, taken)
        queue.done(session, work)
        assert documents.reopen(session, [taken.document.id, "unknown"], NOW) == 1
        assert documents.like(session, taken.fingerprint) == []
        assert queue.claim(session, [documents.PROCESS], NOW, MINUTE)[0].subject == taken.document.id
        assert documents.counts_by_state(session)[State.PENDING] == 1


def test_a_document_whose_work_was_set_aside_is_failed_and_can_be_opened_again(store: Store) -> None:
    with store.writing() as session:
        (document_id,) = documents.receive(session, [make_raw(1)], NOW).ids
        for attempt in range(queue.STRIKES):
            queue.claim(session, [documents.PROCESS], NOW + attempt * MINUTE, MINUTE)
        assert queue.claim_one(session, documents.PROCESS, document_id, NOW + DAY, MINUTE) is None
        assert documents.fail_abandoned(session, NOW) == 1
        assert documents.fail_abandoned(session, NOW) == 0
        assert "no answer" in documents.failed(session)[0].reason
        assert documents.reopen(session, [document_id], NOW) == 1
        assert queue.claim(session, [documents.PROCESS], NOW, MINUTE)[0].attempts == 1


def test_ids_come_in_pages(store: Store) -> None:
    with store.writing() as session:
        received = documents.receive(session, [make_raw(n) for n in range(7)], NOW)
        first = documents.ids(session, limit=4)
        assert sorted(received.ids) == first + documents.ids(session, after=first[-1], limit=4)


def test_nothing_is_kept_when_the_transaction_breaks(store: Store) -> None:
    def break_off() -> None:
        with store.writing() as session:
            documents.receive(session, [make_raw(1)], NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    with store.reading() as session:
        assert documents.counts_by_state(session)[State.PENDING] == 0
        assert queue.depth(session, NOW) == []
        assert documents.get(session, make_document("d1").id) is None

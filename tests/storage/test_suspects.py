"""Work that comes back without an answer: handed out alone, so that what kills its worker takes no neighbour with it."""

from __future__ import annotations

from storage import documents, queue
from storage.engine import Store
from tests.storage.factories import DAY, MINUTE, NOW, make_raw


def _names(works: list[queue.Work]) -> list[str]:
    return [work.subject for work in works]


def test_work_whose_worker_vanished_is_handed_out_alone_and_in_its_turn(store: Store) -> None:
    with store.writing() as session:
        for name in ("a", "b"):
            queue.push(session, "document", name, NOW)
        assert _names(queue.claim(session, ["document"], NOW, MINUTE, 10, suspects_alone=True)) == ["a", "b"]
        queue.push(session, "document", "c", NOW)
        queue.push(session, "document", "d", NOW + 2 * MINUTE)
        later = NOW + 2 * MINUTE
        turns = [queue.claim(session, ["document"], later, DAY, 10, suspects_alone=True) for _ in range(4)]
    assert [_names(works) for works in turns] == [["c", "d"], ["a"], ["b"], []]


def test_work_that_only_failed_keeps_its_place_among_others(store: Store) -> None:
    with store.writing() as session:
        for name in ("a", "b"):
            queue.push(session, "document", name, NOW)
        for work in queue.claim(session, ["document"], NOW, MINUTE, 10, suspects_alone=True):
            queue.failed(session, work, "no", NOW + MINUTE)
        assert _names(queue.claim(session, ["document"], NOW + MINUTE, MINUTE, 10, suspects_alone=True)) == ["a", "b"]


def test_patience_with_the_silent_is_the_claimers_and_for_its_kind_alone(store: Store) -> None:
    with store.writing() as session:
        for kind in ("document", "push"):
            queue.push(session, kind, "x", NOW)
        for attempt in range(queue.STRIKES):
            queue.claim(session, ["document", "push"], NOW + attempt * MINUTE, MINUTE, 2, silent=queue.SILENT)
        assert queue.claim(session, ["push"], NOW + DAY, MINUTE) == []
        assert [(work.kind, work.subject) for work in queue.quarantined(session)] == [("push", "x")]
        assert _names(queue.claim(session, ["document"], NOW + DAY, MINUTE, silent=queue.SILENT)) == ["x"]


def test_only_the_named_are_claimed(store: Store) -> None:
    with store.writing() as session:
        for name in ("a", "b", "c"):
            queue.push(session, "document", name, NOW)
        assert _names(queue.claim(session, ["document"], NOW, MINUTE, 10, subjects=["c", "a", "z"])) == ["a", "c"]


def test_whoever_was_too_slow_holds_nothing(store: Store) -> None:
    with store.writing() as session:
        for name in ("a", "b"):
            queue.push(session, "document", name, NOW)
        slow = queue.claim(session, ["document"], NOW, MINUTE, 2)
        assert queue.held(session, slow) == slow
        quick = queue.claim(session, ["document"], NOW + MINUTE, MINUTE, 1)
        assert _names(queue.held(session, slow)) == ["b"]
        assert queue.held(session, quick) == quick


def test_however_many_are_set_aside_no_document_of_theirs_stays_pending(store: Store) -> None:
    with store.writing() as session:
        documents.receive(session, [make_raw(number) for number in range(130)], NOW)
        for attempt in range(queue.STRIKES):
            queue.claim(session, [documents.PROCESS], NOW + attempt * MINUTE, MINUTE, 200)
        assert queue.claim(session, [documents.PROCESS], NOW + DAY, MINUTE) == []
        assert documents.fail_abandoned(session, NOW) == 130
        assert sum(1 for _ in documents.failed(session, 200)) == 130

from __future__ import annotations

import threading
from datetime import timedelta

from storage import queue
from storage.engine import Store
from tests.storage.factories import DAY, MINUTE, NOW


def test_work_is_claimed_once_until_its_lease_ends(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW)
        work = queue.claim(session, ["document"], NOW, MINUTE)
        assert [(w.subject, w.attempts, w.state) for w in work] == [("d1", 1, "leased")]
        assert queue.claim(session, ["document"], NOW + MINUTE / 2, MINUTE) == []
        assert queue.claim(session, ["document"], NOW + MINUTE, MINUTE)[0].attempts == 2


def test_delayed_work_waits(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW, not_before=NOW + DAY)
        assert queue.claim(session, ["document"], NOW + DAY - MINUTE, MINUTE) == []
        assert len(queue.claim(session, ["document"], NOW + DAY, MINUTE)) == 1


def test_urgent_then_old_work_comes_first_and_kinds_in_the_order_asked(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "backfill", "b", NOW - DAY)
        queue.push(session, "document", "late", NOW, priority=0)
        queue.push(session, "document", "early", NOW - MINUTE, priority=0)
        queue.push(session, "document", "urgent", NOW, priority=5)
        claimed = queue.claim(session, ["document", "backfill"], NOW, MINUTE, 10)
    assert [work.subject for work in claimed] == ["urgent", "early", "late", "b"]


def test_other_kinds_are_left_alone(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "deliver", "a1", NOW)
        assert queue.claim(session, ["document"], NOW, MINUTE) == []


def test_work_pushed_twice_is_there_once_and_keeps_the_nearer_time_and_higher_priority(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW, not_before=NOW + DAY, priority=3)
        queue.push(session, "document", "d1", NOW, priority=1)
        work = queue.claim(session, ["document"], NOW, MINUTE, 10)
    assert [(w.subject, w.priority) for w in work] == [("d1", 3)]


def test_work_pushed_while_somebody_does_it_is_done_once_more(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW)
        work = queue.claim(session, ["document"], NOW, MINUTE)[0]
        queue.push(session, "document", "d1", NOW)
        assert queue.claim(session, ["document"], NOW, MINUTE) == []
        assert queue.done(session, work, NOW)
        again = queue.claim(session, ["document"], NOW, MINUTE)[0]
        assert again.attempts == 1
        assert queue.done(session, again)
        assert queue.depth(session, NOW) == []


def test_three_strikes_without_an_answer_set_work_aside(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "poison", NOW)
        for attempt in range(queue.STRIKES):
            at = NOW + attempt * MINUTE
            assert len(queue.claim(session, ["document"], at, MINUTE)) == 1
        assert queue.claim(session, ["document"], NOW + DAY, MINUTE) == []
        aside = queue.quarantined(session)
    assert [(w.subject, w.attempts) for w in aside] == [("poison", 3)]
    assert "no answer" in aside[0].reason


def test_failed_work_comes_back_at_its_time_and_the_third_failure_is_the_last(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW)
        at = NOW
        outcomes = []
        for _ in range(3):
            work = queue.claim(session, ["document"], at, MINUTE)[0]
            outcomes.append(queue.failed(session, work, "no route", at + DAY))
            assert queue.claim(session, ["document"], at + DAY - MINUTE, MINUTE) == []
            at += DAY
        assert outcomes == [False, False, True]
        assert queue.quarantined(session)[0].reason == "no route"


def test_failure_without_a_time_to_retry_is_the_last(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW)
        assert queue.failed(session, queue.claim(session, ["document"], NOW, MINUTE)[0], "not a feed")
        assert len(queue.quarantined(session)) == 1


def test_replayed_work_has_all_its_attempts_again(store: Store) -> None:
    with store.writing() as session:
        for subject in ("a", "b"):
            queue.push(session, "document", subject, NOW)
            queue.failed(session, queue.claim(session, ["document"], NOW, MINUTE)[0], "bad")
        assert queue.replay(session, NOW, subject="a") == 1
        assert queue.replay(session, NOW) == 1
        assert [w.attempts for w in queue.claim(session, ["document"], NOW, MINUTE, 10)] == [1, 1]


def test_whoever_lost_the_lease_has_no_say(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW)
        slow = queue.claim(session, ["document"], NOW, MINUTE)[0]
        quick = queue.claim(session, ["document"], NOW + MINUTE, MINUTE)[0]
        assert not queue.done(session, slow)
        assert not queue.failed(session, slow, "late")
        assert not queue.renew(session, slow, NOW + DAY)
        assert queue.renew(session, quick, NOW + DAY)
        assert queue.claim(session, ["document"], NOW + DAY - MINUTE, MINUTE) == []
        assert queue.done(session, quick)


def test_work_put_back_does_not_count_as_an_attempt(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW)
        for _ in range(5):
            assert queue.put_back(session, queue.claim(session, ["document"], NOW, MINUTE)[0], NOW)
        assert queue.claim(session, ["document"], NOW, MINUTE)[0].attempts == 1


def test_one_piece_is_claimed_by_its_name(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW)
        queue.push(session, "document", "d2", NOW)
        work = queue.claim_one(session, "document", "d2", NOW, MINUTE)
        assert work is not None
        assert work.subject == "d2"
        assert queue.claim_one(session, "document", "d2", NOW, MINUTE) is None
        assert queue.claim_one(session, "document", "d3", NOW, MINUTE) is None


def test_depth_tells_what_waits_and_since_when(store: Store) -> None:
    with store.writing() as session:
        queue.push(session, "document", "d1", NOW)
        queue.push(session, "document", "d2", NOW + MINUTE, not_before=NOW + DAY)
        queue.push(session, "fetch", "s1", NOW)
        assert queue.next_due(session) == NOW
        found = [(d.kind, d.state, d.count, d.due, d.oldest) for d in queue.depth(session, NOW + MINUTE)]
        assert queue.due(session, ["fetch", "document"], NOW) == [("document", "d1"), ("fetch", "s1")]
    assert found == [("document", "ready", 2, 1, NOW), ("fetch", "ready", 1, 1, NOW)]


def test_a_slot_is_taken_once_ever(store: Store) -> None:
    with store.writing() as session:
        assert queue.slot(session, "digest", NOW)
        assert not queue.slot(session, "digest", NOW)
        assert queue.slot(session, "digest", NOW + DAY)
        assert queue.slot(session, "sweep", NOW)
        assert queue.last_slot(session, "digest") == NOW + DAY
        assert queue.last_slot(session, "never") is None


def test_of_many_schedulers_one_gets_the_slot(store: Store) -> None:
    def ask() -> None:
        with store.writing() as session:
            answers.append(queue.slot(session, "digest", NOW))

    answers: list[bool] = []
    _at_once(ask, 6)
    assert sorted(answers) == [False] * 5 + [True]


def test_many_workers_never_share_a_piece(store: Store) -> None:
    def work() -> None:
        while True:
            with store.writing() as session:
                claimed = queue.claim(session, ["document"], NOW, timedelta(hours=1), 3)
            if not claimed:
                return
            taken.extend(piece.subject for piece in claimed)
            with store.writing() as session:
                assert all(queue.done(session, piece) for piece in claimed)

    with store.writing() as session:
        for number in range(60):
            queue.push(session, "document", f"d{number}", NOW)
    taken: list[str] = []
    _at_once(work, 5)
    assert sorted(taken) == sorted(f"d{number}" for number in range(60))


def test_heartbeats_keep_the_last_time(store: Store) -> None:
    with store.writing() as session:
        queue.beat(session, "worker-1", NOW)
        queue.beat(session, "worker-1", NOW + MINUTE)
        queue.beat(session, "beat", NOW)
        assert queue.heartbeats(session) == {"beat": NOW, "worker-1": NOW + MINUTE}


def _at_once(do: object, times: int) -> None:
    assert callable(do)
    threads = [threading.Thread(target=do) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

from __future__ import annotations

from storage import documents, sources
from storage.engine import Store
from storage.sources import SourceState
from tests.storage.factories import DAY, MINUTE, NOW, make_raw


def test_a_source_never_read_has_an_empty_state(store: Store) -> None:
    with store.reading() as session:
        assert sources.state(session, "feed") == SourceState(source_id="feed")


def test_a_source_keeps_what_its_fetcher_wrote(store: Store) -> None:
    state = SourceState(
        source_id="feed", state='{"etag": "W/\\"x\\""}', next_due=NOW, health="ok", failures=2, last_try_at=NOW
    )
    with store.writing() as session:
        sources.save_state(session, SourceState(source_id="feed", state="{}"))
        sources.save_state(session, state)
        assert sources.state(session, "feed") == state
        assert sources.all_states(session) == [state]


def test_due_are_the_never_read_then_the_longest_overdue(store: Store) -> None:
    with store.writing() as session:
        for name, at in [("late", NOW - DAY), ("now", NOW), ("later", NOW + MINUTE), ("other", NOW)]:
            sources.save_state(session, SourceState(source_id=name, next_due=at))
        assert sources.due(session, NOW, ["later", "now", "new", "late"]) == ["new", "late", "now"]


def test_documents_are_counted_by_source(store: Store) -> None:
    with store.writing() as session:
        documents.receive(session, [make_raw(n, first_seen_at=NOW - n * DAY) for n in range(3)], NOW)
        documents.receive(session, [make_raw(9, source_id="other")], NOW)
        assert sources.document_counts(session, NOW - DAY) == {"feed": 2, "other": 1}


def test_a_notice_stands_once_until_its_cause_is_over(store: Store) -> None:
    with store.writing() as session:
        assert sources.notify(session, "gap", "feed", "10 items missed", NOW)
        assert not sources.notify(session, "gap", "feed", "20 items missed", NOW + DAY)
        assert sources.notify(session, "stuck", "worker", "no heartbeat", NOW)
        (notice,) = sources.notices(session, ["gap"])
        assert (notice.text, notice.times, notice.first_at, notice.last_at) == ("20 items missed", 2, NOW, NOW + DAY)
        assert [n.kind for n in sources.notices(session)] == ["gap", "stuck"]
        assert sources.settle(session, "gap", "feed")
        assert not sources.settle(session, "gap", "feed")
        assert [n.kind for n in sources.notices(session)] == ["stuck"]

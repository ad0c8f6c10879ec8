from __future__ import annotations

import pytest
from sqlalchemy import text

from storage import digests
from storage.digests import DigestLocked, DigestState, FileSpoilt
from storage.engine import Store
from tests.storage.factories import DAY, NOW

WEEK = ("2024-W12", "media", "zh")


def test_a_digest_remembers_who_brought_it_where(store: Store) -> None:
    with store.writing() as session:
        digests.save(session, *WEEK, "draft", "{}", "launchwatch", NOW)
        saved = digests.save(session, *WEEK, "reviewed", '{"a": 1}', "Li Lei", NOW + DAY)
        assert digests.find(session, *WEEK) == saved
        assert digests.get(session, saved.id) == saved
    assert [(step.state, step.by, step.at) for step in saved.history] == [
        ("draft", "launchwatch", NOW),
        ("reviewed", "Li Lei", NOW + DAY),
    ]


@pytest.mark.parametrize("state", ["draft", "edited", "reviewed", "locked"])
def test_a_locked_digest_never_changes(store: Store, state: DigestState) -> None:
    with store.writing() as session:
        locked = digests.save(session, *WEEK, "locked", '{"final": true}', "Li Lei", NOW)
        with pytest.raises(DigestLocked, match=locked.id):
            digests.save(session, *WEEK, state, "{}", "somebody", NOW)
        assert digests.find(session, *WEEK) == locked


def test_weeks_lenses_and_languages_are_apart(store: Store) -> None:
    with store.writing() as session:
        digests.save(session, "2024-W11", "media", "zh", "draft", "{}", "me", NOW)
        digests.save(session, "2024-W12", "media", "en", "draft", "{}", "me", NOW)
        digests.save(session, *WEEK, "draft", "{}", "me", NOW)
        assert [d.id for d in digests.recent(session)] == [
            "2024-W12-media-en",
            "2024-W12-media-zh",
            "2024-W11-media-zh",
        ]
        assert digests.find(session, "2024-W13", "media", "zh") is None


def test_a_locked_digests_files_stay_as_they_were_sent(store: Store) -> None:
    with store.writing() as session:
        saved = digests.save(session, *WEEK, "locked", "{}", "Li Lei", NOW)
        digests.freeze(session, saved.id, {"pdf": b"%PDF sent", "text": "周观点".encode()})
        assert digests.frozen(session, *WEEK, "pdf") == b"%PDF sent"
        assert digests.frozen(session, *WEEK, "docx") is None
        assert digests.frozen(session, "2024-W13", "media", "zh", "pdf") is None


def test_a_file_that_is_not_what_was_locked_is_refused(store: Store) -> None:
    with store.writing() as session:
        saved = digests.save(session, *WEEK, "locked", "{}", "Li Lei", NOW)
        digests.freeze(session, saved.id, {"pdf": b"sent"})
        session.execute(text("UPDATE digest_files SET sha256 = 'other'"))
        with pytest.raises(FileSpoilt, match="does not have the hash"):
            digests.frozen(session, *WEEK, "pdf")

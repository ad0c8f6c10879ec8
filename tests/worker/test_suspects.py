"""What kills its worker: tried alone and in a child, set aside after three attempts, its neighbours unharmed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pipeline import flow
from pipeline.records import RawDocument, State
from storage import documents, events, queue
from storage.secrets import SecretKeyWrong
from tests.factories import make_raw
from worker import jobs, suspects
from worker.desk import Desk

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
LATER = jobs.LEASE + timedelta(seconds=1)
read = flow.read


def story(number: int, more: str = "") -> RawDocument:
    title = f"xAI releases Grok-{number}, a model with {number} billion parameters"
    return make_raw(title, f"xAI today released Grok-{number}. {more}", url=f"https://example.com/{number}")


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Titles that kill the process that reads them; filled by the test."""
    deadly: list[str] = []

    def heeding(raw: RawDocument, lexicon: object) -> flow.Reading:
        if raw.title in deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(raw, lexicon)  # type: ignore[arg-type]

    monkeypatch.setattr(flow, "read", heeding)
    return deadly


def vanish(desk: Desk, at: datetime) -> list[str]:
    """A worker that claims a batch and is never heard of again."""
    with desk.store.writing() as session:
        claimed = queue.claim(session, [documents.PROCESS], at, jobs.LEASE, jobs.BATCH, suspects_alone=True)
    return [work.subject for work in claimed]


def test_poison_has_three_attempts_and_its_neighbours_finish(desk: Desk, poison: list[str]) -> None:
    bad = story(7)
    ids = jobs.receive(desk, [bad, *(story(number) for number in range(20, 26))], NOW).ids
    assert sorted(vanish(desk, NOW)) == sorted(ids)
    poison.append(bad.title)
    fates, at = jobs.process_due(desk, NOW + LATER), NOW + LATER
    while at < NOW + 3 * LATER:
        fates, at = fates + jobs.process_due(desk, at), at + timedelta(minutes=1)
    with desk.store.reading() as session:
        fate = documents.fate(session, ids[0])
        (aside,) = queue.quarantined(session)
    assert (fates[State.DONE], fates[State.FAILED]) == (6, 1)
    assert fate is not None
    assert "SIGKILL" in fate.reason
    assert aside.attempts == queue.STRIKES


def test_an_endless_reading_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "read", lambda *_: time.sleep(60))
    monkeypatch.setattr(suspects, "READ_SECONDS", 0.1)
    with pytest.raises(suspects.DeadlyDocument, match="did not end"):
        suspects.rehearse(story(1), desk.lexicon)


def test_a_reading_that_only_fails_is_no_death(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "read", lambda *_: 1 / 0)
    suspects.rehearse(story(1), desk.lexicon)


def test_a_worker_that_was_too_slow_saves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.receive(desk, [story(1)], NOW)

    def slow(raw: RawDocument, lexicon: object) -> flow.Reading:
        monkeypatch.setattr(flow, "read", read)
        assert jobs.process_due(desk, NOW + LATER)[State.DONE] == 1
        return read(raw, lexicon)  # type: ignore[arg-type]

    monkeypatch.setattr(flow, "read", slow)
    assert jobs.process_due(desk, NOW).total() == 0
    with desk.store.reading() as session:
        assert events.count(session) == 1


def test_a_full_disk_is_not_the_documents_fault(desk: Desk) -> None:
    jobs.receive(desk, [story(number, "and more words " * 200) for number in range(5)], NOW)
    _pages(desk, None)
    at = NOW
    for _ in range(queue.SILENT + 1):
        with pytest.raises(OperationalError, match="full"):
            jobs.process_due(desk, at)
        at += jobs.UNWELL
    _pages(desk, 1_000_000)
    assert jobs.process_due(desk, at)[State.DONE] == 5


def test_a_key_that_is_missing_is_not_the_documents_fault(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.receive(desk, [story(1, "in few words")], NOW)
    at = NOW

    def sealed(_session: object) -> None:
        raise SecretKeyWrong("secret.key", is_missing=True)

    with monkeypatch.context() as patched:
        patched.setattr(desk.watches, "book", sealed)
        for _ in range(queue.SILENT + 1):
            with pytest.raises(SecretKeyWrong):
                jobs.process_due(desk, at)
            at += jobs.UNWELL
    assert jobs.process_due(desk, at)[State.DONE] == 1


def _pages(desk: Desk, most: int | None) -> None:
    """Room for so many pages, or for what is there and not one more."""
    with desk.store.writing() as session:
        count = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count={most or count}"))


@pytest.mark.slow
def test_a_batch_that_hangs_ends_its_process_and_says_where() -> None:
    code = "from worker.suspects import bounded\nimport time\nwith bounded(0.2):\n    time.sleep(30)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "Timeout" in ended.stderr


@pytest.mark.slow
def test_memory_beyond_the_bound_is_an_error_and_no_more() -> None:
    code = "import worker.suspects as s\ns.limit_memory()\ntry:\n    bytearray(4 << 30)\nexcept MemoryError:\n    print('no')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert ended.stdout == "no\n"

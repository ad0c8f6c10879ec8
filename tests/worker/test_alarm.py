"""What is down is told past the store and the outbox: at once, not again each minute, and so is its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import outbox, queue, watches
from storage.engine import Store
from tests.factories import make_alert
from worker.alarm import AGAIN, STUCK, Told, look, message, remember, remembered, word

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def beat(store: Store, *parts: str, at: datetime = NOW) -> None:
    with store.writing() as session:
        for part in parts:
            queue.beat(session, part, at)


def test_parts_that_live_are_no_news(store: Store, sqlite_url: str) -> None:
    beat(store, "collect", "process", "deliver")
    assert look(sqlite_url, NOW + 2 * MINUTE) == []


@pytest.mark.parametrize("part", ["collect", "process", "deliver"])
def test_a_silent_part_is_named(store: Store, sqlite_url: str, part: str) -> None:
    beat(store, "collect", "process", "deliver", at=NOW + 10 * MINUTE)
    beat(store, part)
    (line,) = look(sqlite_url, NOW + 10 * MINUTE)
    assert line.startswith(f"{part} has been silent since 2024-03-18 04:00:00 UTC")


def test_a_store_that_is_gone_or_is_none_is_itself_what_is_down(tmp_path: Path) -> None:
    (line,) = look(f"sqlite:///{tmp_path}/gone.db", NOW)
    assert "there is no such file" in line
    assert not (tmp_path / "gone.db").exists()
    (tmp_path / "broken.db").write_bytes(b"this is no database" * 100)
    (line,) = look(f"sqlite:///{tmp_path}/broken.db", NOW)
    assert "cannot be used" in line


def test_messages_left_lying_are_told_those_that_wait_for_their_time_are_not(store: Store, sqlite_url: str) -> None:
    with store.writing() as session:
        watches.save_alert(session, make_alert())
        outbox.push(session, make_alert(), ["wecom://0123456789abcdef"], NOW)
    beat(store, "deliver", at=NOW + STUCK)
    assert look(sqlite_url, NOW + STUCK - MINUTE) == []
    (line,) = look(sqlite_url, NOW + STUCK + MINUTE)
    assert line.startswith("deliver leaves messages lying")


def test_an_installation_where_nothing_ever_ran_does_not_live(store: Store, sqlite_url: str) -> None:
    assert look(sqlite_url, NOW) == ["no part has ever run here; start `launchwatch up`"]


def test_what_is_down_is_told_at_once_then_every_six_hours_and_its_end_once() -> None:
    silent = ["collect has been silent since 2024-03-18 04:00:00 UTC"]
    told = Told(reasons=tuple(silent), at=NOW)
    assert word(None, [], NOW) is None
    assert word(None, silent, NOW) == "down"
    assert word(told, silent, NOW + MINUTE) is None
    assert word(told, ["collect has been silent since 2024-03-18 04:09:00 UTC"], NOW + MINUTE) is None
    assert word(told, [*silent, "the store cannot be used: locked"], NOW + MINUTE) == "down"
    assert word(told, silent, NOW + AGAIN) == "down"
    assert word(told, [], NOW + MINUTE) == "up"


def test_a_message_says_what_is_down_and_what_to_do() -> None:
    said = message(["collect has been silent", "120 MiB are free"], "down", NOW)
    assert said.title == "⚠ Launchwatch is down: collect has been silent (+1)"
    assert "launchwatch up" in said.body
    assert message([], "up", NOW).title == "Launchwatch lives again"


def test_what_was_told_is_known_at_the_next_look(tmp_path: Path) -> None:
    assert remembered(tmp_path) is None
    told = Told(reasons=("collect is silent",), at=NOW)
    remember(tmp_path, told)
    assert remembered(tmp_path) == told
    remember(tmp_path, None)
    assert remembered(tmp_path) is None

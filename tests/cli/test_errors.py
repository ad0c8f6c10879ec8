"""Wrong input: one line that says what is wrong and what to do, exit code 1 or 2, never a traceback."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from storage.engine import open_store
from tests.cli.conftest import Ran, Run


def is_one_clear_line(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, ran
    assert "Traceback" not in ran.err + ran.out
    complaints = [line for line in ran.err.splitlines() if line.strip()]
    assert len(complaints) == 1, ran.err
    assert all(word in complaints[0] for word in words), complaints[0]


def test_a_missing_file(run: Run) -> None:
    is_one_clear_line(run("tag", "nowhere.jsonl"), 2, "nowhere.jsonl", "no such file")


def test_a_missing_feed(run: Run) -> None:
    ran = run("ingest", "nowhere.xml")
    assert ran.code == 1
    assert "nowhere.xml: cannot be opened: No such file" in ran.err
    assert "Traceback" not in ran.err


def test_a_binary_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "noise.jsonl").write_bytes(bytes(range(256)) * 8)
    is_one_clear_line(run("cluster", str(tmp_path / "noise.jsonl")), 2, "noise.jsonl")


def test_a_binary_feed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "noise.xml").write_bytes(bytes(range(256)) * 8)
    ran = run("ingest", str(tmp_path / "noise.xml"))
    assert ran.code == 1
    assert "noise.xml: " in ran.err
    assert "Traceback" not in ran.err


def test_an_html_error_page_as_a_feed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text("<html><head><title>502 Bad Gateway</title></head><body>502</body></html>")
    ran = run("ingest", str(tmp_path / "feed.xml"))
    assert ran.code == 1
    assert "feed.xml: " in ran.err
    assert "Traceback" not in ran.err


def test_a_line_that_is_no_document(run: Run) -> None:
    is_one_clear_line(run("tag", stdin='{"id": 1, "title": "a"}\nnot json\n'), 2, "line 2", "not JSON")


def test_a_document_without_words(run: Run) -> None:
    is_one_clear_line(run("tag", stdin='{"id": 1}\n'), 2, "line 1", "neither title nor text")


@pytest.mark.parametrize("week", ["2999-W01", "2024-W60", "next week"])
def test_a_week_that_is_not_there(run: Run, week: str) -> None:
    is_one_clear_line(run("digest", "--week", week), 2, week)


def test_an_unknown_lens(run: Run) -> None:
    is_one_clear_line(run("digest", "--week", "2024-W12", "--lens", "banking"), 2, "banking", "media")


def test_an_unknown_format(run: Run) -> None:
    is_one_clear_line(run("digest", "--week", "2024-W12", "--format", "gif"), 2, "gif", "docx")


def test_a_store_of_a_newer_version(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "home" / "launchwatch.db"
    open_store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    is_one_clear_line(run("events"), 1, "9999", "upgrade")


def test_a_file_that_is_no_store(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "launchwatch.db").write_text("not a database at all, but long enough to be one" * 100)
    is_one_clear_line(run("events"), 1, "launchwatch.db")


def test_a_setting_that_cannot_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUNCHWATCH_TIMEZONE", "Mars/Olympus")
    is_one_clear_line(run("events"), 2, "LAUNCHWATCH_TIMEZONE", "Mars/Olympus")


def test_an_unknown_command(run: Run) -> None:
    ran = run("fetch")
    assert ran.code == 2
    assert "fetch" in ran.err
    assert "Traceback" not in ran.err


def test_an_unknown_source(run: Run) -> None:
    is_one_clear_line(run("collect", "no-such-source"), 2, "no-such-source", "launchwatch sources")


def test_a_place_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    ran = run("digest", "--week", "2024-W12", "-o", str(tmp_path / "no" / "such" / "digest.txt"))
    is_one_clear_line(ran, 1, "digest.txt", "cannot be written")

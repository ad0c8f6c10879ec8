"""The demo: from the local site's feeds to the printed digest, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks import check_links
from tests.cli.conftest import Run


@pytest.mark.slow
def test_the_demo_is_led_by_kimi_and_open_sora_with_all_that_an_analyst_needs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = threading.active_count()
    ran = run("demo")
    assert ran.code == 0, ran.err
    assert threading.active_count() <= threads
    place = tmp_path / "home" / "demo"
    assert str(place) in ran.err.replace("\n", "")
    assert {path.name for path in (tmp_path / "home").iterdir()} - {"cache"} == {"demo"}
    monkeypatch.setenv("LAUNCHWATCH_HOME", str(place))
    digest = json.loads(run("digest", "--week", "2024-W12", "--format", "json").out)
    first, second = digest["items"][:2]
    assert "Kimi" in first["headline"]["zh"]
    assert "Open-Sora" in second["headline"]["zh"]
    for item, company, modality in ((first, "moonshot-ai", "text"), (second, "hpc-ai", "video")):
        event = json.loads(run("events", item["event_id"], "--json").out)
        assert event["published_at"].startswith("2024-03-18")
        assert event["companies"][0]["id"] == company
        assert event["products"]
        assert modality in event["modalities"]["output"]
        assert all(fact["quote"] for fact in event["facts"])
        assert event["facts"]
        assert {report["tier"] for report in event["reports"]} >= {1, 2}
        assert event["links"]
    assert check_links.main() == 0


def test_the_demo_empties_no_folder_but_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    ran = run("demo", "--folder", str(tmp_path / "mine"))
    assert ran.code == 2
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


@pytest.mark.slow
def test_ctrl_c_in_the_middle_ends_cleanly_and_the_next_run_takes_up_the_rest(tmp_path: Path) -> None:
    news = tmp_path / "news.jsonl"
    rows = [
        {"id": str(n), "title": f"xAI releases Grok-{n}", "text": f"xAI released Grok-{n} today."} for n in range(3000)
    ]
    news.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-m", "cli.main", "ingest", str(news)]
    given = os.environ | {"LAUNCHWATCH_HOME": str(tmp_path / "home")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=given)
    store = tmp_path / "home" / "launchwatch.db"
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and _count(store, "done") < 50:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped; what was finished is kept" in said
    assert "Traceback" not in said
    with sqlite3.connect(store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM work WHERE state = 'leased'").fetchone() == (0,)
    connection.close()
    assert 50 <= _count(store, "done") < len(rows)


def _count(store: Path, state: str) -> int:
    if not store.exists():
        return 0
    try:
        with sqlite3.connect(store) as connection:
            (found,) = connection.execute("SELECT count(*) FROM documents WHERE state = ?", (state,)).fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
    return int(found)

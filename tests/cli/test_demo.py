"""The demo: from the local site's feeds to the printed digest, and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

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
    assert {path.name for path in (tmp_path / "home").iterdir()} == {"demo"}
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
        assert all(link["reason"]["zh"] and link["evidence"] and link["as_of"] for link in event["links"])


def test_the_demo_empties_no_folder_but_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    ran = run("demo", "--folder", str(tmp_path / "mine"))
    assert ran.code == 2
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_ctrl_c_ends_a_command_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "cluster"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.send_signal(2)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said

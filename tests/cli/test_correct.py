"""`launchwatch correct` and `launchwatch replay --from`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

STORIES = [
    {
        "id": "k",
        "title": "Kimi 智能助手启动 200 万字无损上下文内测",
        "text": "月之暗面宣布内测。",
        "date": "2024-03-18",
    },
    {"id": "g", "title": "xAI open-sources Grok-1", "text": "xAI released Grok-1, 314B.", "date": "2024-03-18"},
]


@pytest.fixture
def two(run: Run, tmp_path: Path) -> list[dict[str, Any]]:
    """Two events in the store."""
    path = tmp_path / "stories.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in STORIES), "utf-8")
    assert run("ingest", str(path)).code == 0
    return events(run)


def events(run: Run) -> list[dict[str, Any]]:
    return sorted(
        (json.loads(line) for line in run("events", "--json").out.splitlines()), key=lambda e: e["event_type"]
    )


def listed(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("correct", "list", "--json").out.splitlines()]


def test_a_merge_is_listed_with_its_author_and_reason_and_undone(run: Run, two: list[dict[str, Any]]) -> None:
    one, other = two[0]["id"], two[1]["id"]
    made = run("correct", "merge", one, other, "--by", "anna", "--why", "one story")
    assert made.code == 0
    assert "correct undo 1" in made.out
    assert [event["id"] for event in events(run)] == [one]
    whole = run("events", one, "--json").out
    assert json.loads(whole)["scores"]
    assert run("events", other, "--json").out == whole
    (row,) = listed(run)
    assert (row["kind"], row["made_by"], row["why"], row["undone_at"]) == ("merge", "anna", "one story", None)
    assert [len(kept["documents"]) for kept in row["before"]] == [1, 1]
    assert [len(kept["documents"]) for kept in row["after"]] == [2, 0]
    assert run("correct", "undo", "1", "--by", "ben", "--why", "two stories").code == 0
    assert events(run) == two
    assert listed(run)[0]["undone_by"] == "ben"


def test_pairs_come_in_the_form_that_fitting_reads(run: Run, two: list[dict[str, Any]]) -> None:
    run("correct", "merge", two[0]["id"], two[1]["id"])
    (pair,) = [json.loads(line) for line in run("correct", "pairs").out.splitlines()]
    assert pair["label"] == 1
    assert {pair["a"]["title"], pair["b"]["title"]} == {row["title"] for row in STORIES}
    assert set(pair["a"]) == {"id", "lang", "date", "title", "text"}
    assert pair["a"]["date"] == "2024-03-18"


def test_title_and_mark_show_in_the_list_of_corrections(run: Run, two: list[dict[str, Any]]) -> None:
    event = two[0]["id"]
    run("correct", "retitle", event, "--zh", "题目", "--en", "A title")
    run("correct", "mark", event, "noise")
    assert [line.split("\t")[3] for line in run("correct", "list").out.splitlines()] == [
        "mark noise",
        "retitle 题目 / A title",
    ]
    assert event not in run("events").out


@pytest.mark.parametrize(
    "words",
    [("merge", "e0", "e1"), ("split", "e0", "d0"), ("move", "d0", "e0"), ("undo", "9"), ("mark", "e0", "lovely")],
)
def test_what_cannot_be_is_one_clear_line(run: Run, two: list[dict[str, Any]], words: tuple[str, ...]) -> None:
    ran = run("correct", *words)
    assert ran.code in (1, 2)
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("launchwatch: ")


def test_a_replay_is_shown_and_changes_nothing_until_taken(run: Run, two: list[dict[str, Any]]) -> None:
    shown = run("replay", "--from", "2024-03-01", "--json")
    assert json.loads(shown.out) == {
        "change": "counts",
        "documents": 2,
        "documents_moved": 0,
        "events_before": 2,
        "events_after": 2,
        "events_appear": 0,
        "events_vanish": 0,
        "events_differ": 0,
    }
    assert "nothing was changed" in shown.err
    assert "taken over" in run("replay", "--from", "2024-03-01", "--take").err
    assert events(run) == two
    assert run("replay", "--take").code == 2
    assert run("replay", "--from", "2024-03-02", "--to", "2024-03-01").code == 2

"""An issue at the terminal: its sheet changed, read back, reviewed, locked; and every wrong step refused in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.console import Refusal, write_whole
from pipeline.lexicon import Lexicon
from tests.cli.conftest import Ran, Run

WEEK = ("--week", "2024-W12")
NEWS = {
    "id": "k1",
    "title": "月之暗面 Kimi 智能助手启动 200 万字无损上下文内测",
    "text": "月之暗面宣布 Kimi 智能助手启动 200 万字无损上下文内测。",
    "date": "2024-03-18",
    "lang": "zh",
}


@pytest.fixture(autouse=True)
def swift(monkeypatch: pytest.MonkeyPatch, lexicon: Lexicon) -> None:
    """Commands share one lexicon, and locking writes one plain format: `tests/worker/test_digests.py` freezes all six."""
    monkeypatch.setattr("worker.desk.load", lambda *_: lexicon.knowledge)
    monkeypatch.setattr("worker.desk.Lexicon", lambda *_: lexicon)
    monkeypatch.setattr("worker.desk.sources_of", lambda _: [])
    monkeypatch.setattr("pipeline.digest.FORMATS", ("text", "json"))


@pytest.fixture
def fed(run: Run, tmp_path: Path) -> Run:
    """A home that holds one event of the week."""
    path = tmp_path / "news.jsonl"
    path.write_text(json.dumps(NEWS, ensure_ascii=False) + "\n", "utf-8")
    assert run("ingest", str(path)).code == 0
    return run


def refused(ran: Ran, code: int, *words: str) -> None:
    assert (ran.code, ran.out) == (code, "")
    assert len(ran.err.strip().splitlines()) == 1, ran.err
    assert all(word in ran.err for word in words), ran.err


def sheet(run: Run, tmp_path: Path) -> Path:
    """The week's sheet with its summary reworded."""
    path = tmp_path / "sheet.md"
    lines = run("digest", "edit", *WEEK).out.splitlines()
    lines[lines.index("## summary-1") + 1] = "本周最要紧的是长文本。"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_a_sheet_is_changed_taken_in_reviewed_and_locked_and_then_stands(fed: Run, tmp_path: Path) -> None:
    path, more = sheet(fed, tmp_path), tmp_path / "more.jsonl"
    assert fed("digest", "edit", str(path), *WEEK, "--by", "李雷").code == 0
    assert fed("digest", "review", *WEEK, "--by", "韩梅梅").code == 0
    assert fed("digest", "lock", *WEEK, "--by", "韩梅梅").code == 0
    kept = json.loads(fed("digest", "issues", "--json").out)
    assert [(step["state"], step["by"]) for step in kept["history"]] == [
        ("edited", "李雷"),
        ("reviewed", "韩梅梅"),
        ("locked", "韩梅梅"),
    ]
    locked = fed("digest", *WEEK).out
    assert "本周最要紧的是长文本。" in locked
    other = {"id": "g1", "title": "xAI 开源大模型 Grok-1，参数量3140亿", "date": "2024-03-18", "lang": "zh"}
    more.write_text(json.dumps(other))
    fed("ingest", str(more))
    refused(fed("digest", "edit", str(path), *WEEK, "--by", "李雷"), 1, "2024-W12-media-zh", "locked")
    assert fed("digest", *WEEK).out == locked
    refused(fed("digest", *WEEK, "--save"), 1, "2024-W12-media-zh", "locked")
    assert "Grok-1" in fed("digest", "diff", *WEEK).out


def test_two_issues_in_json_are_compared(fed: Run, tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    fed("digest", *WEEK, "--format", "json", "-o", str(old))
    words = tmp_path / "words.json"
    words.write_text(json.dumps({"summary-1": "本周最要紧的是长文本。"}))
    fed("digest", "edit", str(words), *WEEK, "--by", "李雷")
    fed("digest", *WEEK, "--format", "json", "-o", str(new))
    assert "+本周最要紧的是长文本。" in fed("digest", "diff", str(old), str(new)).out
    same = fed("digest", "diff", str(new), str(new))
    assert (same.out, "say the same" in same.err) == ("", True)


def test_steps_that_cannot_be_are_refused_and_nothing_is_kept(fed: Run, tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_text("## summary-1\n一句话。\n")
    broken = tmp_path / "words.json"
    broken.write_text('{"summary-9": "x"}')
    refused(fed("digest", "lock", *WEEK, "--by", "A"), 1, "review")
    refused(fed("digest", "diff", *WEEK), 1, "--save")
    refused(fed("digest", "edit", str(path), *WEEK), 2, "--by", "LAUNCHWATCH_AUTHOR")
    refused(fed("digest", "edit", str(broken), *WEEK, "--by", "A"), 2, "summary-9")
    refused(fed("digest", "edit", str(tmp_path / "none.md"), *WEEK, "--by", "A"), 2, "none.md")
    refused(fed("digest", "diff", str(broken)), 2, "words.json", "no issue")
    broken.write_text("[1]")
    refused(fed("digest", "edit", str(broken), *WEEK, "--by", "A"), 2, "words.json", "object")
    refused(fed("digest", "edit", *WEEK, "--lang", "fr"), 2, "fr", "zh")
    assert fed("digest", "issues").out == ""


def test_a_sheet_without_sentences_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_text("only words")
    refused(run("digest", "edit", str(path), *WEEK, "--by", "A"), 2, "sheet.md", "##")


def test_a_week_without_events_says_so_beside_the_issue(run: Run) -> None:
    ran = run("digest", *WEEK)
    assert ran.code == 0
    assert "库内没有事件" in ran.out
    assert "holds no event of 2024-W12" in ran.err


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, whom no folder is read-only to."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_read_only_folder_is_one_clear_line_and_keeps_what_stands_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "week.md").write_text("as it was sent")
    folder.chmod(0o555)
    with as_nobody(), pytest.raises(Refusal, match=r"week\.md: cannot be written \(Permission denied\)"):
        write_whole(folder / "week.md", "anew")
    folder.chmod(0o755)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("week.md", "as it was sent")]

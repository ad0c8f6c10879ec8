"""The themes as of a day, and stances typed into a knowledge folder of one's own."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.knowledge.bases import sound_base

WHY = ("--reason-zh", "理由", "--reason-en", "why")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = sound_base(tmp_path / "own")
    monkeypatch.setenv("LAUNCHWATCH_KNOWLEDGE", str(folder))
    return folder


def members(run: Run, *words: str) -> dict[str, dict[str, str]]:
    rows = [json.loads(line) for line in run("themes", "--json", *words).out.splitlines()]
    return {row["id"]: {m["security"]: m["stance"] for m in row["members"]} for row in rows}


def test_the_four_lists_of_the_founding_report_stand_as_of_its_day(run: Run) -> None:
    listed = members(run, "--as-of", "2024-03-25")
    first = list(listed)[:4]
    assert first == ["ai", "mr", "game-new-mode", "film-tv-new-mode"]
    assert sum(len(listed[theme]) for theme in first) == 14
    assert listed["ai"] == {"300609.SZ": "watch", "300418.SZ": "watch", "300688.SZ": "recommend"}
    before = members(run, "--as-of", "2024-03-24")
    assert not any(before[theme] for theme in first)


def test_a_stance_is_told_with_author_date_and_reason_in_both_languages(run: Run) -> None:
    (row,) = (json.loads(x) for x in run("themes", "--theme", "mr", "--as-of", "2024-03-25", "--json").out.splitlines())
    first = row["members"][0]
    assert first["author"] == "上海证券"
    assert first["date"] == "2024-03-25"
    assert first["reason"] == {"zh": "数字展陈与XR空间", "en": "digital exhibition and XR spaces"}
    assert "关注" in run("themes", "--theme", "mr", "--as-of", "2024-03-25").out


def test_a_stance_set_and_dropped_is_seen_on_its_days(run: Run, own: Path) -> None:
    assert run("themes", "set", "ai-video", "0700.HK", "recommend", "--author", "A", *WHY).code == 0
    assert members(run)["ai-video"]["00700.HK"] == "recommend"
    assert "00700.HK" not in members(run, "--as-of", "2026-01-01")["ai-video"]
    assert run("themes", "drop", "ai-video", "00700.HK", "--author", "A", *WHY).code == 0
    assert "00700.HK" not in members(run)["ai-video"]
    rows = [json.loads(line) for line in run("themes", "history", "ai-video", "00700.HK", "--json").out.splitlines()]
    assert [row["dropped"] for row in rows] == [False, True]


def test_a_stance_of_an_earlier_day_is_known_only_from_today(run: Run, own: Path) -> None:
    words = ("themes", "set", "ai-video", "00700.HK", "watch", "--author", "A", *WHY, "--date", "2024-01-01")
    run(*words)
    assert "00700.HK" not in members(run, "--as-of", "2025-01-01")["ai-video"]
    run(*words, "--known-from", "2024-01-02")
    assert "00700.HK" in members(run, "--as-of", "2025-01-01")["ai-video"]


def test_the_bundled_base_is_not_edited(run: Run) -> None:
    ran = run("themes", "set", "ai", "00700.HK", "watch", "--author", "A", *WHY)
    assert ran.code == 1
    assert "launchwatch knowledge copy FOLDER" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "no-theme", "00700.HK", "watch", "--author", "A"), "no-theme"),
        (("set", "ai-video", "ACME", "watch", "--author", "A"), "ACME"),
        (("set", "ai-video", "00700.HK", "buy", "--author", "A"), "'buy' is no stance"),
        (("set", "ai-video", "00700.HK", "watch"), "--author"),
        (("set", "ai-video", "00700.HK", "watch", "--author", "A", "--date", "2999-01-01"), "future"),
    ],
)
def test_a_stance_that_cannot_be_is_refused(run: Run, own: Path, words: tuple[str, ...], said: str) -> None:
    ran = run("themes", *words, *WHY)
    assert ran.code == 2
    assert said in ran.err


def test_nothing_is_dropped_that_does_not_stand(run: Run, own: Path) -> None:
    ran = run("themes", "drop", "ai-video", "00700.HK", "--author", "A", *WHY)
    assert ran.code == 1
    assert str(date.today().year) in ran.err

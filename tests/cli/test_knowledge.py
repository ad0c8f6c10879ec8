"""A knowledge folder of one's own: made, changed with evidence, compared, and gaps shown without being taken in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from knowledge.load import load
from tests.cli.conftest import Run
from tests.knowledge.bases import sound_base

PAGE = ("--evidence", "https://example.com/page")
COMPANY = ("add-company", "luma", "--name-en", "Luma", "--type", "lab", "--country", "US")
TIE = ("add-relation", "openai", "concept", "300364.SZ", "--concept", "sora", "--what", "named beside Sora")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = sound_base(tmp_path / "own")
    monkeypatch.setenv("LAUNCHWATCH_KNOWLEDGE", str(folder))
    return folder


def rows(run: Run, *words: str) -> list[dict[str, Any]]:
    ran = run("knowledge", *words, "--json")
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def test_a_copy_of_the_bundled_base_can_be_changed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("knowledge", "copy", str(tmp_path / "mine"))
    assert ran.code == 0
    assert f"LAUNCHWATCH_KNOWLEDGE={tmp_path / 'mine'}" in ran.err
    monkeypatch.setenv("LAUNCHWATCH_KNOWLEDGE", str(tmp_path / "mine"))
    taken = run("knowledge", "add-company", "other", "--name-en", "Moonshot AI", *COMPANY[4:], *PAGE)
    assert (taken.code, "also a name of moonshot-ai" in taken.err) == (1, True), taken.err
    assert run("knowledge", "add-relation", "moonshot-ai", "partner", "0700.HK", "--what", "w", *PAGE).code == 0
    (change,) = rows(run, "diff")
    assert (change["kind"], change["row"]) == ("added", "moonshot-ai/partner/00700.HK")


def test_the_bundled_base_is_not_edited(run: Run) -> None:
    ran = run("knowledge", "add-relation", "moonshot-ai", "partner", "00700.HK", "--what", "w", *PAGE)
    assert ran.code == 1
    assert "launchwatch knowledge copy FOLDER" in ran.err


def test_a_company_is_added_with_products_and_a_tie(run: Run, own: Path) -> None:
    assert run("knowledge", *COMPANY, "--alias", "Luma Labs", *PAGE).code == 0
    product = ("luma", "ray", "--name", "Ray", "--weights", "closed", "--out", "video", "--first-release", "2024-06")
    assert run("knowledge", "add-product", *product, *PAGE).code == 0
    ran = run("knowledge", "add-relation", "luma", "concept", "300364.SZ", "--concept", "sora", "--what", "w", *PAGE)
    assert ran.code == 0, ran.err
    knowledge = load(own)
    assert knowledge.companies["luma"].names == ("Luma", "Luma Labs")
    assert knowledge.products["ray"].first_release_precision == "month"
    assert [r.id for r in knowledge.relations if r.company == "luma"] == ["luma/concept/300364.SZ/sora"]


def test_a_listed_company_comes_with_its_listing(run: Run, own: Path) -> None:
    words = ("add-company", "nvidia", "--name-en", "NVIDIA", "--type", "lab", "--country", "US")
    assert run("knowledge", *words, "--listed", "NASDAQ:NVDA", *PAGE).code == 0
    assert load(own).securities["NASDAQ:NVDA"].company == "nvidia"
    assert run("check").code == 0


def test_a_tie_is_known_from_today_unless_one_says_otherwise(run: Run, own: Path) -> None:
    assert run("knowledge", *TIE, "--from", "2024-02-20", *PAGE).code == 0

    def seen(day: str) -> bool:
        return "openai" in run("securities", "300364.SZ", "--as-of", day, "--json").out

    assert not seen("2024-03-01")
    assert seen("2999-01-01")
    known = ("--from", "2024-02-20", "--known-from", "2024-02-21", "--part", "again")
    assert run("knowledge", *TIE, *known, *PAGE).code == 0
    assert (seen("2024-02-20"), seen("2024-02-21")) == (False, True)


def test_a_stale_tie_is_confirmed_or_ended(run: Run, own: Path) -> None:
    tie = "openai/concept/300364.SZ/sora"
    run("knowledge", *TIE, "--from", "2024-02", "--known-from", "2024-03-01", *PAGE)
    assert run("knowledge", "confirm", tie, "--evidence", "https://example.com/still").code == 0
    assert [len(r.source) for r in load(own).relations if r.id == tie] == [2]
    assert run("knowledge", "end", tie, "--on", "2024-05-01", "--evidence", "https://example.com/end").code == 0
    days = ("2024-04-01", "2024-06-01", "2999-01-01")
    seen = ["openai" in run("securities", "300364.SZ", "--as-of", day, "--json").out for day in days]
    assert seen == [True, True, False], "what ended is seen until the day on which we learn of it"
    assert run("knowledge", "end", tie, "--on", "2023", "--evidence", "https://example.com/end").code == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (TIE, 2, "--evidence"),
        ((*TIE, "--evidence", "my memory"), 1, "no address"),
        ((*TIE[:2], "friend", *TIE[3:], *PAGE), 2, "'friend' is not one of"),
        ((*TIE[:3], "ACME", *TIE[4:], *PAGE), 2, "ACME"),
        ((*TIE, "--from", "2024-13", *PAGE), 1, "no such day"),
        (("add-relation", "openai", "concept", "300364.SZ", "--what", "w", *PAGE), 1, "concept: is missing"),
        ((*COMPANY, "--type", "guild", *PAGE), 2, "'guild' is not one of"),
        ((*COMPANY, "--parent", "nobody", *PAGE), 1, "no such company"),
        (("add-company", "Bad Id", *COMPANY[2:], *PAGE), 1, "id: "),
        (("diff", "nowhere"), 2, "nowhere"),
        (("suggest", "--kind", "person"), 2, "person"),
        (("candidates", "--from", "2024-02-01", "--to", "2024-01-01"), 2, "--from must lie before --to"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    run: Run, own: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    before = load(own).version
    ran = run("knowledge", *words)
    assert ran.code == code, ran
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert load(own).version == before


def test_stale_ties_are_listed_as_of_a_day(run: Run) -> None:
    found = rows(run, "stale", "--as-of", "2025-06-01")
    assert all(row["age_days"] is None or row["age_days"] > row["shelf_life_days"] for row in found)
    assert "moonshot-ai/concept/300738.SZ/kimi" in {row["id"] for row in found}
    assert rows(run, "stale", "--as-of", "2024-03-25") != found


def test_gaps_are_shown_with_quotes_and_never_taken_in(run: Run, tmp_path: Path) -> None:
    news = [
        {"title": "「星环量子」完成数千万元融资", "text": "星环量子宣布完成融资，将训练大模型。"},
        {"title": "智谱与科大讯飞达成合作", "text": "智谱 AI 与科大讯飞宣布在大模型上达成战略合作。"},
    ]
    lines = [json.dumps({**one, "id": str(n), "date": "2024-03-22"}, ensure_ascii=False) for n, one in enumerate(news)]
    (tmp_path / "news.jsonl").write_text("\n".join(lines), "utf-8")
    assert run("ingest", str(tmp_path / "news.jsonl")).code == 0
    span, before = ("--from", "2024-03-01", "--to", "2024-04-01"), load().version
    (name,) = rows(run, "suggest", "--kind", "company", *span)
    assert (name["name"], name["documents"]) == ("星环量子", 1)
    assert name["quotes"][0]["words"] == news[0]["title"]
    found = {(t["company"], tuple(t["securities"])): t for t in rows(run, "candidates", *span)}
    tie = found["zhipu", ("002230.SZ",)]
    assert tie["deals"] == 1
    assert "科大讯飞" in tie["quotes"][0]["words"]
    assert rows(run, "candidates", "--least", "2", *span) == []
    assert load().version == before

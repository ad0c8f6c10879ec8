"""Prices handed to the digest at the command line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from worker.prices import PricesUnreachable

WEEK = ("digest", "--week", "2024-W12")
PRICES = """date,security,close,index
2024-03-15,300364.SZ,20,3500
2024-03-22,300364.SZ,22,3535
2024-03-22,000300.SH,3535,
2024-03-15,000300.SH,3500,
2024-03-15,I.MEDIA,100,
2024-03-22,I.MEDIA,104,
"""


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Run:
    title = "中文在线（300364.SZ）发布中文逍遥大模型"
    news = {"id": "k", "title": title, "text": f"{title}。", "published_at": "2024-03-19T10:00:00+08:00"}
    (tmp_path / "news.jsonl").write_text(json.dumps(news, ensure_ascii=False), "utf-8")
    (tmp_path / "p.csv").write_text(PRICES, "utf-8")
    assert run("ingest", str(tmp_path / "news.jsonl")).code == 0
    return run


def test_the_digest_tells_what_linked_stocks_did(filled: Run, tmp_path: Path) -> None:
    assert "涨10%" not in filled(*WEEK).out
    ran = filled(*WEEK, "--prices", str(tmp_path / "p.csv"))
    assert ran.code == 0, ran.err
    assert "上涨10%，较市场指数高9个百分点" in "".join(ran.out.split())


def test_the_recap_names_the_indices_that_are_chosen(filled: Run, tmp_path: Path) -> None:
    words = ("--prices", str(tmp_path / "p.csv"), "--market", "000300.SH", "--sector", "I.MEDIA")
    market = json.loads(filled(*WEEK, *words, "--format", "json").out)["market"]
    assert [s["en"] for s in market["sentences"]] == [
        "I.MEDIA rose 4%, closing at 104.",
        "000300.SH rose 1%, closing at 3,535.",
        "I.MEDIA outperformed 000300.SH by 3 points.",
    ]


def test_an_index_without_prices_is_told(filled: Run, tmp_path: Path) -> None:
    early = ("digest", "--week", "2023-W12", "--prices", str(tmp_path / "p.csv"))
    assert "p.csv has no prices of the index '000300.SH' up to 2023-W12" in filled(*early, "--market", "000300.SH").err
    assert "no prices" not in filled(*WEEK, "--prices", str(tmp_path / "p.csv")).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prices", "nowhere.csv"), "nowhere.csv"),
        (("--market", "000300.SH"), "--prices"),
        (("--prices", "p.csv", "--market", "NONE"), "'NONE'"),
        (("--prices", "news.jsonl"), "news.jsonl, line"),
        (("--prices", "bare.csv"), "--market"),
    ],
)
def test_wrong_prices_are_refused(
    filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bare.csv").write_text("date,security,close\n2024-03-15,A,1\n")
    (tmp_path / "news.jsonl").write_text("x\ny\n")
    monkeypatch.chdir(tmp_path)
    ran = filled(*WEEK, *words)
    assert ran.code == 2, ran
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_prices_of_the_net_need_an_index_and_the_library(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run(*WEEK, "--prices", "yahoo")
    assert (ran.code, "needs the index to measure against" in ran.err) == (2, True)
    monkeypatch.setattr("cli.prices.find_spec", lambda _: None)
    ran = run(*WEEK, "--prices", "yahoo", "--market", "000300.SH")
    assert ran.code == 1
    assert "pip install 'launchwatch[prices]'" in ran.err


def test_prices_that_cannot_be_had_are_told_in_a_line(filled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        source = "Nowhere"

        def closes(self, security: str, since: date, until: date) -> list[tuple[date, float]]:
            raise PricesUnreachable(self.source, security, "no route")

    monkeypatch.setattr("cli.prices._yahoo", lambda _: Silent())
    ran = filled(*WEEK, "--prices", "yahoo", "--market", "000300.SH")
    assert ran.code == 1
    assert "Nowhere gives no prices of 000300.SH now: no route; leave --prices out, or give a CSV" in ran.err

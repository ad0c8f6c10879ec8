"""Prices out of a CSV file, and what a digest takes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from pipeline.digest import Week
from worker.prices import INDEX, CsvPrices, PricesBroken, Quotes

WEEK = Week.parse("2024-W12", "Asia/Shanghai")
HEAD = "date,security,close,index,name\n"


def written(folder: Path, *lines: str, head: str = HEAD) -> CsvPrices:
    (folder / "prices.csv").write_text(head + "\n".join(lines), "utf-8")
    return CsvPrices(folder / "prices.csv")


def test_closes_come_in_order_within_their_days(tmp_path: Path) -> None:
    held = written(
        tmp_path, "2024-03-22,A,3,30,甲", "2024-03-15,A,1,10,甲", "2024-03-18,A,2,20,甲", "2024-03-18,B,9,20,"
    )
    days = date(2024, 3, 15), date(2024, 3, 18)
    assert held.closes("A", *days) == [(days[0], 1.0), (days[1], 2.0)]
    assert held.closes(INDEX, *days) == [(days[0], 10.0), (days[1], 20.0)]
    assert held.closes("C", *days) == []
    assert (held.called("A"), held.called("B"), held.source) == ("甲", "B", "prices.csv")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2024-02-30,A,1,1,", "day is out of range"),
        ("2024-03-01,A,one,1,", "could not convert"),
        ("2024-03-01,A,0,1,", "is no price"),
        ("2024-03-01,A,nan,1,", "is no price"),
        ("2024-03-01", "line 2"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(PricesBroken, match=said):
        written(tmp_path, line)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(PricesBroken, match="no column 'close'"):
        written(tmp_path, "2024-03-01,A,1", head="date,security,price\n")


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_bytes(bytes(range(256)))
    with pytest.raises(PricesBroken, match="no CSV"):
        CsvPrices(tmp_path / "prices.csv")


def test_two_indices_in_one_column_are_no_index_for_all(tmp_path: Path) -> None:
    assert written(tmp_path, "2024-03-15,A,1,10,").has_index
    assert not written(tmp_path, "2024-03-15,A,1,10,", "2024-03-15,00700.HK,1,11,").has_index
    assert not written(tmp_path, "2024-03-15,A,1", head="date,security,close\n").has_index


def test_a_digest_takes_the_market_and_what_is_linked(tmp_path: Path) -> None:
    lines = [
        "2024-03-15,A,1,10,甲",
        "2024-03-22,A,2,20,甲",
        "2024-03-22,B,5,20,",
        "2024-03-25,A,3,30,",
        "2020-01-02,A,9,9,",
    ]
    prices = Quotes(written(tmp_path, *lines), INDEX).over(WEEK, ["A", "C"])
    assert prices
    assert (prices.market.name.zh, prices.market.closes[-1]) == ("市场指数", (date(2024, 3, 22), 20.0))
    assert prices.sector is None
    assert [(s.id, s.name.zh, len(s.closes)) for s in prices.stocks] == [("A", "甲", 2)]


def test_any_object_with_closes_is_a_source_of_prices() -> None:
    class Flat:
        source = "a table"

        def closes(self, security: str, since: date, until: date) -> Sequence[tuple[date, float]]:
            return [(until, 1.0)] if security != "none" else []

        def called(self, security: str) -> str:
            return security.lower()

    prices = Quotes(Flat(), "M", "S").over(WEEK, ["A"])
    assert prices
    assert (prices.market.id, prices.sector and prices.sector.name.en, prices.stocks[0].source) == ("M", "s", "a table")
    assert Quotes(Flat(), "none").over(WEEK, ["A"]) is None

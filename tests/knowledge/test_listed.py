"""The list of securities: found by id or by any code they go by, whole when asked for, text until then."""

from __future__ import annotations

import time

import pytest

from knowledge.listed import ListedName, SecurityTable, market_of, table_text
from knowledge.load import load
from knowledge.schema import Security
from tests.knowledge.bases import LISTED, ORIGINS

REVIEWED = Security(id="00700.HK", name_zh="腾讯控股", name_en="Tencent", market="HK", source=("a list",))


@pytest.fixture
def table() -> SecurityTable:
    return SecurityTable(table_text(ORIGINS, LISTED), [REVIEWED], {"NASDAQ:NVDA": "nvidia"})


def test_a_line_becomes_a_whole_row_with_its_origins(table: SecurityTable) -> None:
    row = table["300364.SZ"]
    assert (row.name_zh, row.aliases, row.market, row.type, row.status) == (
        "中文在线",
        ("ST中在",),
        "CN-A",
        "stock",
        "listed",
    )
    assert row.source == ("another list", "somebody/open-list")
    assert str(row.as_of) == "2026-08-20"


def test_a_reviewed_row_wins_and_keeps_what_only_the_list_has(table: SecurityTable) -> None:
    row = table["00700.HK"]
    assert (row.name_en, row.listed_name) == ("Tencent", "TENCENT")
    assert "Tencent Holdings Ltd." in row.names
    assert row.source == ("a list",)


def test_the_issuer_comes_from_the_relation(table: SecurityTable) -> None:
    assert table["NASDAQ:NVDA"].company == "nvidia"


@pytest.mark.parametrize("code", ["920592.BJ", "837592.BJ"])
def test_a_replaced_code_leads_to_the_row_that_replaced_it(table: SecurityTable, code: str) -> None:
    assert table.by_code(code) == "920592.BJ"


def test_an_unknown_code_leads_nowhere(table: SecurityTable) -> None:
    assert table.by_code("999999.SZ") is None
    assert "999999.SZ" not in table
    with pytest.raises(KeyError):
        table["999999.SZ"]


def test_names_need_no_rows(table: SecurityTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SecurityTable, "__getitem__", None)
    names = {name.id: name for name in table.names()}
    assert names["NASDAQ:NVDA"] == ListedName("NASDAQ:NVDA", ("NVIDIA Corporation",), "NVDA", "US", "stock", "listed")
    assert names["00700.HK"].names[0] == "腾讯控股"
    assert len(names) == len(table)


def test_names_stay_the_same_after_a_row_was_asked_for(table: SecurityTable) -> None:
    before = list(table.names())
    assert [table[name.id].names for name in before] == [name.names for name in before]
    assert list(table.names()) == before


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("id\tname\n", "names the columns"),
        (table_text(ORIGINS, LISTED) + "300001.SZ\t特锐德\n", "300001.SZ: 2 fields instead of 12"),
        (table_text(ORIGINS, [*LISTED, LISTED[0]]), "stands twice"),
        (table_text(ORIGINS, LISTED) + "\n", "empty"),
    ],
)
def test_a_damaged_list_says_where(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        SecurityTable(text)


def test_the_market_follows_from_the_id() -> None:
    assert [market_of(i) for i in ("300364.SZ", "00700.HK", "NASDAQ:NVDA")] == ["CN-A", "HK", "US"]


def test_every_bundled_line_makes_a_valid_row() -> None:
    securities = load().securities
    assert sum(1 for row in securities.values() if row.names) == len(securities) > 16_000


def test_bundled_names_are_quick_to_go_through() -> None:
    knowledge = load()
    start = time.perf_counter()
    count = sum(1 for _ in knowledge.listed_names())
    assert count == len(knowledge.securities)
    assert time.perf_counter() - start < 1.0  # 0.05 s on an idle core; the limit is for a busy one

"""From a CSV of code lists to the compact list: ids, clean names, kinds of instrument, codes that were replaced."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from knowledge.listed import SecurityTable
from knowledge.securities import build


def line(code: str, exchange: str, **fields: str) -> dict[str, str]:
    """A row of the CSV, with nothing in the fields that a test does not name."""
    empty = dict.fromkeys(("short_name_zh", "name_en", "name_en_long", "aliases", "sector", "industry"), "")
    given = {"code": code, "exchange": exchange, "type": "stock", "status": "listed", "zh_source": "", "en_source": ""}
    return {**empty, **given, **fields}


@pytest.mark.parametrize(
    ("code", "exchange", "expected"),
    [
        ("600519", "SSE", "600519.SH"),
        ("300364", "SZSE", "300364.SZ"),
        ("920592", "BSE", "920592.BJ"),
        ("00700", "HKEX", "00700.HK"),
        ("NVDA", "NASDAQ", "NASDAQ:NVDA"),
    ],
)
def test_an_id_names_code_and_exchange(code: str, exchange: str, expected: str) -> None:
    assert build.security_id(code, exchange) == expected


@pytest.mark.parametrize(
    ("listed", "name", "kind"),
    [
        ("NVIDIA Corporation Common Stock", "NVIDIA Corporation", ""),
        ("Alphabet Inc. Class A Common Stock", "Alphabet Inc.", ""),
        ("Baidu Inc. American Depositary Shares each representing 8 ordinary shares", "Baidu Inc.", ""),
        ("SPACSphere Acquisition Corp. Warrant", "SPACSphere Acquisition Corp. Warrant", "warrant"),
        (
            "Cedar Realty Trust Inc. 6.50% Series C Preferred Stock",
            "Cedar Realty Trust Inc. 6.50% Series C Preferred Stock",
            "preferred",
        ),
        ("Sachem Capital Corp. 6.00% Notes due 2026", "Sachem Capital Corp. 6.00% Notes due 2026", "note"),
        ("Energy Transfer LP Common Units", "Energy Transfer LP", ""),
    ],
)
def test_an_american_name_sheds_its_class_and_keeps_its_kind(listed: str, name: str, kind: str) -> None:
    (row,) = build.compact([line("X", "NYSE", name_en=listed)])
    assert (row["name_en"], row["type"]) == (name, kind)


def test_an_old_beijing_code_is_folded_into_the_new_one() -> None:
    (row,) = build.compact(
        [
            line("920592", "BSE", short_name_zh="华信永道"),
            line("837592", "BSE", short_name_zh="华信永道", status="old_code"),
        ]
    )
    assert (row["id"], row["alt_codes"]) == ("920592.BJ", "837592.BJ")


def test_an_old_beijing_code_is_followed_through_a_change_of_name() -> None:
    (row,) = build.compact(
        [line("920834", "BSE", short_name_zh="三维装备"), line("831834", "BSE", short_name_zh="三维股份")]
    )
    assert (row["id"], row["alt_codes"], row["former_names"]) == ("920834.BJ", "831834.BJ", "三维股份")


def test_an_issuer_that_moved_to_shanghai_keeps_its_old_code() -> None:
    (row,) = build.compact(
        [line("688287", "SSE", short_name_zh="观典防务"), line("832317", "BSE", short_name_zh="观典防务")]
    )
    assert (row["id"], row["alt_codes"]) == ("688287.SH", "832317.BJ")


def test_an_old_beijing_code_without_an_heir_stays() -> None:
    rows = build.compact(
        [line("839680", "BSE", short_name_zh="广道数字"), line("920680", "BSE", short_name_zh="别家公司")]
    )
    assert [row["id"] for row in rows] == ["839680.BJ", "920680.BJ"]


@pytest.mark.parametrize(
    ("code", "exchange", "short", "aliases", "name", "others"),
    [
        ("601066", "SSE", "XD中信建", "中信建投", "中信建投", ""),
        ("301655", "SZSE", "N绿控传动", "", "绿控传动", ""),
        ("603017", "SSE", "中衡设计", "XD中衡设", "中衡设计", ""),
        ("000100", "SZSE", "TCL科技", "TCL集团", "TCL科技", "TCL集团"),
        ("600001", "SSE", "*ST某某", "", "*ST某某", ""),
    ],
)
def test_an_exchanges_mark_of_the_day_is_no_part_of_a_name(
    code: str, exchange: str, short: str, aliases: str, name: str, others: str
) -> None:
    (row,) = build.compact([line(code, exchange, short_name_zh=short, aliases=aliases)])
    assert (row["name_zh"], row["aliases"]) == (name, others)


def test_the_written_list_reads_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [
        line("300364", "SZSE", short_name_zh="中文\t在线", zh_source="adata"),
        line("00700", "HKEX", name_en="TENCENT"),
    ]
    with (tmp_path / "list.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(given[0]))
        writer.writeheader()
        writer.writerows(given)
    monkeypatch.setattr(build, "OUT", tmp_path / "all.tsv.gz")
    assert build.main([str(tmp_path / "list.csv")]) == 0
    written = (tmp_path / "all.tsv.gz").read_bytes()
    table = SecurityTable(gzip.decompress(written).decode())
    assert table["300364.SZ"].name_zh == "中文 在线"
    assert build.main([str(tmp_path / "list.csv")]) == 0
    assert (tmp_path / "all.tsv.gz").read_bytes() == written


def test_no_file_is_wrong_use() -> None:
    assert build.main([]) == 2

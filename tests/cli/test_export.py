"""Events x securities for a study: three times that are never mixed, typed columns, and nothing known later."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from storage.export import COLUMNS
from tests.cli.conftest import Run

KIMI = {
    "id": "k1",
    "title": "Kimi 智能助手启动 200 万字无损上下文内测",
    "text": "月之暗面宣布 Kimi 智能助手启动 200 万字无损上下文内测。",
    "published_at": "2024-03-22T10:00:00+08:00",
}
SPAN = ("--from", "2024-03-11", "--to", "2024-04-01")


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Run:
    (tmp_path / "news.jsonl").write_text(json.dumps(KIMI, ensure_ascii=False), "utf-8")
    run("ingest", str(tmp_path / "news.jsonl"))
    return run


def rows(run: Run, *words: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(run("export", *SPAN, *words).out)))


def test_each_row_tells_when_it_was_published_seen_and_linked(filled: Run) -> None:
    found = rows(filled)
    assert {row["published_at"] for row in found} == {"2024-03-22T02:00:00Z"}
    now = datetime.now(UTC)
    for row in found:
        seen, known = (datetime.fromisoformat(row[name]) for name in ("first_seen_at", "link_known_at"))
        assert now - timedelta(minutes=5) < seen <= known <= now
        assert row["as_of"] == "2024-03-22"
        assert row["direct"] in ("true", "false")
        assert 0 < float(row["weight"]) <= 1


def test_nothing_is_shown_that_was_not_linked_by_then(filled: Run) -> None:
    ran = filled("export", *SPAN, "--as-of", "2024-03-25")
    assert ran.out.splitlines() == [",".join(COLUMNS)]
    assert f"{len(rows(filled))} links stand now" in ran.err
    assert len(rows(filled, "--as-of", "2999-01-01")) == len(rows(filled)) > 0


def test_parquet_holds_the_same_rows_with_types(filled: Run, tmp_path: Path) -> None:
    ran = filled("export", *SPAN, "-o", str(tmp_path / "links.parquet"))
    assert ran.code == 0, ran.err
    table = pyarrow.parquet.read_table(tmp_path / "links.parquet")
    assert table.column_names == list(COLUMNS)
    assert table.schema.field("published_at").type == pyarrow.timestamp("us", tz="UTC")
    assert table.schema.field("direct").type == pyarrow.bool_()
    assert table.schema.field("weight").type == pyarrow.float64()
    found, plain = table.to_pylist(), rows(filled)
    assert [row["security_id"] for row in found] == [row["security_id"] for row in plain]
    assert found[0]["published_at"] == datetime(2024, 3, 22, 2, tzinfo=UTC)
    assert found[0]["as_of"] == date(2024, 3, 22)
    assert found[0]["companies"] == plain[0]["companies"].split()
    assert found[0]["occurred_on"] is None or isinstance(found[0]["occurred_on"], date)


def test_an_empty_export_keeps_its_columns_and_types(run: Run, tmp_path: Path) -> None:
    run("export", *SPAN, "-o", str(tmp_path / "none.parquet"))
    table = pyarrow.parquet.read_table(tmp_path / "none.parquet")
    assert (table.num_rows, table.column_names) == (0, list(COLUMNS))


def test_without_pyarrow_one_line_says_what_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "storage.parquet", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = run("export", *SPAN, "-o", str(tmp_path / "links.parquet"))
    assert ran.code == 1
    assert "launchwatch[parquet]" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2024-03-11", "--to", "2024-03-11"), "--from must lie before --to"),
        ((*SPAN, "--format", "xlsx"), "xlsx"),
        ((*SPAN, "--as-of", "yesterday"), "--as-of"),
    ],
)
def test_wrong_words_are_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    ran = run("export", *words)
    assert ran.code == 2
    assert said in ran.err

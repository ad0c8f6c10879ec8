"""The hostile site says what it does, and docs/misbehaviour.md which test holds us to our answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.site.hostile import EVERYTHING

ROOT = Path(__file__).parent.parent.parent
TABLE = (ROOT / "docs" / "misbehaviour.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py): (test_\w+)`", TABLE)))


@pytest.mark.parametrize("path", EVERYTHING)
def test_every_misdeed_is_told_and_stands_in_the_table(path: str) -> None:
    assert EVERYTHING[path].__doc__
    assert f"`{path}`" in TABLE


def test_every_test_of_the_table_is_there() -> None:
    for file, name in NAMED:
        path = ROOT / (file if file.startswith("tests/") else f"tests/crawlers/{file}")
        assert f"def {name}(" in path.read_text("utf-8"), f"{file}: {name}"
    assert len(NAMED) > 70


def test_every_row_of_the_table_names_its_test() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| misbehaviour")]
    assert len(rows) > 45
    assert [row for row in rows if not re.search(r"`[\w/]+\.py: test_\w+`", row.split(" | ")[-1])] == []

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
    assert len(NAMED) > 50

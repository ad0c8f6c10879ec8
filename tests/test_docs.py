"""A command, a setting or a source kind without its line in docs/ fails here."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from cli.main import COMMANDS
from crawlers.sources import Kind
from settings import Settings

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_line(command: str) -> None:
    assert f"`launchwatch {command}" in (DOCS / "commands.md").read_text("utf-8")


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_has_its_line(field: str) -> None:
    assert f"`LAUNCHWATCH_{field.upper()}`" in (DOCS / "settings.md").read_text("utf-8")


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_source_kind_has_its_line(kind: str) -> None:
    assert f"`{kind}`" in (DOCS / "collecting.md").read_text("utf-8")

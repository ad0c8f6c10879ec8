"""Runs a command in this process, as a shell would see it: exit code, output, complaint."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.main import main


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps the parsed knowledge from one test to the next."""
    return tmp_path_factory.mktemp("parsed")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, parsed: Path) -> Run:
    """`run("digest", "--week", "2024-W12", stdin="...")` in a home of the test's own."""
    monkeypatch.setenv("LAUNCHWATCH_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "cache").symlink_to(parsed)
    monkeypatch.delenv("LAUNCHWATCH_TRACEBACK", raising=False)

    def call(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["launchwatch", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call

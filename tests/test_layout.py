"""The house stands as it is drawn: every package is the checkout's own, and nothing reaches outside in a hurry."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "name", ["api", "cli", "crawlers", "knowledge", "pipeline", "sample", "settings", "storage", "worker"]
)
def test_a_package_resolves_inside_the_checkout(name: str) -> None:
    found = import_module(name).__file__
    assert found is not None
    assert Path(found).is_relative_to(ROOT)


def test_a_worker_never_installs_a_reactor() -> None:
    """Scrapy refuses to run without a reactor once anybody has imported one."""
    script = (
        "import sys, worker.app, worker.tasks, worker.embedded; sys.exit('twisted.internet.reactor' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_settings_import_nothing_of_ours() -> None:
    """A single module is no package to import-linter: looked at here instead."""
    tree = ast.parse((ROOT / "settings.py").read_text("utf-8"))
    named = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    named += [alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names]
    assert not {name.split(".")[0] for name in named} & {
        "api",
        "cli",
        "crawlers",
        "knowledge",
        "pipeline",
        "storage",
        "worker",
    }


def test_the_lock_files_name_no_host() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text("utf-8"), lock.name

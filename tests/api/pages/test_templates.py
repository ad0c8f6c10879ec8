"""Every template is escaped, whatever it is called, and none says that something is safe."""

from __future__ import annotations

import re
from pathlib import Path

from api.pages.showing import templates

FOLDER = Path(__file__).parents[3] / "api"
HOSTILE = "<script>alert(1)</script>\"'&"
TRUSTED = re.compile(r"\|\s*safe\b|\bMarkup\s*\(|autoescape\s+(?:false|off)|\bsrcdoc\b")


def test_every_template_is_escaped() -> None:
    names = templates.env.list_templates()
    escaped = templates.env.autoescape
    assert len(names) > 20
    assert callable(escaped)
    assert [name for name in names if not escaped(name)] == []
    assert [path.name for path in (FOLDER / "templates").rglob("*") if path.is_file() and path.suffix != ".html"] == []
    shown = templates.env.from_string("{{ words }}{{ {'a': words} }}{{ words | upper }}").render(words=HOSTILE)
    assert "<script" not in shown.lower()


def test_no_template_trusts_what_it_shows() -> None:
    trusting = [
        f"{path.name}: {found.group()}"
        for path in (FOLDER / "templates").rglob("*.html")
        for found in TRUSTED.finditer(path.read_text("utf-8"))
    ]
    assert trusting == []


def test_what_is_called_markup_holds_no_words_from_outside() -> None:
    made = [
        line.strip()
        for path in FOLDER.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\bMarkup\(", line)
    ]
    assert all(
        re.search(r'Markup\("[^"{]*"\)|Markup\(\'<time datetime="\{\}">\{\}</time>\'\)\.format\(', line)
        for line in made
    )

"""Digests of real weeks held against their own facts: every number, code and address of every format, read back from the files.

    python -m benchmarks.check_digests week_2024_03.jsonl 2024-W11 2024-W13
    python -m benchmarks.check_digests demo 2024-W12

Documents as `launchwatch ingest` takes them, or the bundled sample, go into a throw-away store; each week is written
under every lens and in both languages; text, Markdown, HTML, JSON and Word are parsed as files, PDF is read with
poppler's `pdftotext`, where it is installed (what a line break of a cell cut in two is looked up in the Markdown). One
line a week and lens: how much was read, and what nothing supports; the exit code is 1 where anything is.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import docx

from cli.console import read_settings
from cli.store import opened_desk
from pipeline import digest as digests
from worker.desk import Desk
from worker.digests import write

CLOCK = datetime(2024, 4, 8, tzinfo=UTC)
LANGUAGES = ("zh", "en")


class _Words(HTMLParser):
    """The words of a page that a reader sees, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script")
        self.found += [f" {value} " for name, value in attrs if name == "href" and value and value.startswith("http")]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")
        if tag in ("p", "td", "th", "li", "h1", "h2", "h3", "text", "div"):
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


def words_of(content: str | bytes, form: str) -> str | None:
    """What a reader of a file reads; None where this machine has nothing to read it with."""
    if form == "html":
        page = _Words()
        page.feed(content if isinstance(content, str) else content.decode())
        return "".join(page.found)
    if form == "docx":
        assert isinstance(content, bytes)
        return _word(content)
    if form == "pdf":
        assert isinstance(content, bytes)
        return _pdf(content)
    assert isinstance(content, str)
    return content if form != "json" else "\n".join(_told(json.loads(content)))


def _word(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    lines = [p.text for p in document.paragraphs]
    lines += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    section = document.sections[0]
    return "\n".join([*lines, *(p.text for part in (section.header, section.footer) for p in part.paragraphs)])


def _pdf(content: bytes) -> str | None:
    reader = shutil.which("pdftotext")
    if reader is None:
        return None
    ran = subprocess.run([reader, "-raw", "-", "-"], input=content, capture_output=True, check=True)
    return ran.stdout.decode()


def _is_broken_off(piece: str, made: digests.Digest, language: str) -> bool:
    """Whether a piece of a PDF is a part of what the Markdown, itself held against the facts, has in one: a cell breaks lines."""
    return "".join(piece.split()) in "".join(str(digests.render(made, "md", language)).split())


def _told(part: object) -> Iterator[str]:
    """The sentences of an issue's JSON."""
    if isinstance(part, dict):
        if {"zh", "en", "kind"} <= part.keys() and isinstance(part["zh"], str):
            yield from (part["zh"], part["en"])
        for value in part.values():
            yield from _told(value)
    elif isinstance(part, list):
        for value in part:
            yield from _told(value)


def check(desk: Desk, week: str, lens: str) -> int:
    """Print what one week's issue under a lens says without support; how many pieces."""
    period = digests.Week.parse(week, "Asia/Shanghai")
    made = write(desk, period, desk.lexicon.knowledge.lenses[lens], CLOCK)
    missing = [f"sentence: {words}" for words in digests.unsupported_sentences(made)]
    read = 0
    unread: set[str] = set()
    for form in digests.FORMATS:
        for language in LANGUAGES:
            words = words_of(digests.render(made, form, language), form)
            if words is None:
                unread.add(form)
                continue
            read += len(words)
            pieces = digests.unsupported(made, words)
            if form == "pdf":
                pieces = [piece for piece in pieces if not _is_broken_off(piece, made, language)]
            missing += [f"{form} {language}: {piece}" for piece in pieces]
    events, claims = len(made.inputs), len(made.claims)
    print(
        f"{week} {lens}: {events} events, {claims} claims, {read} characters read, {len(missing)} unsupported", end=""
    )
    print(f" (not read: {', '.join(unread)})" if unread else "")
    for line in missing[:20]:
        print(f"  {line}")
    return len(missing)


def main(path: str, *weeks: str) -> int:
    """The whole check in a throw-away store; how many pieces nothing supports."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["LAUNCHWATCH_HOME"] = home
        filling = ["demo", "--folder", home] if path == "demo" else ["ingest", str(Path(path).resolve())]
        subprocess.run([sys.executable, "-m", "cli.main", *filling], check=True, stdout=sys.stderr)
        with opened_desk(read_settings()) as desk:
            return sum(check(desk, week, lens) for week in weeks for lens in desk.lexicon.knowledge.lenses)


if __name__ == "__main__":
    raise SystemExit(1 if main(*sys.argv[1:]) else 0)

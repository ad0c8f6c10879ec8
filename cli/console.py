"""What every command shares at the terminal: one-line refusals, JSON Lines in and out, a progress bar, the open store."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from knowledge.index import KnowledgeBase
from knowledge.load import KnowledgeInvalid, load
from pipeline.lexicon import Lexicon
from settings import Settings
from worker.semantics import NoEncoder, alike

stderr = Console(stderr=True, highlight=False)


class Refusal(Exception):
    """The command cannot go on. The message says what is wrong and what to do; `code` 1: the job failed, 2: wrong use."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


_asked_to_stop = threading.Event()
_in_pieces = threading.Event()


def interrupt(*_: object) -> None:
    """The handler of Ctrl-C and of a polite kill. The wish is kept, since a library may swallow what is raised here.

    Work in pieces ends its piece first: raised inside a transaction's own steps, it could leave the store held. Asked a
    second time, it ends where it stands.
    """
    is_first = not _asked_to_stop.is_set()
    _asked_to_stop.set()
    if not (is_first and _in_pieces.is_set()):
        raise KeyboardInterrupt


@contextmanager
def in_pieces() -> Iterator[None]:
    """Work that calls `heed_interrupt` between its pieces, each of a second or so."""
    _in_pieces.set()
    try:
        yield
    finally:
        _in_pieces.clear()


def heed_interrupt() -> None:
    """Between two pieces of long work: raises KeyboardInterrupt if a person asked to stop meanwhile."""
    if _asked_to_stop.is_set():
        raise KeyboardInterrupt


def forget_interrupt() -> None:
    """At the start of a command: nobody has asked it to stop yet."""
    _asked_to_stop.clear()


def complain(message: str) -> None:
    """One line on standard error."""
    print(f"launchwatch: {' '.join(message.split())}", file=sys.stderr)


def now() -> datetime:
    """The clock: read here, at the top, and handed down."""
    return datetime.now(UTC)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the garbage collector, which would go through a hundred thousand rows again and again while they are made."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_settings() -> Settings:
    """The installation's settings, or a line that names the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "LAUNCHWATCH_" + "_".join(str(p) for p in first["loc"]).upper()
        raise Refusal(f"{name}: {first['msg'].removeprefix('Value error, ')}", code=2) from error


def read_knowledge(settings: Settings) -> KnowledgeBase:
    """The bundled knowledge base, or the installation's own."""
    try:
        with undisturbed():
            return load(settings.knowledge, settings.cache, settings.lenses)
    except KnowledgeInvalid as error:
        raise Refusal(str(error)) from error


def read_lexicon(settings: Settings) -> Lexicon:
    """The knowledge base, ready for tagging."""
    knowledge = read_knowledge(settings)
    try:
        encoder = alike(settings.semantic)
    except NoEncoder as error:
        raise Refusal(str(error)) from error
    with undisturbed():
        return Lexicon(knowledge, encoder)


def print_lines(rows: Iterable[dict[str, Any] | BaseModel]) -> None:
    """JSON Lines on standard output, one object a line."""
    for row in rows:
        text = row.model_dump_json() if isinstance(row, BaseModel) else json.dumps(row, ensure_ascii=False)
        sys.stdout.write(text + "\n")
    sys.stdout.flush()


def read_lines(path: Path | None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The numbered objects of a JSON Lines file, or of standard input."""
    name = str(path) if path else "standard input"
    for number, line in enumerate(_raw_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise Refusal(f"{name}, line {number}: not JSON ({error.msg}); give one document a line", code=2) from error
        if not isinstance(row, dict):
            raise Refusal(f"{name}, line {number}: not an object; give one document a line", code=2)
        yield number, row


def _raw_lines(path: Path | None) -> Iterator[str]:
    if path is None:
        yield from sys.stdin
        return
    try:
        with path.open(encoding="utf-8") as lines:
            yield from lines
    except FileNotFoundError as error:
        raise Refusal(f"{path}: there is no such file", code=2) from error
    except IsADirectoryError as error:
        raise Refusal(f"{path}: is a folder; name the files in it", code=2) from error
    except PermissionError as error:
        raise Refusal(f"{path}: you may not read it", code=2) from error
    except UnicodeDecodeError as error:
        raise Refusal(f"{path}: not UTF-8 text; JSON Lines are UTF-8", code=2) from error


@contextmanager
def progress(what: str, total: int) -> Iterator[Any]:
    """A progress bar on a terminal, silence elsewhere. Call what it gives once for each piece done."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda count=1: bar.advance(task, count)


@contextmanager
def rows_progress() -> Iterator[Callable[[str, int], None]]:
    """Rows counted on a terminal, under the name of what is done with them; silence elsewhere."""
    bar = Progress(
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )
    tasks: dict[str, TaskID] = {}
    with bar:

        def advance(what: str, rows: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=None)
            bar.advance(tasks[what], rows)

        yield advance


def on_terminal() -> bool:
    """Whether standard output is a person's screen."""
    return sys.stdout.isatty()


def print_table(table: Table, caption: str) -> None:
    """A table for a person; tab-separated lines, without frame or caption, where output goes to a pipe."""
    if on_terminal():
        Console(highlight=False).print(table)
        if caption:
            stderr.print(caption)
        return
    cells = zip(*(list(column.cells) for column in table.columns), strict=True)
    for row in cells:
        print("\t".join(str(cell) for cell in row))


def write_whole(path: Path, content: str | bytes) -> None:
    """A file written whole or not at all: beside its place first, then moved there."""
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise Refusal(f"{path}: cannot be written ({error.strerror}); name another place") from error
    except KeyboardInterrupt:
        draft.unlink(missing_ok=True)
        raise


def end_of(first: datetime | None) -> datetime | None:
    """The last moment of a day that `day` read."""
    return first + timedelta(days=1) - timedelta(microseconds=1) if first else None


def day(text: str | None, zone: ZoneInfo, option: str) -> datetime | None:
    """The start of a day that was typed, in the report's zone; a month or a year is its first day."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat((text + "-01-01")[:10]), time(), zone)
    except ValueError as error:
        raise Refusal(f"{option}: {text!r} is no day; write 2024-03-18", code=2) from error

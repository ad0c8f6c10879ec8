"""Changes to a knowledge folder of one's own: the whole base is checked with the change in a copy before it is taken over."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from knowledge import schema
from knowledge.check import Problem, check
from knowledge.load import HERE, parse, read_files
from knowledge.rows import with_fields, with_member, with_row, written

_Shape = TypeVar("_Shape", bound=schema.Row)

LOCK = ".launchwatch-lock"
"""Held while one change is checked and taken over: two at once would each forget the other's row."""


class ChangeRefused(Exception):
    """A change was not taken over; the folder is as it was. Says why."""


def copy(folder: Path, source: Path = HERE) -> int:
    """A folder of one's own with every knowledge file of the source; how many files. It must not hold anything yet."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ChangeRefused(f"{folder} holds other things: name an empty folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
        try:
            files = _spread(read_files(source), draft)
            draft.chmod(0o755)
            draft.replace(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise ChangeRefused(f"{folder}: cannot be written ({error.strerror})") from error
    return files


# ---- what can be changed --------------------------------------------------------------------------------------------


def set_stance(folder: Path, theme: str, member: Mapping[str, Any], today: date) -> list[Problem]:
    """One more member row under a theme; earlier rows stay, so a look back sees what stood then. Gives new warnings."""
    shaped(schema.Member, member)
    file = f"themes/{theme}.yaml"
    with _held(folder):
        text = read_files(folder).get(file)
        if text is None:
            raise ChangeRefused(f"there is no theme {theme!r} in {folder}")
        return _take_over(folder, {file: with_member(text.decode(), member)}, today)


def add_company(
    folder: Path, company: Mapping[str, Any], listings: Sequence[Mapping[str, Any]], today: date
) -> list[Problem]:
    """A new company, with its relations `is_listed_as` where it is listed. Gives new warnings."""
    row = shaped(schema.Company, company)
    evident(row.source)
    with _held(folder):
        files = read_files(folder)
        if f"companies/{row.id}.yaml" in files:
            raise ChangeRefused(f"the company {row.id} stands already in companies/{row.id}.yaml")
        changes = {f"companies/{row.id}.yaml": written(company)}
        for listing in listings:
            file = f"relations/{row.id}.yaml"
            changes[file] = with_row(changes.get(file) or files.get(file, b"").decode(), listing)
        return _take_over(folder, changes, today)


def add_row(folder: Path, part: str, kind: type[schema.Row], row: Mapping[str, Any], today: date) -> list[Problem]:
    """A new product or relation, at the end of its company's file. Gives new warnings."""
    evident(tuple(row.get("source", ())))
    shaped(kind, row)
    file = f"{part}/{row['company']}.yaml"
    with _held(folder):
        text = read_files(folder).get(file, b"").decode()
        return _take_over(folder, {file: with_row(text, row)}, today)


def change_relation(folder: Path, relation: str, fields: Mapping[str, Any], source: str, today: date) -> list[Problem]:
    """A relation with some fields written anew and one more source, so that who reads it sees why. Gives new warnings.

    `as_of` stays: what its note says was said for that day.
    """
    evident((source,))
    file = f"relations/{relation.split('/')[0]}.yaml"
    with _held(folder):
        text = read_files(folder).get(file, b"").decode()
        found = next((row.values for row in parse(file, text.encode()) if row.place == relation), None)
        if found is None:
            raise ChangeRefused(
                f"there is no relation {relation!r} in {file}; `launchwatch securities --json` shows ids"
            )
        sources = list(dict.fromkeys((*found.get("source", ()), source)))
        changed = {**fields, "source": sources}
        if "confirmed" in fields:
            changed["confirmed"] = sorted({*found.get("confirmed", ()), *fields["confirmed"]})
        shaped(schema.Relation, {**found, **changed})
        try:
            return _take_over(folder, {file: with_fields(text, relation, changed)}, today)
        except KeyError:
            raise ChangeRefused(f"{file}: {relation} stands in one line; write it line by line first") from None


def shaped(kind: type[_Shape], row: Mapping[str, Any]) -> _Shape:
    """The row validated; `ChangeRefused` names the first field that is wrong."""
    try:
        return kind(**row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]).replace("_", "-")
        raise ChangeRefused(f"{field}: {first['msg']}, not {first['input']!r}") from None


def evident(sources: tuple[str, ...]) -> None:
    """Raises ChangeRefused unless the row names the address of a page."""
    for source in sources:
        address = urlsplit(source)
        if address.scheme not in ("http", "https") or "." not in (address.hostname or ""):
            raise ChangeRefused(f"evidence: {source!r} is no address of a page; give https://...")
    if not sources:
        raise ChangeRefused("evidence: give the address of the page that says so, https://...")


# ---- checked, then taken over ---------------------------------------------------------------------------------------


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    if folder.resolve() == HERE.resolve():
        raise ChangeRefused(
            "the bundled knowledge is never edited in place: make your own with `launchwatch knowledge copy FOLDER` "
            "and set LAUNCHWATCH_KNOWLEDGE=FOLDER"
        )
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError:
        raise ChangeRefused(f"another change of {folder} is being made: try again") from None
    except OSError as error:
        raise ChangeRefused(f"{folder}: cannot be written ({error.strerror})") from error


def _take_over(folder: Path, changes: Mapping[str, str], today: date) -> list[Problem]:
    """The changed files put in place, each whole, if the base with them has no error that it did not have before."""
    before, after = check(folder, today), _checked(folder, changes, today)
    known = {(problem.row, problem.what) for problem in before}
    fresh = [problem for problem in after if (problem.row, problem.what) not in known]
    errors = [str(problem) for problem in fresh if problem.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
        raise ChangeRefused(f"not taken over: {'; '.join(errors[:3])}{more}")
    for file, text in changes.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.part")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    return [problem for problem in fresh if problem.severity == "warning"]


def _checked(folder: Path, changes: Mapping[str, str], today: date) -> list[Problem]:
    with tempfile.TemporaryDirectory(prefix="launchwatch-knowledge-") as place:
        changed = {file: text.encode() for file, text in changes.items()}
        _spread({**read_files(folder), **changed}, Path(place))
        return check(Path(place), today)


def _spread(files: Mapping[str, bytes], folder: Path) -> int:
    for file, content in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return len(files)

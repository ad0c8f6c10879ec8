"""A folder of knowledge as a whole: every row that can be read, where it stands, and what is wrong with the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from knowledge import schema
from knowledge.listed import SecurityTable
from knowledge.load import SECURITIES_TABLE, Found, KnowledgeInvalid, parse, read_files, securities, shape

Severity = Literal["error", "warning"]

_Shape = TypeVar("_Shape", bound=schema.Row)


class Problem(NamedTuple):
    """One thing that is wrong. An error stops `make check`; a warning asks a person to look."""

    file: str
    row: str
    what: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.severity}: {': '.join(part for part in (self.file, self.row, self.what) if part)}"


class Placed(NamedTuple):
    """A valid row, and where it stands."""

    found: Found
    row: schema.Row

    def problem(self, what: str, severity: Severity = "error") -> Problem:
        """That something is wrong with this row."""
        return Problem(self.found.file, self.found.place, what, severity)


class Whole:
    """Every valid row of a folder, by what it is."""

    def __init__(self, placed: list[Placed], table: SecurityTable) -> None:
        self.placed = placed
        self.table = table
        self._ids: dict[type[schema.Row], dict[str, Placed]] = defaultdict(dict)
        for one in placed:
            self._ids[type(one.row)].setdefault(getattr(one.row, "id", ""), one)

    def of(self, kind: type[_Shape]) -> Iterator[tuple[Placed, _Shape]]:
        """Rows of one kind, each with its place."""
        for one in self.placed:
            if isinstance(one.row, kind):
                yield one, one.row

    def has(self, kind: type[schema.Row], row_id: str) -> bool:
        """Whether such a row exists; for securities the compact table counts."""
        return row_id in self.table if kind is schema.Security else row_id in self._ids[kind]

    def company(self, company: str) -> schema.Company | None:
        """The company of an id."""
        one = self._ids[schema.Company].get(company)
        return one.row if one and isinstance(one.row, schema.Company) else None

    def owners_of(self, company: str) -> tuple[str, ...]:
        """The company and its parents; ends where a parent repeats."""
        chain: list[str] = []
        row = self.company(company)
        while row and row.id not in chain:
            chain.append(row.id)
            row = self.company(row.parent) if row.parent else None
        return tuple(chain) or (company,)


def gather(folder: Path, problems: list[Problem]) -> Whole | None:
    """Every row that can be used; what cannot is told in `problems`."""
    try:
        files = read_files(folder)
    except KnowledgeInvalid as error:
        problems.append(_told(error))
        return None
    placed: list[Placed] = []
    for file, content in files.items():
        if file != SECURITIES_TABLE:
            placed += _rows(file, content, problems)
    reviewed = [one.row for one in placed if isinstance(one.row, schema.Security)]
    try:
        table = securities(files, reviewed)
    except KnowledgeInvalid as error:
        problems.append(_told(error))
        table = SecurityTable(reviewed=reviewed)
    return Whole(placed, table)


def _rows(file: str, content: bytes, problems: list[Problem]) -> Iterator[Placed]:
    try:
        found = parse(file, content)
    except KnowledgeInvalid as error:
        problems.append(_told(error))
        return
    if not found:
        problems.append(Problem(file, "", "holds no row"))
    for one in found:
        try:
            yield Placed(one, shape(one))
        except KnowledgeInvalid as error:
            problems.append(_told(error))


def _told(error: KnowledgeInvalid) -> Problem:
    return Problem(error.file, error.row, error.what)

"""What a reviewer of the knowledge looks at: what differs between two folders, and which ties nobody confirmed for long."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple

from knowledge.index import KnowledgeBase, holds, last_day
from knowledge.listed import COLUMNS
from knowledge.load import SECURITIES_TABLE, KnowledgeInvalid, parse, part_of, read_files
from knowledge.schema import Relation

Rows = dict[tuple[str, str], dict[str, Any]]


class Change(NamedTuple):
    """A row that one folder has and the other has not, or has otherwise."""

    part: str
    """companies, products, relations, themes, ..., or the file of a closed list."""
    row: str
    kind: Literal["added", "changed", "gone"]
    fields: dict[str, tuple[Any, Any]]
    """What differs: before and after; of lists only what went and what came."""


class Stale(NamedTuple):
    """A tie that still stands but was not confirmed within its kind's shelf life."""

    relation: Relation
    confirmed: date | None
    """The last day for which it is sure: its beginning, or the day its source speaks for."""
    age_days: int | None
    shelf_life_days: int


def diff(old: Path, new: Path) -> list[Change]:
    """Rows added, changed and gone between two folders, by part and id. `KnowledgeInvalid` names a file that is none."""
    before, after = _rows(old), _rows(new)
    found = []
    for key in sorted(before.keys() | after.keys()):
        held, holds_now = before.get(key), after.get(key)
        if held is None:
            found.append(Change(*key, "added", {name: (None, value) for name, value in (holds_now or {}).items()}))
        elif holds_now is None:
            found.append(Change(*key, "gone", {name: (value, None) for name, value in held.items()}))
        elif held != holds_now:
            found.append(Change(*key, "changed", _fields(held, holds_now)))
    return found


def stale(knowledge: KnowledgeBase, on: date) -> list[Stale]:
    """Relations that stand on a day although older than their kind's shelf life, those of no known date first, then the oldest."""
    found = []
    for relation in knowledge.relations:
        kind = knowledge.relation_kinds.get(relation.kind)
        if kind is None or kind.shelf_life_days is None or not holds(relation, on, on):
            continue
        days = [last_day(relation.valid_from)] if relation.valid_from else []
        days += [day for day in (relation.as_of, *relation.confirmed) if day <= on]
        confirmed = max(days, default=None)
        age = (on - confirmed).days if confirmed else None
        if age is None or age > kind.shelf_life_days:
            found.append(Stale(relation, confirmed, age, kind.shelf_life_days))
    return sorted(found, key=lambda s: (s.age_days is not None, -(s.age_days or 0), s.relation.id))


def _rows(folder: Path) -> Rows:
    """Every row as it is written, by its part and its name."""
    rows: Rows = {}
    for file, content in read_files(folder).items():
        part = part_of(file)
        if file == SECURITIES_TABLE:
            rows.update(_listed(content))
            continue
        for found in parse(file, content):
            rows[part.removesuffix(".yaml"), _name(found.place, found.values)] = found.values
    return rows


def _name(place: str, values: Mapping[str, Any]) -> str:
    """How a row is called: its id; an actor's weight by whom it is for; what stands alone by its place."""
    return str(values.get("id") or values.get("company") or values.get("type") or place)


def _listed(content: bytes) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """The lines of the compact list of securities."""
    try:
        lines = gzip.decompress(content).decode().splitlines()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise KnowledgeInvalid(SECURITIES_TABLE, "", str(error)) from None
    for line in lines:
        cells = line.split("\t")
        if not line.startswith("#") and len(cells) == len(COLUMNS) and cells[0] != COLUMNS[0]:
            yield (
                ("securities list", cells[0]),
                {name: value for name, value in zip(COLUMNS, cells, strict=True) if value and name != "source"},
            )


def _fields(held: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        name: _apart(held.get(name), now.get(name))
        for name in dict.fromkeys((*held, *now))
        if held.get(name) != now.get(name)
    }


def _apart(held: Any, now: Any) -> tuple[Any, Any]:
    """Before and after; of two lists only what is in one of them, unless they differ in order alone."""
    if isinstance(held, list) and isinstance(now, list):
        went, came = [x for x in held if x not in now], [x for x in now if x not in held]
        return (went, came) if went or came else (held, now)
    return held, now

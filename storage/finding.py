"""Finding: what answers a question, best first, the same in both stores; and what the answers have in common.

The index gives the newest that match, one ranker in Python orders them: how well the words fit, how important the event is
under a lens, how new it is.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pipeline.query import Group, Query, Term
from pipeline.records import Record
from storage import tables
from storage.engine import is_postgres
from storage.search import LONGEST_TOKEN, Kind, first_id, quoted, tag

CANDIDATES = 300
"""Newest matches that are ranked: ranking every match of a common word costs seconds in a large store."""
SOME = 100
"""Newest that hold some of the words and are ranked, where few hold all."""
COUNTED = 2_000
"""Newest matches whose tags are counted for facets."""
FADE = timedelta(days=30)
"""In this time what newness adds falls to a third."""
TITLE_COUNTS = 4
"""How many matches in the text one in the title is worth."""
ACTS, IS_NAMED = 0.9, 0.3
"""What it is worth, of 1, that an event is tagged with the subject that a word names: as its actor, or at all."""

IN_TEXT = 0.7
"""What an answer in a report's text is worth, of 1, beside one in an event's titles and quotes."""

_IMPORTANT = "EXISTS (SELECT 1 FROM scores s WHERE s.event_id = {}.subject AND s.lens = 'all' AND s.total >= :least)"
_WHOLE = "r.id, r.kind, r.subject, r.title, r.tags, r.body"
_rows = tables.table(tables.SearchRow)
_documents = tables.table(tables.DocumentRow)

Order = Literal["relevance", "newest", "importance"]


Fit = tuple[float, ...]
"""How well something answers, 0-1, by each thing that was asked for."""


class Hit(Record):
    """Something found: an event or a document, when it was, and how well it answers."""

    kind: Kind
    subject: str
    when: datetime
    score: float
    whole: bool = True
    """Whether it holds every word, not some of them."""


def find(
    session: Session,
    query: Query,
    *,
    kind: Kind | None = None,
    lens: str = "all",
    order: Order = "relevance",
    limit: int = 50,
    offset: int = 0,
    some_words: bool = False,
) -> list[Hit]:
    """What answers a query, best first. Relevance and importance look at the newest `CANDIDATES` that match.

    Asked for events, it finds those too of which a report's text answers. With `some_words` those follow that hold some of
    several words, the more and the rarer the better.
    """
    if offset >= CANDIDATES and order != "newest":
        return []
    wanted = limit + offset if order == "newest" else max(limit + offset, CANDIDATES)
    ranked = [(*each, True) for each in _ranked(session, query, query, kind, lens, order, wanted)]
    loose = query.of_some_words()
    if (
        some_words
        and (order == "relevance" or not ranked)
        and len(ranked) < limit + offset
        and loose.groups != query.groups
    ):
        whole = {subject for _, _, _, subject, _ in ranked}
        more = _ranked(session, loose, query, kind, lens, order, max(limit + offset, SOME))
        ranked += [(*each, False) for each in more if each[3] not in whole]
    return [
        Hit(kind=of_kind, subject=subject, when=_when(number), score=-score, whole=whole)
        for score, number, of_kind, subject, whole in ranked[offset : offset + limit]
    ]


def _ranked(
    session: Session, asked: Query, query: Query, kind: Kind | None, lens: str, order: Order, wanted: int
) -> list[tuple[float, int, Kind, str]]:
    """What answers one query, in the order of how well it fits another: score and row id, turned about, and what it is."""
    rows = newest(session, asked, kind, wanted, _WHOLE)
    told = _told(session, asked, query, wanted) if kind == "event" else {}
    rows = [*rows, *_rows_of(session, set(told) - {row.subject for row in rows}, asked)]
    if not rows:
        return []
    weights = {} if order == "newest" else _importance(session, [row.subject for row in rows], lens)
    latest = max(row.id for row in rows)
    sought = _sought(query)
    fits = _weighed([_better(_fits(row, sought), told.get(row.subject)) for row in rows])
    return sorted(
        (-_rank(row.id, fit, weights.get(row.subject, 0.0), latest, order), row.id, row.kind, row.subject)
        for row, fit in zip(rows, fits, strict=True)
    )


def facets(session: Session, query: Query, prefixes: Iterable[str]) -> dict[str, Counter[str]]:
    """How often each tag stands among the newest events that answer, by its prefix: {"co": {"openai": 12}, ...}."""
    counted: dict[str, Counter[str]] = {prefix: Counter() for prefix in prefixes}
    rows = newest(session, query, "event", COUNTED, "r.subject, r.tags")
    told = _told(session, query, query, CANDIDATES)
    for row in [*rows, *_rows_of(session, set(told) - {row.subject for row in rows}, query)]:
        for token in row.tags.split():
            prefix, _, value = token.partition("_")
            if prefix in counted:
                counted[prefix][value] += 1
    return counted


def _told(session: Session, asked: Query, query: Query, limit: int) -> dict[str, Fit]:
    """Events of which a report's text answers, and how well it fits a query; only where words are asked for."""
    if not any(term.tokens for group in asked.groups for way in group for term in way):
        return {}
    bare = asked.model_copy(update={"importance": 0.0})
    sought = _sought(query)
    fits = {row.subject: _fits(row, sought) for row in newest(session, bare, "document", limit, _WHOLE)}
    seats = select(_documents.c.id, _documents.c.event_id).where(
        _documents.c.id.in_(list(fits)), _documents.c.event_id.is_not(None)
    )
    best: dict[str, Fit] = {}
    for row in session.execute(seats):
        best[row.event_id] = _better(tuple(IN_TEXT * part for part in fits[row.id]), best.get(row.event_id))
    return best


def _rows_of(session: Session, event_ids: Iterable[str], query: Query) -> list[Any]:
    """The index's rows of some events, but of those that a query bars; what was taken out of the index has none."""
    asked = select(_rows).where(_rows.c.kind == "event", _rows.c.subject.in_(sorted(event_ids)))
    if query.importance > 0:
        asked = asked.where(text(_IMPORTANT.format("search_rows")).bindparams(least=query.importance))
    rows = session.execute(asked).all()
    barred = _sought(Query(groups=query.excluded))
    return [row for row in rows if not any(_fits(row, barred))]


def newest(session: Session, query: Query, kind: Kind | None, limit: int, columns: str) -> Sequence[Any]:
    """Rows of the index that answer, the newest first."""
    values: dict[str, Any] = {
        "since": first_id(query.since) if query.since else 0,
        "until": first_id(query.until) if query.until else 1 << 62,
        "limit": limit,
    }
    source, key, ask = "search_rows r", "r.id", ""
    kinds = (kind,) if kind else get_args(Kind)
    groups = [*query.groups]
    if kind == "event" or (not groups and (kind or query.excluded)):
        groups.append(tuple((Term(tag=("k", each)),) for each in kinds))
    if not all(groups):
        return []
    if groups:
        if is_postgres(session):
            ask = "r.words @@ CAST(:ask AS tsquery) AND "
            values["ask"] = _tsquery(groups, query.excluded)
        else:
            source, key = "search_words w JOIN search_rows r ON r.id = w.rowid", "w.rowid"
            ask = "search_words MATCH :ask AND "
            values["ask"] = _match(groups, query.excluded)
    if kind == "document":
        ask += "r.kind = 'document' AND "  # nine in ten rows are: to look costs less than the index's list of them
    if query.importance > 0:
        ask += f"{_IMPORTANT.format('r')} AND "
        values["least"] = query.importance
    window = f"{key} >= :since AND {key} < :until ORDER BY {key} DESC LIMIT :limit"
    statement = f"SELECT {columns} FROM {source} WHERE {ask}{window}"  # noqa: S608 - made of our own words only
    return session.execute(text(statement), values).all()


def _importance(session: Session, subjects: Sequence[str], lens: str) -> dict[str, float]:
    marks = ", ".join(f":s{number}" for number in range(len(subjects)))
    asked = {f"s{number}": subject for number, subject in enumerate(subjects)}
    statement = f"SELECT event_id, total FROM scores WHERE lens = :lens AND event_id IN ({marks})"  # noqa: S608 - marks only
    return {row.event_id: row.total for row in session.execute(text(statement), asked | {"lens": lens})}


# ---- the index's own languages --------------------------------------------------------------------------------------


def _match(groups: Sequence[Group], excluded: Sequence[Group]) -> str:
    """A question in the language of FTS5."""
    asked = " AND ".join(_joined(group, _fts_term, " AND ", " OR ") for group in groups)
    barred = " OR ".join(_joined(group, _fts_term, " AND ", " OR ") for group in excluded)
    return f"({asked}) NOT ({barred})" if barred else asked


def _tsquery(groups: Sequence[Group], excluded: Sequence[Group]) -> str:
    """A question in the language of PostgreSQL."""
    asked = " & ".join(_joined(group, _ts_term, " & ", " | ") for group in groups)
    barred = " | ".join(_joined(group, _ts_term, " & ", " | ") for group in excluded)
    return f"({asked}) & !({barred})" if barred else asked


def _joined(group: Group, write: Any, every: str, some: str) -> str:
    ways = [f"({every.join(write(term) for term in alternative)})" for alternative in group]
    return f"({some.join(dict.fromkeys(ways))})"


def _fts_term(term: Term) -> str:
    if term.tag:
        return f'"{tag(*term.tag)}"'
    return f'"{" ".join(_cut(term))}"{" *" if term.is_start else ""}'


def _ts_term(term: Term) -> str:
    if term.tag:
        return quoted(tag(*term.tag))
    return "(" + " <-> ".join(quoted(token) for token in _cut(term)) + (":*" if term.is_start else "") + ")"


def _cut(term: Term) -> list[str]:
    return [token[:LONGEST_TOKEN] for token in term.tokens]


# ---- the ranker -----------------------------------------------------------------------------------------------------


def _rank(row_id: int, fit: float, importance: float, newest: int, order: Order) -> float:
    if order == "newest":
        return float(row_id >> 20)
    if order == "importance":
        return round(importance, 6)
    age = ((newest >> 20) - (row_id >> 20)) / FADE.total_seconds()
    return round(fit * (1 + importance / 200) * (1 + math.exp(-age)), 12)


class _Sought(NamedTuple):
    """A term as rows are looked through for it."""

    words: bytes = b""
    acts: str = ""
    named: str = ""
    worth: float = 1.0


def _sought(query: Query) -> list[list[list[_Sought]]]:
    """What rows are looked through for: each group of a query, and last its bare words side by side."""
    together = tuple((term,) for term in query.together)
    groups = (*query.groups, together) if together else query.groups
    return [[[_of_term(term) for term in way] for way in group] for group in groups]


def _of_term(term: Term) -> _Sought:
    if term.tag:
        prefix, name = term.tag
        acts = f" {tag('ac', name)} " if prefix == "co" else ""
        return _Sought(acts=acts, named=f" {tag(prefix, name)} ", worth=term.worth)
    return _Sought(f" {' '.join(_cut(term))}{'' if term.is_start else ' '}".encode(), worth=term.worth)


def _fits(row: Any, sought: list[list[list[_Sought]]]) -> Fit:
    """How well a row answers each thing that is sought, 0-1."""
    if not sought:
        return ()
    title, tags = f" {row.title} ".encode(), f" {row.tags} "
    body = b" %b " % zlib.decompress(row.body)
    return tuple(
        max(min(_term_fit(term, title, body, tags) for term in way) if way else 0.0 for way in group)
        for group in sought
    )


def _better(one: Fit, other: Fit | None) -> Fit:
    return one if other is None else tuple(map(max, one, other))


def _weighed(fits: Sequence[Fit]) -> list[float]:
    """How well each row answers as a whole: the mean over what was asked; what few of the rows hold weighs more."""
    if not fits[0]:
        return [1.0] * len(fits)
    holding = [sum(part > 0 for part in column) for column in zip(*fits, strict=True)]
    weights = [math.log1p(len(fits) / many) if many else 0.0 for many in holding]
    total = sum(weights) or 1.0
    return [sum(weight * part for weight, part in zip(weights, fit, strict=True)) / total for fit in fits]


def _term_fit(term: _Sought, title: bytes, body: bytes, tags: str) -> float:
    if term.named:
        return ACTS if term.acts and term.acts in tags else IS_NAMED if term.named in tags else 0.0
    count = TITLE_COUNTS * title.count(term.words) + body.count(term.words)
    return term.worth * count / (count + 2)


def _when(number: int) -> datetime:
    return datetime.fromtimestamp(number >> 20, UTC)

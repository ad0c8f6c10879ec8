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
from typing import Any, Literal, get_args

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pipeline.query import Alternative, Group, Query, Term
from pipeline.records import Record
from storage import tables
from storage.engine import is_postgres
from storage.search import LONGEST_TOKEN, Kind, first_id, quoted, tag

CANDIDATES = 300
"""Newest matches that are ranked: ranking every match of a common word costs seconds in a large store."""
COUNTED = 2_000
"""Newest matches whose tags are counted for facets."""
FADE = timedelta(days=30)
"""In this time what newness adds falls to a third."""
TITLE_COUNTS = 4
"""How many matches in the text one in the title is worth."""
ACTS, IS_NAMED = 0.9, 0.5
"""What it is worth, of 1, that an event is tagged with the subject that a word names: as its actor, or at all."""

IN_TEXT = 0.7
"""What an answer in a report's text is worth, of 1, beside one in an event's titles and quotes."""

_WHOLE = "r.id, r.kind, r.subject, r.title, r.tags, r.body"
_rows = tables.table(tables.SearchRow)
_documents = tables.table(tables.DocumentRow)

Order = Literal["relevance", "newest", "importance"]


class Hit(Record):
    """Something found: an event or a document, when it was, and how well it answers."""

    kind: Kind
    subject: str
    when: datetime
    score: float


def find(
    session: Session,
    query: Query,
    *,
    kind: Kind | None = None,
    lens: str = "all",
    order: Order = "relevance",
    limit: int = 50,
    offset: int = 0,
) -> list[Hit]:
    """What answers a query, best first. Relevance and importance look at the newest `CANDIDATES` that match."""
    if offset >= CANDIDATES and order != "newest":
        return []
    wanted = limit + offset if order == "newest" else max(limit + offset, CANDIDATES)
    rows = _newest(session, query, kind, wanted, _WHOLE)
    if not rows:
        return []
    weights = {} if order == "newest" else _importance(session, [row.subject for row in rows], lens)
    hits = [
        Hit(
            kind=row.kind,
            subject=row.subject,
            when=_when(row.id),
            score=_rank(row.id, _fits(row, query.groups), weights.get(row.subject, 0.0), rows[0].id, order),
        )
        for row in rows
    ]
    hits.sort(key=lambda hit: (-hit.score, -hit.when.timestamp(), hit.kind, hit.subject))
    return hits[offset : offset + limit]


def find_events(
    session: Session,
    query: Query,
    *,
    lens: str = "all",
    order: Order = "relevance",
    limit: int = 50,
    offset: int = 0,
    some_words: bool = False,
) -> list[Hit]:
    """Events that answer a query by what stands in them or in the text of one of their reports, best first.

    With `some_words` one word of several is enough; what holds more of them still comes first.
    """
    if offset >= CANDIDATES and order != "newest":
        return []
    wanted = limit + offset if order == "newest" else max(limit + offset, CANDIDATES)
    asked = query.of_some_words() if some_words else query
    rows = _newest(session, asked, "event", wanted, _WHOLE)
    told = _told(session, asked, query.groups, wanted)
    more = _rows_of(session, set(told) - {row.subject for row in rows})
    rows = [*rows, *more]
    if not rows:
        return []
    weights = (
        {} if order == "newest" and not query.importance else _importance(session, [r.subject for r in rows], lens)
    )
    newest = max(row.id for row in rows)
    hits = [
        Hit(kind="event", subject=row.subject, when=_when(row.id), score=_rank(row.id, fit, weight, newest, order))
        for row in rows
        for weight in [weights.get(row.subject, 0.0)]
        for fit in [max(_fits(row, query.groups), IN_TEXT * told.get(row.subject, 0.0))]
        if weight >= query.importance
    ]
    hits.sort(key=lambda hit: (-hit.score, -hit.when.timestamp(), hit.subject))
    return hits[offset : offset + limit]


def facets(session: Session, query: Query, prefixes: Iterable[str]) -> dict[str, Counter[str]]:
    """How often each tag stands among the newest events that answer, by its prefix: {"co": {"openai": 12}, ...}."""
    counted: dict[str, Counter[str]] = {prefix: Counter() for prefix in prefixes}
    rows = _newest(session, query, "event", COUNTED, "r.subject, r.tags")
    told = {} if query.importance else _told(session, query, query.groups, CANDIDATES)
    for row in [*rows, *_rows_of(session, set(told) - {row.subject for row in rows})]:
        for token in row.tags.split():
            prefix, _, value = token.partition("_")
            if prefix in counted:
                counted[prefix][value] += 1
    return counted


def _told(session: Session, query: Query, groups: Sequence[Group], limit: int) -> dict[str, float]:
    """Events of which a report's text answers a query, and how well it fits groups; only where words are asked for."""
    if not any(term.tokens for group in query.groups for way in group for term in way):
        return {}
    bare = query.model_copy(update={"importance": 0.0})
    fits = {row.subject: _fits(row, groups) for row in _newest(session, bare, "document", limit, _WHOLE)}
    asked = select(_documents.c.id, _documents.c.event_id).where(
        _documents.c.id.in_(list(fits)), _documents.c.event_id.is_not(None)
    )
    best: dict[str, float] = {}
    for row in session.execute(asked):
        best[row.event_id] = max(best.get(row.event_id, 0.0), fits[row.id])
    return best


def _rows_of(session: Session, event_ids: Iterable[str]) -> Sequence[Any]:
    """The index's rows of some events; what was taken out of the index has none."""
    return session.execute(select(_rows).where(_rows.c.kind == "event", _rows.c.subject.in_(sorted(event_ids)))).all()


def _newest(session: Session, query: Query, kind: Kind | None, limit: int, columns: str) -> Sequence[Any]:
    """Rows of the index that answer, the newest first."""
    values: dict[str, Any] = {
        "since": first_id(query.since) if query.since else 0,
        "until": first_id(query.until) if query.until else 1 << 62,
        "limit": limit,
    }
    source, key, ask = "search_rows r", "r.id", ""
    kinds = (kind,) if kind else get_args(Kind)
    groups = [*query.groups]
    if kind or (query.excluded and not groups):
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
    if query.importance > 0:
        ask += (
            "EXISTS (SELECT 1 FROM scores s WHERE s.event_id = r.subject AND s.lens = 'all' AND s.total >= :least) AND "
        )
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
    return round(fit * (1 + importance / 100) * (1 + math.exp(-age)), 12)


def _fits(row: Any, groups: Sequence[Group]) -> float:
    """How well a row answers, 0-1: the mean over what was asked."""
    if not groups:
        return 1.0
    title, tags = f" {row.title} ", f" {row.tags} "
    body = f" {zlib.decompress(row.body).decode()} "
    return sum(max(_fit(way, title, body, tags) for way in group) for group in groups) / len(groups)


def _fit(alternative: Alternative, title: str, body: str, tags: str) -> float:
    """How well the text answers, 0-1: by the term that it answers worst."""
    return min(_term_fit(term, title, body, tags) for term in alternative)


def _term_fit(term: Term, title: str, body: str, tags: str) -> float:
    if term.tag:
        prefix, name = term.tag
        if f" {tag('ac', name)} " in tags and prefix == "co":
            return ACTS
        return IS_NAMED if f" {tag(prefix, name)} " in tags else 0.0
    needle = f" {' '.join(_cut(term))}{'' if term.is_start else ' '}"
    count = TITLE_COUNTS * title.count(needle) + body.count(needle)
    return count / (count + 2)


def _when(number: int) -> datetime:
    return datetime.fromtimestamp(number >> 20, UTC)

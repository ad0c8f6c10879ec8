"""The index of what can be found: the same tokens in both stores, written in the transaction that stores the thing itself.

SQLite keeps them in a contentless FTS5 table beside `search_rows`, PostgreSQL in a tsvector that is written out here:
no server's own idea of words comes in. A row's id follows its time, so "the newest that match" is an index walk.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.orm import Session

from pipeline.records import Document, Event, Tags
from pipeline.text import TOKENIZER_VERSION, tokens
from storage import documents, events, tables
from storage.engine import insert, is_postgres

MOST_TOKENS = 8_000
"""Tokens of a body that are indexed; PostgreSQL knows no positions beyond 16,383."""
LONGEST_TOKEN = 64
"""Characters; what is longer is data, not a word."""
Kind = Literal["document", "event"]

_rows = tables.table(tables.SearchRow)
_SECOND = 1 << 20
_NOT_OURS = re.compile(r"[^\w ]")
_NOT_TAG = re.compile(r"[^0-9a-z]+")
_POSITIONS_PER_WORD = 255
_REPORTS = 40


def tag(prefix: str, name: str) -> str:
    """The token under which a tag is indexed: `tag("st", "300364.SZ")` is `st_300364_sz`."""
    return f"{prefix}_{_NOT_TAG.sub('_', name.casefold())}"[:LONGEST_TOKEN]


class Entry(NamedTuple):
    """Token streams by which something is found, and when it was."""

    kind: Kind
    subject: str
    when: datetime
    title: Sequence[str]
    body: Sequence[str]
    tags: Sequence[str]


def index_event(session: Session, event: Event) -> None:
    """An event made findable by its titles, reports and quotes, and by what it is tagged and linked with."""
    index_all(session, [entry_of_event(event, events.securities_of(session, event.id))])


def index_document(session: Session, document: Document, tags: Tags) -> None:
    """A document made findable by its words and its tags."""
    index_all(session, [entry_of_document(document, tags)])


def entry_of_event(event: Event, linked: Iterable[str]) -> Entry:
    """By what an event is found that is linked to those securities."""
    titles = [title for title in (event.title_zh, event.title_en) if title]
    quotes = [
        item.quote for items in (event.companies, event.products, event.securities, event.facts) for item in items
    ]
    reports = [report.title for report in event.reports[:_REPORTS]]
    wanted = {tag("k", "event"), tag("type", event.event_type), tag("cert", event.certainty), *_company_tags(event)}
    wanted |= {tag("mod", modality) for modality in (*event.modalities.input, *event.modalities.output)}
    wanted |= {tag("st", security) for security in (*linked, *(security.id for security in event.securities))}
    body = dict.fromkeys([*reports, *quotes])
    return Entry("event", event.id, event.when, _tokens(titles), _tokens(body), sorted(wanted))


def entry_of_document(document: Document, tags: Tags) -> Entry:
    """By what a document is found."""
    wanted = {tag("k", "document"), tag("type", tags.event_type), tag("src", document.source_id), *_company_tags(tags)}
    wanted.add(tag("cert", tags.certainty))
    wanted |= {tag("mod", modality) for modality in (*tags.modalities.input, *tags.modalities.output)}
    wanted |= {tag("st", security.id) for security in tags.securities}
    title, body = tokens(document.title), tokens(document.text)
    return Entry("document", document.id, document.when, title, body, sorted(wanted))


def index(
    session: Session,
    kind: Kind,
    subject: str,
    when: datetime,
    title_tokens: Sequence[str],
    body_tokens: Sequence[str],
    tag_tokens: Sequence[str],
) -> None:
    """Token streams made findable as of a time, in place of what the subject had; in the caller's transaction."""
    index_all(session, [Entry(kind, subject, when, title_tokens, body_tokens, tag_tokens)])


def index_all(session: Session, entries: Sequence[Entry]) -> None:
    """Everything named made findable, each in place of what it had; each subject once. One as it was is left."""
    old = {(row.kind, row.subject): row for row in _rows_of(session, entries)}
    wanted = [(entry, _row(entry)) for entry in entries]
    changed = [(entry, row) for entry, row in wanted if not _is_as(old.get((entry.kind, entry.subject)), entry, row)]
    _remove(session, [old[key] for entry, _ in changed if (key := (entry.kind, entry.subject)) in old])
    _place(session, [row | {"id": first_id(entry.when) + hash_of(entry.kind, entry.subject)} for entry, row in changed])


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "subject": entry.subject,
        "version": TOKENIZER_VERSION,
        "title": _stream(entry.title, MOST_TOKENS // 2),
        "tags": _stream(entry.tags, MOST_TOKENS // 2),
        "body": zlib.compress(_stream(entry.body, MOST_TOKENS).encode(), 1),
    }


def _rows_of(session: Session, entries: Sequence[Entry]) -> list[Any]:
    """What the index has for them."""
    found: list[Any] = []
    for kind in sorted({entry.kind for entry in entries}):
        subjects = [entry.subject for entry in entries if entry.kind == kind]
        for start in range(0, len(subjects), 500):
            part = subjects[start : start + 500]
            found += session.execute(select(_rows).where(_rows.c.kind == kind, _rows.c.subject.in_(part)))
    return found


def _is_as(old: Any, entry: Entry, row: dict[str, Any]) -> bool:
    is_then = old is not None and old.id >> 20 == first_id(entry.when) >> 20
    return is_then and all(getattr(old, name) == value for name, value in row.items())


def _place(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Rows written each at its number, or at the next in its second that is free."""
    waiting, written = list(rows), []
    while waiting:
        first = list({row["id"]: row for row in reversed(waiting)}.values())
        free = insert(session, _rows).on_conflict_do_nothing(index_elements=["id"]).returning(_rows.c.id)
        taken = set(session.execute(free, first).scalars())
        settled = [row for row in first if row["id"] in taken]
        written += settled
        done = {(row["kind"], row["subject"]) for row in settled}
        waiting = [
            row | {"id": row["id"] + 1 if (row["id"] + 1) % _SECOND else row["id"] - _SECOND + 1}
            for row in waiting
            if (row["kind"], row["subject"]) not in done
        ]
    if written:
        write_words(session, written)


def remove(session: Session, kind: Kind, subject: str) -> bool:
    """Something no longer findable; False when it was not."""
    old = session.execute(select(_rows).where(_rows.c.kind == kind, _rows.c.subject == subject)).first()
    if old is not None:
        _remove(session, [old])
    return old is not None


def reindex(session: Session, limit: int = 500) -> int:
    """Rows that an earlier tokenizer wrote, written anew; how many. Call it until it says 0."""
    query = select(_rows.c.kind, _rows.c.subject).where(_rows.c.version != TOKENIZER_VERSION)
    outdated = session.execute(query.order_by(_rows.c.id.desc()).limit(limit)).all()
    for row in outdated:
        _index_again(session, row.kind, row.subject)
    return len(outdated)


def counts(session: Session) -> dict[str, int]:
    """How many of each kind can be found."""
    query = select(_rows.c.kind, func.count().label("many")).group_by(_rows.c.kind)
    return {row.kind: row.many for row in session.execute(query)}


def hash_of(kind: str, subject: str) -> int:
    """Where in its second a subject's row begins to look for a place: the same in every store."""
    return zlib.crc32(f"{kind}\n{subject}".encode()) % _SECOND


def _index_again(session: Session, kind: str, subject: str) -> None:
    if kind == "event" and (event := events.get(session, subject)):
        index_event(session, event)
    elif kind == "document" and (document := documents.get(session, subject)):
        index_document(
            session, document, documents.tags_of(session, subject) or Tags(document_id=subject, relevant=True)
        )
    else:
        remove(session, "event" if kind == "event" else "document", subject)


def write_words(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """The words of rows, into the index of the store's dialect."""
    if is_postgres(session):
        session.execute(_SET_WORDS, [{"id": row["id"], "words": vector(row)} for row in rows])
    else:
        session.execute(_ADD_WORDS, [{**row, "body": plain_body(row["body"])} for row in rows])


def vector(row: Mapping[str, Any]) -> str:
    """A row's words as PostgreSQL's text search takes them."""
    return _tsvector(row["title"].split(), plain_body(row["body"]).split(), row["tags"].split())


def plain_body(body: bytes) -> str:
    """The tokens of a row, as they were written."""
    return zlib.decompress(body).decode()


def _remove(session: Session, old: Sequence[Any]) -> None:
    """FTS5 without content forgets a row only when it is told the words that it had."""
    if not old:
        return
    if not is_postgres(session):
        words = [{"id": row.id, "title": row.title, "body": plain_body(row.body), "tags": row.tags} for row in old]
        session.execute(_DROP_WORDS, words)
    session.execute(delete(_rows).where(_rows.c.id.in_([row.id for row in old])))


_ADD_WORDS = text("INSERT INTO search_words (rowid, title, body, tags) VALUES (:id, :title, :body, :tags)")
_DROP_WORDS = text(
    "INSERT INTO search_words (search_words, rowid, title, body, tags) VALUES ('delete', :id, :title, :body, :tags)"
)
_SET_WORDS = text("UPDATE search_rows SET words = CAST(:words AS tsvector) WHERE id = :id").bindparams(
    bindparam("words")
)


def _tsvector(title: Sequence[str], body: Sequence[str], tags: Sequence[str]) -> str:
    """A tsvector written out: title, a gap that no phrase crosses, body; tags without a place."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for place, token in enumerate(title, 1):
        places[token].append(f"{place}A")
    for place, token in enumerate(body, len(title) + 3):
        places[token].append(str(place))
    placed = [f"{quoted(token)}:{','.join(at[:_POSITIONS_PER_WORD])}" for token, at in places.items()]
    return " ".join([*placed, *map(quoted, dict.fromkeys(tags))])


def quoted(token: str) -> str:
    """A token as a literal of PostgreSQL's text search."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def _stream(found: Sequence[str], most: int) -> str:
    return _NOT_OURS.sub("_", " ".join([token[:LONGEST_TOKEN] for token in found[:most]]))


def _tokens(texts: Iterable[str]) -> list[str]:
    """One stream of several texts, with a mark between them that no phrase of a query crosses."""
    return [token for part in texts for token in [*tokens(part), "_"]][:-1]


def _company_tags(tagged: Event | Tags) -> set[str]:
    companies = {tag("co", company.id) for company in tagged.companies}
    companies |= {tag("ac", company.id) for company in tagged.companies if company.role == "actor"}
    return companies | {tag("pr", name) for p in tagged.products for name in (p.id, p.family, p.name) if name}


def first_id(when: datetime) -> int:
    """The lowest row id of a second: ids follow time."""
    return max(0, int(when.timestamp())) * _SECOND

"""Search: the same tokens in both stores, the newest candidates from the index, and one ranker in Python for both.

SQLite keeps them in a contentless FTS5 table beside `search_rows`, PostgreSQL in a tsvector that is written out here:
no server's own idea of words comes in. A row's id follows its time, so "the newest that match" is an index walk.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.orm import Session

from pipeline.records import Document, Event, Record, Tags
from pipeline.text import TOKENIZER_VERSION, is_cjk, tokens
from storage import documents, events, tables
from storage.engine import insert, is_new, is_postgres

CANDIDATES = 300
"""Newest matches that are ranked: ranking every match of a common word costs seconds in a large store."""
MOST_TOKENS = 8_000
"""Tokens of a body that are indexed; PostgreSQL knows no positions beyond 16,383."""
LONGEST_TOKEN = 64
"""Characters; what is longer is data, not a word."""
FADE = timedelta(days=30)
"""In this time a match counts a third of what it counts today."""
TITLE_COUNTS = 4
"""How many matches in the text one in the title is worth."""

Kind = Literal["document", "event"]

_rows = tables.table(tables.SearchRow)
_SECOND = 1 << 20
_NOT_OURS = re.compile(r"[^\w ]")
_NOT_TAG = re.compile(r"[^0-9a-z]+")
_POSITIONS_PER_WORD = 255
_REPORTS = 40


class Hit(Record):
    """Something found: an event or a document, when it was, and how well it answers."""

    kind: Kind
    subject: str
    when: datetime
    score: float


# ---- finding --------------------------------------------------------------------------------------------------------


def find_text(session: Session, query: str, **filters: Any) -> list[Hit]:
    """What answers a person's words, best first; takes the filters of `find`. Mere punctuation finds nothing."""
    words = [found for part in query.split() if (found := tokens(part))]
    if query.strip() and not words:
        return []
    return find(session, words, **filters)


def find(
    session: Session,
    words: Sequence[Sequence[str]] = (),
    *,
    tags: Iterable[str] = (),
    kind: Kind | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[Hit]:
    """What holds every word (given as its tokens in order) and every tag, best first; without words the newest.

    Tags are as `tag` makes them: `co_openai`, `mod_video`, `type_funding`, `st_300364_sz`, `pr_qwen`.
    """
    phrases = [_phrase(word) for word in words if word]
    wanted = [*tags, *([f"k_{kind}"] if kind else [])]
    found = _newest(session, phrases, wanted, since, until, max(limit, CANDIDATES))
    hits = [
        Hit(kind=row.kind, subject=row.subject, when=_when(row.id), score=_score(row, phrases, found[0].id))
        for row in found
    ]
    return sorted(hits, key=lambda hit: (-hit.score, -hit.when.timestamp(), hit.kind, hit.subject))[:limit]


def tag(prefix: str, name: str) -> str:
    """The token under which a tag is indexed: `tag("st", "300364.SZ")` is `st_300364_sz`."""
    return f"{prefix}_{_NOT_TAG.sub('_', name.casefold())}"[:LONGEST_TOKEN]


class _Phrase(Record):
    tokens: tuple[str, ...]
    is_start: bool
    """Whether the last token may go on: a single character begins the pairs that it stands in."""


def _phrase(word: Sequence[str]) -> _Phrase:
    """A word's tokens as they stand in a longer text: its last character is the first of a pair there."""
    kept = [token[:LONGEST_TOKEN] for token in word]
    ends_in_character = len(kept[-1]) == 1 and is_cjk(kept[-1])
    if ends_in_character and len(kept) > 1 and len(kept[-2]) == 2 and kept[-2].endswith(kept[-1]):
        return _Phrase(tokens=tuple(kept[:-1]), is_start=False)
    return _Phrase(tokens=tuple(kept), is_start=ends_in_character)


def _newest(
    session: Session,
    phrases: Sequence[_Phrase],
    wanted: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> Sequence[Any]:
    columns = "r.id, r.kind, r.subject, r.title, r.body"
    ask = ""
    values: dict[str, Any] = {"since": _first_id(since) if since else 0}
    values["until"] = _first_id(until) if until else 1 << 62
    source, key = "search_rows r", "r.id"
    if phrases or wanted:
        if is_postgres(session):
            ask = "r.words @@ CAST(:ask AS tsquery) AND "
            values |= {"ask": _tsquery(phrases, wanted)}
        else:
            source, key = "search_words w JOIN search_rows r ON r.id = w.rowid", "w.rowid"
            ask = "search_words MATCH :ask AND "
            values |= {"ask": _match(phrases, wanted)}
    window = f"{key} >= :since AND {key} < :until ORDER BY {key} DESC LIMIT :limit"
    statement = f"SELECT {columns} FROM {source} WHERE {ask}{window}"  # noqa: S608 - made of our own words only
    return session.execute(text(statement), values | {"limit": limit}).all()


def _match(phrases: Sequence[_Phrase], wanted: Sequence[str]) -> str:
    asked = [f'"{" ".join(p.tokens)}"{" *" if p.is_start else ""}' for p in phrases]
    return " AND ".join([*asked, *(f'"{token}"' for token in wanted)])


def _tsquery(phrases: Sequence[_Phrase], wanted: Sequence[str]) -> str:
    asked = [" <-> ".join(_quoted(token) for token in p.tokens) + (":*" if p.is_start else "") for p in phrases]
    return " & ".join([*(f"({words})" for words in asked), *map(_quoted, wanted)])


def _score(row: Any, phrases: Sequence[_Phrase], newest: int) -> float:
    if not phrases:
        return 0.0
    title, body = f" {row.title} ", f" {_plain(row.body)} "
    needles = [f" {' '.join(p.tokens)}{'' if p.is_start else ' '}" for p in phrases]
    counts = [TITLE_COUNTS * title.count(needle) + body.count(needle) for needle in needles]
    age = ((newest >> 20) - (row.id >> 20)) / FADE.total_seconds()
    return round(sum(count / (count + 2) for count in counts) * math.exp(-age), 12)


# ---- indexing -------------------------------------------------------------------------------------------------------


def index_event(session: Session, event: Event) -> None:
    """An event made findable by its titles, reports and quotes, and by what it is tagged and linked with."""
    titles = [title for title in (event.title_zh, event.title_en) if title]
    quotes = [
        item.quote for items in (event.companies, event.products, event.securities, event.facts) for item in items
    ]
    reports = [report.title for report in event.reports[:_REPORTS]]
    wanted = {tag("k", "event"), tag("type", event.event_type), *_company_tags(event)}
    wanted |= {tag("mod", modality) for modality in (*event.modalities.input, *event.modalities.output)}
    wanted |= {tag("st", security) for security in events.securities_of(session, event.id)}
    wanted |= {tag("st", security.id) for security in event.securities}
    body = dict.fromkeys([*reports, *quotes])
    index(session, "event", event.id, event.when, _tokens(titles), _tokens(body), sorted(wanted))


def index_document(session: Session, document: Document, tags: Tags) -> None:
    """A document made findable by its words and its tags."""
    wanted = {tag("k", "document"), tag("type", tags.event_type), tag("src", document.source_id), *_company_tags(tags)}
    wanted |= {tag("mod", modality) for modality in (*tags.modalities.input, *tags.modalities.output)}
    wanted |= {tag("st", security.id) for security in tags.securities}
    title, body = tokens(document.title), tokens(document.text)
    index(session, "document", document.id, document.when, title, body, sorted(wanted))


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
    row = {
        "version": TOKENIZER_VERSION,
        "title": _stream(title_tokens, MOST_TOKENS // 2),
        "tags": _stream(tag_tokens, MOST_TOKENS // 2),
        "body": zlib.compress(_stream(body_tokens, MOST_TOKENS).encode(), 1),
    }
    old = _row_of(session, kind, subject)
    if old is not None and old.id >> 20 == _first_id(when) >> 20 and all(getattr(old, n) == row[n] for n in row):
        return
    if old is not None:
        _remove(session, old)
    number = _first_id(when) + hash_of(kind, subject)
    while not is_new(session, _insert(session, {"id": number, "kind": kind, "subject": subject} | row)):
        number = number + 1 if (number + 1) % _SECOND else number - _SECOND + 1
    write_words(session, [row | {"id": number}])


def remove(session: Session, kind: Kind, subject: str) -> bool:
    """Something no longer findable; False when it was not."""
    old = _row_of(session, kind, subject)
    if old is not None:
        _remove(session, old)
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


def _row_of(session: Session, kind: str, subject: str) -> Any:
    return session.execute(select(_rows).where(_rows.c.kind == kind, _rows.c.subject == subject)).first()


def _insert(session: Session, values: dict[str, Any]) -> Any:
    return insert(session, _rows).values(values).on_conflict_do_nothing(index_elements=["id"])


def write_words(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """The words of rows, into the index of the store's dialect."""
    streams = [{"id": r["id"], "title": r["title"], "tags": r["tags"], "body": _plain(r["body"])} for r in rows]
    if is_postgres(session):
        streams = [
            {"id": s["id"], "words": _tsvector(*(s[n].split() for n in ("title", "body", "tags")))} for s in streams
        ]
    session.execute(_SET_WORDS if is_postgres(session) else _ADD_WORDS, streams)


def _plain(body: bytes) -> str:
    return zlib.decompress(body).decode()


def _remove(session: Session, old: Any) -> None:
    """FTS5 without content forgets a row only when it is told the words that it had."""
    if not is_postgres(session):
        words = {"id": old.id, "title": old.title, "body": _plain(old.body), "tags": old.tags}
        session.execute(_DROP_WORDS, words)
    session.execute(delete(_rows).where(_rows.c.id == old.id))


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
    placed = [f"{_quoted(token)}:{','.join(at[:_POSITIONS_PER_WORD])}" for token, at in places.items()]
    return " ".join([*placed, *map(_quoted, dict.fromkeys(tags))])


def _quoted(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def _stream(found: Sequence[str], most: int) -> str:
    return _NOT_OURS.sub("_", " ".join([token[:LONGEST_TOKEN] for token in found[:most]]))


def _tokens(texts: Iterable[str]) -> list[str]:
    """One stream of several texts, with a mark between them that no phrase of a query crosses."""
    return [token for part in texts for token in [*tokens(part), "_"]][:-1]


def _company_tags(tagged: Event | Tags) -> set[str]:
    companies = {tag("co", company.id) for company in tagged.companies}
    return companies | {tag("pr", name) for p in tagged.products for name in (p.id, p.family, p.name) if name}


def _first_id(when: datetime) -> int:
    return max(0, int(when.timestamp())) * _SECOND


def _when(number: int) -> datetime:
    return datetime.fromtimestamp(number >> 20, UTC)

"""Documents: taken in at the door, found again when something like them comes, and kept with where their trip ended."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, Update, and_, bindparam, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import Document, Fact, Fingerprint, RawDocument, Record, State, Tags
from storage import likenesses, queue, tables
from storage.engine import alone, upsert
from storage.likenesses import hash_of

LIKE_LIMIT = 50
"""Documents handed to dedupe at most; beyond that a band is a boilerplate, not a likeness."""
WORDS_THAT_IDENTIFY = 200
"""Characters from which the same words from one source are the same entry, whatever its guid and URL say."""
PROCESS = "document"
"""The kind of work that a received document waits for."""

_documents, _work = tables.table(tables.DocumentRow), tables.table(tables.WorkRow)
_raw, _keys = tables.table(tables.RawRow), tables.table(tables.DocumentKeyRow)
_readings = tables.table(tables.ReadingRow)
_fields = frozenset(Document.model_fields)
_facts = TypeAdapter(tuple[Fact, ...])
_TRACKING = ("utm_", "spm", "fbclid", "gclid", "from", "share", "ref", "mc_", "_hs", "scm")


class Received(Record):
    """What the door took in: ids of all entries in order, known ones under the id they already had."""

    new: int
    known: int
    ids: tuple[str, ...]
    fresh: tuple[str, ...] = ()
    """Those of the ids that are new."""


class Finished(NamedTuple):
    """A document read, and the state that its trip ended in."""

    document: Document
    fingerprint: Fingerprint
    tags: Tags
    facts: tuple[Fact, ...]
    state: State
    reason: str = ""
    event_id: str | None = None
    duplicate_of: str | None = None


class DocumentUnknown(LookupError):
    """A document that did not come in by the door."""

    def __init__(self, document_id: str) -> None:
        super().__init__(f"no document {document_id} in the store")
        self.document_id = document_id


class Fate(Record):
    """Where a document's trip ended."""

    document_id: str
    source_id: str
    title: str
    url: str | None
    state: State
    step: str
    reason: str
    event_id: str | None
    duplicate_of: str | None
    first_seen_at: datetime
    finished_at: datetime | None


# ---- the door -------------------------------------------------------------------------------------------------------


def receive(
    session: Session, raws: Sequence[RawDocument], now: datetime, priority: int = 0, kind: str = PROCESS
) -> Received:
    """Entries stored as pending documents with their work, once each: one seen before adds nothing."""
    alone(session, "door")
    keyed = [(raw, identities(raw)) for raw in raws]
    known = _known(session, [key for _, keys in keyed for key in keys])
    ids: list[str] = []
    fresh: list[tuple[str, RawDocument]] = []
    aliases: dict[bytes, str] = {}
    for raw, keys in keyed:
        document_id = next((known[key] for key in keys if key in known), None)
        if document_id is None:
            document_id = f"d{keys[0].hex()[:20]}"
            fresh.append((document_id, raw))
        ids.append(document_id)
        for key in keys:
            if key not in known:
                known[key] = aliases[key] = document_id
    _store(session, fresh, aliases)
    queue.push_all(session, kind, [document_id for document_id, _ in fresh], now, priority=priority)
    return Received(new=len(fresh), known=len(raws) - len(fresh), ids=tuple(ids), fresh=tuple(key for key, _ in fresh))


def identities(raw: RawDocument) -> tuple[bytes, ...]:
    """Hashes by which an entry is known again: its URL, its guid and its words, each beside its headline.

    A title that changed, or a text that appeared, is let in again: dedupe says what it repeats. A guid or a URL alone
    proves nothing, as feeds repeat them for different items.
    """
    headline = _plain(raw.title) or _plain(raw.text)[:WORDS_THAT_IDENTIFY]
    has_text = "text" if raw.text.strip() else "title"
    words = hash_of("words", raw.source_id, _plain(raw.title), _plain(raw.text))
    found = []
    if raw.url:
        found.append(hash_of("url", _plain_url(raw.url), headline, has_text))
    if raw.id:
        found.append(hash_of("guid", raw.source_id, raw.id, headline, has_text))
    if not found or len(raw.text) >= WORDS_THAT_IDENTIFY:
        found.append(words)
    return tuple(found)


def raws(session: Session, document_ids: Sequence[str]) -> dict[str, RawDocument]:
    """Entries as they came in, by the id that the store gave each; ids without one are left out."""
    rows = session.execute(select(_raw).where(_raw.c.document_id.in_(document_ids)))
    found = {row.document_id: RawDocument.model_validate_json(zlib.decompress(row.body)) for row in rows}
    return {key: raw.model_copy(update={"document_id": key}) for key, raw in found.items()}


def raw(session: Session, document_id: str) -> RawDocument:
    """The entry as it came in, with the id that the store gave it. Raises DocumentUnknown."""
    if found := raws(session, [document_id]):
        return found[document_id]
    raise DocumentUnknown(document_id)


def _known(session: Session, keys: Sequence[bytes]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for start in range(0, len(keys), 500):
        query = select(_keys.c.hash, _keys.c.document_id).where(_keys.c.hash.in_(keys[start : start + 500]))
        found.update({row.hash: row.document_id for row in session.execute(query)})
    return found


def _store(session: Session, fresh: Sequence[tuple[str, RawDocument]], aliases: dict[bytes, str]) -> None:
    if fresh:
        session.execute(_documents.insert(), [_pending(document_id, raw) for document_id, raw in fresh])
        session.execute(_raw.insert(), [{"document_id": key, "body": _packed(raw)} for key, raw in fresh])
    if aliases:
        session.execute(_keys.insert(), [{"hash": key, "document_id": value} for key, value in aliases.items()])


def _pending(document_id: str, raw: RawDocument) -> dict[str, Any]:
    document = Document(
        id=document_id,
        external_id=raw.id,
        source_id=raw.source_id,
        source_name=raw.source_name,
        source_company=raw.source_company,
        tier=raw.tier,
        url=raw.url,
        title=raw.title,
        text="",
        author=raw.author,
        language=raw.language or "und",
        published_at=raw.published_at,
        published_precision=raw.published_precision,
        first_seen_at=raw.first_seen_at,
    )
    return document.model_dump() | {"filed_at": document.when, "state": State.PENDING.value, "reason": "", "step": ""}


def _packed(raw: RawDocument) -> bytes:
    safe = {name: tables.safe(value) for name, value in raw if isinstance(value, str)}
    return zlib.compress(raw.model_copy(update=safe).model_dump_json(exclude={"document_id"}).encode(), 6)


def _plain(text: str) -> str:
    return " ".join(tables.safe(text).split()).casefold()


def _plain_url(url: str) -> str:
    """A URL without what changes from visit to visit. Close to canonical: what it leaves apart, dedupe joins."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url.strip()
    asked = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not k.lower().startswith(_TRACKING)]
    host = (parts.netloc.lower().removeprefix("www.")).removesuffix(":443").removesuffix(":80")
    fragment = parts.fragment if parts.fragment.startswith(("/", "!")) else ""
    return f"{host}{parts.path.rstrip('/')}?{urlencode(sorted(asked))}#{fragment}"


# ---- after reading --------------------------------------------------------------------------------------------------


def like(session: Session, fingerprint: Fingerprint, limit: int = LIKE_LIMIT) -> list[Document]:
    """Finished documents that share the URL, the words or a band with a fingerprint, newest first."""
    newest = likenesses.newest(likenesses.under(session, likenesses.hashes(fingerprint)), limit)
    found = {document.id: document for document in several(session, newest)}
    return [found[key] for key in newest if key in found]


def finish(
    session: Session,
    document: Document,
    fingerprint: Fingerprint,
    tags: Tags,
    facts: Iterable[Fact],
    *,
    state: State,
    reason: str = "",
    event_id: str | None = None,
    duplicate_of: str | None = None,
    now: datetime,
) -> None:
    """A document read, with the state that its trip ended in. Only a done one is found as `like` another."""
    ended = Finished(document, fingerprint, tags, tuple(facts), state, reason, event_id, duplicate_of)
    finish_all(session, [ended], now)


def finish_all(session: Session, finished: Sequence[Finished], now: datetime) -> None:
    """Documents read, each with the state that its trip ended in, written at once."""
    ids = [one.document.id for one in finished]
    rows = [_finished(one) | {"finished_at": now, "key": one.document.id} for one in finished]
    result: Any = session.execute(_finish(), rows)
    if result.rowcount != len(rows):
        raise DocumentUnknown(next(key for key in ids if get(session, key) is None))
    done = [one for one in finished if one.state is State.DONE]
    likenesses.replace(session, ids, [mark for one in done for mark in likenesses.marks(one.document, one.fingerprint)])
    upsert(session, _readings, ("document_id",), *map(_reading, finished))


def seat(session: Session, document_ids: Sequence[str], event_id: str) -> None:
    """Documents in an event, wherever they were."""
    session.execute(update(_documents).where(_documents.c.id.in_(document_ids)).values(event_id=event_id))


def fail(session: Session, document_id: str, step: str, reason: str, now: datetime) -> None:
    """A document whose trip broke off, and where."""
    _change(session, document_id, {"state": State.FAILED.value, "step": step, "reason": reason, "finished_at": now})


def reopen(session: Session, document_ids: Sequence[str], now: datetime, priority: int = 0) -> int:
    """Documents made pending again, with their work: what `replay` does. How many there were."""
    again = {"state": State.PENDING.value, "step": "", "reason": "", "duplicate_of": None, "finished_at": None}
    count = 0
    for document_id in document_ids:
        result: Any = session.execute(update(_documents).where(_documents.c.id == document_id).values(again))
        if result.rowcount:
            count += 1
            likenesses.replace(session, [document_id], [])
            queue.push(session, PROCESS, document_id, now, priority=priority)
            queue.replay(session, now, PROCESS, document_id)
    return count


def amend(session: Session, document_id: str, raw: RawDocument, now: datetime) -> None:
    """An entry as we know it now, in place of what came in, and its trip to be made again."""
    session.execute(update(_raw).where(_raw.c.document_id == document_id).values(body=_packed(raw)))
    reopen(session, [document_id], now)


def fail_abandoned(session: Session, now: datetime) -> int:
    """Documents that wait for work which was set aside are failed, with its reason; how many there were."""
    aside = and_(_work.c.subject == _documents.c.id, _work.c.kind == PROCESS, _work.c.state == "quarantined")
    of_them = select(_documents.c.id, _work.c.reason).join(_work, aside)
    pending = session.execute(of_them.where(_documents.c.state == State.PENDING.value)).all()
    for row in pending:
        fail(session, row.id, PROCESS, row.reason, now)
    return len(pending)


def _change(session: Session, document_id: str, values: dict[str, Any]) -> None:
    result: Any = session.execute(update(_documents).where(_documents.c.id == document_id).values(values))
    if result.rowcount != 1:
        raise DocumentUnknown(document_id)


def _finished(one: Finished) -> dict[str, Any]:
    ended = {"state": one.state.value, "reason": one.reason, "step": "", "event_id": one.event_id}
    read = {name: value for name, value in one.document if name != "id"}
    return read | ended | {"filed_at": one.document.when, "duplicate_of": one.duplicate_of}


@cache
def _finish() -> Update:
    changed = [name for name in _documents.c.keys() if name != "id"]  # noqa: SIM118 a collection of columns is no dict
    return update(_documents).where(_documents.c.id == bindparam("key")).values({n: bindparam(n) for n in changed})


def _reading(one: Finished) -> dict[str, Any]:
    facts = _facts.dump_json(one.facts).decode()
    return {"document_id": one.document.id, "tags": one.tags.model_dump_json(), "facts": facts}


# ---- looking --------------------------------------------------------------------------------------------------------


def get(session: Session, document_id: str) -> Document | None:
    """A document by its id."""
    return next(iter(several(session, [document_id])), None)


def several(session: Session, document_ids: Sequence[str]) -> list[Document]:
    """Documents by their ids, newest first; ids without one are left out."""
    query = select(_documents).where(_documents.c.id.in_(document_ids)).order_by(*_newest_first())
    return [_document(row) for row in session.execute(query).mappings()]


def of_event(session: Session, event_id: str) -> list[Document]:
    """The documents that joined an event, newest first."""
    query = select(_documents).where(_documents.c.event_id == event_id).order_by(*_newest_first())
    return [_document(row) for row in session.execute(query).mappings()]


def seat_of(session: Session, document_id: str) -> str | None:
    """The event that a document sits in, if it does."""
    return session.execute(select(_documents.c.event_id).where(_documents.c.id == document_id)).scalar()


def seats_of(session: Session, document_ids: Sequence[str]) -> dict[str, str]:
    """The events that documents sit in; those that sit in none are left out."""
    query = select(_documents.c.id, _documents.c.event_id)
    rows = session.execute(query.where(_documents.c.id.in_(document_ids), _documents.c.event_id.is_not(None)))
    return {row.id: row.event_id for row in rows}


def tags_of(session: Session, document_id: str) -> Tags | None:
    """What tagging said of a document, if it came so far."""
    body = session.execute(select(_readings.c.tags).where(_readings.c.document_id == document_id)).scalar()
    return None if body is None else Tags.model_validate_json(body)


def facts_of(session: Session, document_id: str) -> tuple[Fact, ...]:
    """The facts found in a document."""
    body = session.execute(select(_readings.c.facts).where(_readings.c.document_id == document_id)).scalar()
    return () if body is None else _facts.validate_json(body)


def fate(session: Session, document_id: str) -> Fate | None:
    """Where a document's trip ended, and why."""
    row = session.execute(_fates().where(_documents.c.id == document_id)).mappings().first()
    return None if row is None else _fate(row)


def counts_by_state(session: Session) -> dict[State, int]:
    """How many documents are in each state; every state is named."""
    rows = session.execute(select(_documents.c.state, func.count()).group_by(_documents.c.state))
    return dict.fromkeys(State, 0) | {State(state): count for state, count in rows}


def failed(session: Session, limit: int = 100) -> list[Fate]:
    """Documents whose trip broke off, newest first."""
    return in_state(session, State.FAILED, limit)


def in_state(session: Session, state: State, limit: int = 100) -> list[Fate]:
    """Documents in a state, the last seen first."""
    query = _fates().where(_documents.c.state == state.value)
    newest = query.order_by(_documents.c.first_seen_at.desc(), _documents.c.id.desc()).limit(limit)
    return [_fate(row) for row in session.execute(newest).mappings()]


def filed_between(session: Session, start: datetime, end: datetime | None, states: Iterable[State]) -> list[Fate]:
    """Where the trips of a time's documents ended, earliest first; the end is left out."""
    query = _fates().where(_documents.c.filed_at >= start, _documents.c.state.in_([state.value for state in states]))
    query = query if end is None else query.where(_documents.c.filed_at < end)
    return [_fate(row) for row in session.execute(query.order_by(_documents.c.filed_at, _documents.c.id)).mappings()]


def ids(session: Session, after: str = "", limit: int = 1000) -> list[str]:
    """Every document's id in order, a page at a time: pass the last one to get the next page."""
    query = select(_documents.c.id).where(_documents.c.id > after).order_by(_documents.c.id).limit(limit)
    return list(session.execute(query).scalars())


def _fates() -> Any:
    named = [_documents.c[name] for name in Fate.model_fields if name != "document_id"]
    return select(_documents.c.id.label("document_id"), *named)


def _fate(row: RowMapping) -> Fate:
    return Fate.model_validate(dict(row))


def _newest_first() -> tuple[Any, ...]:
    return _documents.c.filed_at.desc(), _documents.c.id.desc()


def _document(row: RowMapping) -> Document:
    return Document.model_validate({name: row[name] for name in _fields})

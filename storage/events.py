"""Events: found again by their sketch's keys, kept whole, filtered by tags, tied to securities and scores."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, TextualSelect, and_, bindparam, delete, exists, func, or_, select, text
from sqlalchemy.orm import Session

from pipeline.records import Event, Link, Record, Score, Sketch
from storage import settling, tables
from storage.engine import alone, upsert
from storage.settling import NOISE, is_linked, key_of, link_key, tags_of

SKETCHES_KEPT = 4096
"""Sketches that stay read, at about 30 kB each; which they are changes the time an answer takes, never the answer."""

PER_KEY = 64
"""Newest events looked at under one key: one that common selects little; the rarer keys find the event."""

_events = tables.table(tables.EventRow)
_sketches = tables.table(tables.SketchRow)
_keys = tables.table(tables.EventKeyRow)
_tags = tables.table(tables.EventTagRow)
_links = tables.table(tables.LinkRow)
_scores = tables.table(tables.ScoreRow)
_aliases = tables.table(tables.EventAliasRow)


class Cursor(Record):
    """Where a page of events ended."""

    when: datetime
    event_id: str


class Page(Record):
    """Events in order of time, newest first, and where to go on; None after the last."""

    events: tuple[Event, ...]
    next: Cursor | None


class KnownLink(Record):
    """A link, and when it was first known here."""

    link: Link
    known_at: datetime


# ---- clustering -----------------------------------------------------------------------------------------------------


def placing(session: Session) -> None:
    """Until the transaction ends nobody else places a document: two reports cannot found one event twice."""
    alone(session, "placing")


def candidates(
    session: Session, keys: Sequence[str], around: datetime, within: timedelta, limit: int = 64
) -> list[Sketch]:
    """Sketches of events near in time that share keys: the most keys first, of equals those sharing rarer ones."""
    wanted = list(dict.fromkeys(map(key_of, keys)))
    if not wanted:
        return []
    asked = {f"key{n}": key for n, key in enumerate(wanted)}
    asked_in = {"since": around - within, "until": around + within, "most": limit}
    return [_sketch(body) for body in session.execute(_sharing(len(wanted)), asked | asked_in).scalars()]


def sketches_of(session: Session, event_ids: Sequence[str]) -> dict[str, Sketch]:
    """The sketches of events."""
    rows = session.execute(select(_sketches).where(_sketches.c.event_id.in_(event_ids)))
    return {row.event_id: _sketch(row.body) for row in rows}


@lru_cache(maxsize=SKETCHES_KEPT)
def _sketch(body: str) -> Sketch:
    """A sketch as it was kept. The same few hundred are compared with document after document."""
    return Sketch.model_validate_json(body)


@cache
def _sharing(count: int) -> TextualSelect:
    """Sketches under so many keys, those sharing the most first: an index walk a key, in one statement written once.

    Rarity is counted in whole numbers, which both stores add up alike.
    """
    is_asked = "key = :key{} AND filed_at >= (SELECT since FROM asked) AND filed_at <= (SELECT until FROM asked)"
    newest = f"ORDER BY filed_at DESC, event_id DESC LIMIT {PER_KEY}"
    walk = f"SELECT * FROM (SELECT key, event_id, filed_at FROM event_keys WHERE {is_asked} {newest}) AS walk{{}}"  # noqa: S608
    walks = " UNION ALL ".join(walk.format(n, n) for n in range(count))
    weighed = f"SELECT event_id, filed_at, 1000000 / count(*) OVER (PARTITION BY key) AS rarity FROM ({walks}) AS walks"  # noqa: S608
    order = "shared DESC, rarity DESC, filed_at DESC, event_id"
    counted = "event_id, filed_at, count(*) AS shared, sum(rarity) AS rarity"
    best = f"SELECT {counted} FROM ({weighed}) AS weighed GROUP BY event_id, filed_at ORDER BY {order} LIMIT :most"  # noqa: S608
    whole = f"SELECT body FROM ({best}) AS best JOIN sketches USING (event_id) ORDER BY {order}"  # noqa: S608
    times = [bindparam(name, type_=tables.UtcTime) for name in ("since", "until")]
    asked = text(f"WITH asked AS (SELECT :since AS since, :until AS until) {whole}").bindparams(*times)
    return asked.columns(body=tables.Words)


def filed_under(session: Session, tags: Collection[str], since: datetime, limit: int) -> list[str]:
    """Ids of the newest events that have one of some tags, filed since a time."""
    query = select(_tags.c.event_id).where(_tags.c.tag.in_(tags), _tags.c.filed_at >= since)
    return list(session.execute(query.order_by(_tags.c.filed_at.desc(), _tags.c.event_id).limit(limit)).scalars())


# ---- saving ---------------------------------------------------------------------------------------------------------


def save(session: Session, event: Event, sketch: Sketch | None = None, keys: Iterable[str] | None = None) -> None:
    """An event as it is now; with a sketch (or keys of its own choice) it can be found by clustering under them.

    Keys stand under the sketch's time, as it is the sketch that is compared.
    """
    settling.write_bodies(session, [event])
    if sketch is not None:
        save_sketch(session, event, sketch)
    if keys is not None:
        _save_keys(session, event, sketch.when if sketch else event.when, keys)
    settling.write_tags(session, {event.id: event.when}, {event.id: tags_of(event)}, is_linked)


def remove(session: Session, event_id: str, leads_to: str | None = None) -> None:
    """An event gone with all that hangs on it; its id stays known, and leads where its documents went."""
    session.execute(delete(_events).where(_events.c.id == event_id))
    if leads_to is not None:
        upsert(session, _aliases, ("event_id",), {"event_id": event_id, "leads_to": leads_to})


def bring_back(session: Session, event_id: str) -> None:
    """The id of an event that was gone is its own again; save the event after."""
    session.execute(delete(_aliases).where(_aliases.c.event_id == event_id))


def save_links(session: Session, event_id: str, links: Iterable[Link], now: datetime) -> None:
    """An event's links as drawn now. One drawn before keeps its known-at time; one no longer drawn is withdrawn."""
    drawn = tuple(links)
    if settling.write_links(session, {event_id: drawn}, now):
        _save_linked_tags(session, event_id, settling.linked_tags(drawn))


def restore_link(session: Session, link: Link, known_at: datetime, withdrawn_at: datetime | None) -> None:
    """A link as it was drawn between two times, in place of what is kept of it."""
    key = dict(zip(("security_id", "relation", "path_hash"), link_key(link), strict=True))
    times = {"known_at": known_at, "withdrawn_at": withdrawn_at}
    row = {"event_id": link.event_id, "weight": link.weight, "body": link.model_dump_json(), **key, **times}
    upsert(session, _links, ("event_id", *key), row)


def save_linked_tags(session: Session, event_id: str) -> None:
    """The tags by which an event is found under the securities that it is linked to now."""
    _save_linked_tags(session, event_id, {f"linked:{one}" for one in securities_of(session, event_id)})


def save_scores(session: Session, scores: Iterable[Score]) -> None:
    """An event's importance under each lens, in place of what was kept."""
    settling.write_scores(session, scores)


def save_sketch(session: Session, event: Event, sketch: Sketch, is_new: bool = False) -> None:
    """What clustering is to keep for an event that is stored; one that is new had no keys before."""
    upsert(session, _sketches, ("event_id",), {"event_id": event.id, "body": sketch.model_dump_json()})
    _save_keys(session, event, sketch.when, sketch.keys, is_new)


def _save_keys(session: Session, event: Event, when: datetime, keys: Iterable[str], is_new: bool = False) -> None:
    if not is_new:
        session.execute(delete(_keys).where(_keys.c.event_id == event.id))
    if wanted := sorted(set(map(key_of, keys))):
        session.execute(_keys.insert(), [{"key": key, "filed_at": when, "event_id": event.id} for key in wanted])


def _save_linked_tags(session: Session, event_id: str, wanted: set[str]) -> None:
    filed_at = session.execute(select(_events.c.filed_at).where(_events.c.id == event_id)).scalar_one()
    settling.write_tags(session, {event_id: filed_at}, {event_id: wanted}, lambda tag: not is_linked(tag))


# ---- looking --------------------------------------------------------------------------------------------------------


def get(session: Session, event_id: str) -> Event | None:
    """An event by its id; for the id of one that is gone the event that it leads to."""
    body = session.execute(select(_events.c.body).where(_events.c.id == event_id)).scalar()
    if body is not None:
        return Event.model_validate_json(body)
    leads_to = session.execute(select(_aliases.c.leads_to).where(_aliases.c.event_id == event_id)).scalar()
    return None if leads_to is None else get(session, leads_to)


def aliases(session: Session) -> dict[str, str]:
    """The ids of events that are gone, each with the event that it leads to."""
    return {row.event_id: row.leads_to for row in session.execute(select(_aliases))}


def several(session: Session, event_ids: Sequence[str]) -> dict[str, Event]:
    """Events by their ids; ids without one are left out."""
    rows = session.execute(select(_events.c.id, _events.c.body).where(_events.c.id.in_(event_ids)))
    return {row.id: Event.model_validate_json(row.body) for row in rows}


def between(session: Session, start: datetime, end: datetime) -> list[Event]:
    """Events of a time, its end left out, newest first."""
    is_within = and_(_events.c.filed_at >= start, _events.c.filed_at < end)
    return _read(session, select(_events.c.body).where(is_within, _is_shown()).order_by(*_newest_first()))


def recent(session: Session, limit: int = 50) -> list[Event]:
    """The newest events."""
    return _read(session, select(_events.c.body).where(_is_shown()).order_by(*_newest_first()).limit(limit))


def follow_ups(session: Session, event_id: str) -> list[Event]:
    """Events that develop this one, oldest first."""
    gone = session.execute(select(_aliases.c.event_id).where(_aliases.c.leads_to == event_id)).scalars()
    # As a range: where nearly no event follows another, SQLite's planner takes an equality for a reason to read every one.
    of_these = or_(*(_events.c.follows.between(each, each) for each in (event_id, *gone)))
    query = select(_events.c.body).where(of_these, _events.c.id != event_id, _is_shown())
    return _read(session, query.order_by(_events.c.filed_at, _events.c.id))


def page(
    session: Session,
    *,
    company: str | None = None,
    product: str | None = None,
    modality: str | None = None,
    event_type: str | None = None,
    security: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: Cursor | None = None,
    limit: int = 50,
) -> Page:
    """Events that meet every filter given, newest first, from where a cursor points."""
    wanted = [("company", company), ("modality", modality), ("type", event_type)]
    tags = [[f"{name}:{value}"] for name, value in wanted if value]
    tags += [[key_of(f"product:{product.casefold()}")]] if product else []
    tags += [[f"security:{security}", f"linked:{security}"]] if security else []
    query = select(_events.c.filed_at, _events.c.id, _events.c.body).where(*(_has(any_of) for any_of in tags))
    query = query.where(_is_shown())
    query = query.where(_events.c.filed_at >= since) if since else query
    query = query.where(_events.c.filed_at < until) if until else query
    query = query.where(_is_after(cursor)) if cursor else query
    rows = session.execute(query.order_by(*_newest_first()).limit(limit + 1)).all()
    shown = rows[:limit]
    last = Cursor(when=shown[-1].filed_at, event_id=shown[-1].id) if len(rows) > limit else None
    return Page(events=tuple(Event.model_validate_json(row.body) for row in shown), next=last)


def as_known(event: Event, by: datetime) -> Event:
    """The event with the reports that were here at a time, and the facts that they gave."""
    reports = tuple(report for report in event.reports if report.first_seen_at <= by)
    held = {report.document_id for report in reports}
    facts = tuple(fact for fact in event.facts if fact.document_id in held)
    return event.model_copy(update={"reports": reports, "facts": facts})


def links_of(session: Session, event_id: str, known_by: datetime | None = None) -> list[Link]:
    """An event's links, strongest first: as drawn now, or as they were known at a time."""
    stands: ColumnElement[bool] = _links.c.withdrawn_at.is_(None)
    if known_by is not None:
        stands = and_(_links.c.known_at <= known_by, or_(stands, _links.c.withdrawn_at > known_by))
    query = select(_links.c.body).where(_links.c.event_id == event_id, stands)
    ordered = query.order_by(_links.c.weight.desc(), _links.c.security_id, _links.c.relation, _links.c.path_hash)
    return [Link.model_validate_json(body) for body in session.execute(ordered).scalars()]


def links_of_all(session: Session, event_ids: Sequence[str]) -> dict[str, list[Link]]:
    """The links of several events as drawn now, strongest first."""
    found: dict[str, list[Link]] = {event_id: [] for event_id in event_ids}
    query = select(_links.c.event_id, _links.c.body).where(
        _links.c.event_id.in_(event_ids), _links.c.withdrawn_at.is_(None)
    )
    for row in session.execute(query.order_by(_links.c.weight.desc(), _links.c.security_id, _links.c.relation)):
        found[row.event_id].append(Link.model_validate_json(row.body))
    return found


def known_links(
    session: Session, event_ids: Sequence[str], known_by: datetime | None = None
) -> dict[str, list[KnownLink]]:
    """The links of several events with the time each became known: as drawn now, or as they stood at a time."""
    found: dict[str, list[KnownLink]] = {event_id: [] for event_id in event_ids}
    stands: ColumnElement[bool] = _links.c.withdrawn_at.is_(None)
    if known_by is not None:
        stands = and_(_links.c.known_at <= known_by, or_(stands, _links.c.withdrawn_at > known_by))
    query = select(_links.c.event_id, _links.c.body, _links.c.known_at).where(stands)
    ordered = query.order_by(_links.c.weight.desc(), _links.c.security_id, _links.c.relation, _links.c.path_hash)
    for start in range(0, len(event_ids), 1000):
        part = ordered.where(_links.c.event_id.in_(event_ids[start : start + 1000]))
        for row in session.execute(part):
            link = Link.model_validate_json(row.body)
            found[row.event_id].append(KnownLink(link=link, known_at=row.known_at))
    return found


def securities_of(session: Session, event_id: str) -> list[str]:
    """The securities that an event is linked to now."""
    query = select(_links.c.security_id).where(_links.c.event_id == event_id, _links.c.withdrawn_at.is_(None))
    return sorted(set(session.execute(query).scalars()))


def scores_of(session: Session, event_id: str) -> list[Score]:
    """An event's importance under each lens."""
    query = select(_scores.c.body).where(_scores.c.event_id == event_id).order_by(_scores.c.lens)
    return [Score.model_validate_json(body) for body in session.execute(query).scalars()]


def scores_of_all(session: Session, event_ids: Sequence[str], lens: str) -> dict[str, Score]:
    """The importance of several events under one lens."""
    query = select(_scores.c.event_id, _scores.c.body).where(_scores.c.event_id.in_(event_ids), _scores.c.lens == lens)
    return {row.event_id: Score.model_validate_json(row.body) for row in session.execute(query)}


def count(session: Session) -> int:
    """How many events there are."""
    return session.execute(select(func.count()).select_from(_events)).scalar_one()


def _read(session: Session, query: Any) -> list[Event]:
    return [Event.model_validate_json(body) for body in session.execute(query).scalars()]


def _has(any_of: Sequence[str]) -> ColumnElement[bool]:
    named = _tags.c.tag == any_of[0] if len(any_of) == 1 else _tags.c.tag.in_(any_of)
    return exists().where(named, _tags.c.filed_at == _events.c.filed_at, _tags.c.event_id == _events.c.id)


def _is_shown() -> ColumnElement[bool]:
    return ~_has([NOISE])


def _is_after(cursor: Cursor) -> ColumnElement[bool]:
    is_older = _events.c.filed_at < cursor.when
    return or_(is_older, and_(_events.c.filed_at == cursor.when, _events.c.id < cursor.event_id))


def _newest_first() -> tuple[Any, ...]:
    return _events.c.filed_at.desc(), _events.c.id.desc()

"""What follows for events, written for many at once: their bodies, tags and links. Only what changed is touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Delete, Update, bindparam, delete, select, update
from sqlalchemy.orm import Session

from pipeline.records import Event, Link, Score
from storage import tables
from storage.engine import upsert

LONGEST_KEY = 120
"""Characters; a longer key is kept by its hash, as PostgreSQL's indexes refuse rows over 2,700 bytes."""
NOISE = "mark:noise"
"""The tag of an event that a person marked as noise: it is on no list."""

LinkKey = tuple[str, str, bytes]

_events = tables.table(tables.EventRow)
_tags = tables.table(tables.EventTagRow)
_links = tables.table(tables.LinkRow)
_scores = tables.table(tables.ScoreRow)


def key_of(name: str) -> str:
    """A name as an index can hold it."""
    return name if len(name) <= LONGEST_KEY else sha256(tables.safe(name).encode()).hexdigest()


def is_linked(tag: str) -> bool:
    """Whether a tag says that an event is linked to a security."""
    return tag.startswith("linked:")


def linked_tags(links: Iterable[Link]) -> set[str]:
    """The tags by which an event is found under the securities that it is linked to."""
    return {f"linked:{link.security_id}" for link in links}


def tags_of(event: Event) -> set[str]:
    """What an event can be filtered by, its links aside."""
    if event.is_noise:
        return {NOISE}
    tags = {f"type:{event.event_type}"} | {f"company:{tag.id}" for tag in event.companies}
    for product in event.products:
        tags |= {key_of(f"product:{name.casefold()}") for name in (product.id, product.family, product.name) if name}
    tags |= {f"modality:{modality}" for modality in (*event.modalities.input, *event.modalities.output)}
    return tags | {f"security:{tag.id}" for tag in event.securities}


def write_bodies(session: Session, events: Sequence[Event]) -> None:
    """Events as they are now."""
    upsert(session, _events, ("id",), *map(_row_of, events))


def write_scores(session: Session, scores: Iterable[Score]) -> None:
    """The importance of events under each lens, in place of what was kept."""
    rows = [
        {"event_id": score.event_id, "lens": score.lens, "total": score.total, "body": score.model_dump_json()}
        for score in scores
    ]
    upsert(session, _scores, ("event_id", "lens"), *rows)


def write_tags(
    session: Session,
    filed: Mapping[str, datetime],
    wanted: Mapping[str, set[str]],
    stays: Callable[[str], bool] = lambda tag: False,  # noqa: ARG005 the signature is what counts
) -> None:
    """The tags of events, in place of those that they have; a stored one that `stays` is left."""
    stored: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    query = select(_tags.c.event_id, _tags.c.tag, _tags.c.filed_at).where(_tags.c.event_id.in_(list(wanted)))
    for row in session.execute(query):
        stored[row.event_id][row.tag] = row.filed_at
    gone: list[dict[str, Any]] = []
    fresh: list[dict[str, Any]] = []
    for event_id, given in wanted.items():
        at, has = filed[event_id], stored[event_id]
        tags = given | {tag for tag in has if stays(tag)}
        gone += [{"a": t, "b": then, "c": event_id} for t, then in has.items() if t not in tags or then != at]
        fresh += [{"tag": t, "filed_at": at, "event_id": event_id} for t in sorted(tags) if has.get(t) != at]
    if gone:
        session.execute(_untag(), gone)
    if fresh:
        session.execute(_tags.insert(), fresh)


def write_links(session: Session, drawn: Mapping[str, Iterable[Link]], now: datetime) -> set[str]:
    """Links of events as drawn now; returns those events whose set of linked securities changed.

    A link drawn before keeps its known-at time; one no longer drawn is withdrawn.
    """
    stored: defaultdict[str, dict[LinkKey, Any]] = defaultdict(dict)
    for row in session.execute(select(_links).where(_links.c.event_id.in_(list(drawn)))):
        stored[row.event_id][row.security_id, row.relation, row.path_hash] = row
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    moved: set[str] = set()
    for event_id, links in drawn.items():
        now_drawn = {link_key(link): link for link in links}
        has = stored[event_id]
        new, redrawn = _redrawn(event_id, now_drawn, has, now)
        fresh += new
        changed += redrawn + _withdrawn(event_id, now_drawn, has, now)
        if {k[0] for k, old in has.items() if old.withdrawn_at is None} != {k[0] for k in now_drawn}:
            moved.add(event_id)
    if fresh:
        session.execute(_links.insert(), fresh)
    if changed:
        session.execute(_redraw(), changed)
    return moved


def link_key(link: Link) -> LinkKey:
    """What makes a link the same as one drawn before: where it leads, by what tie, along which path."""
    return link.security_id, link.relation, sha256("\x00".join(link.path).encode()).digest()


def _row_of(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "filed_at": event.when,
        "first_seen_at": event.first_seen_at,
        "occurred_on": event.occurred_on,
        "event_type": event.event_type,
        "follows": event.follows,
        "body": event.model_dump_json(),
    }


def _redrawn(
    event_id: str, drawn: Mapping[LinkKey, Link], has: Mapping[LinkKey, Any], now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows for links never drawn before, and changes for those that changed or come back."""
    fresh, changed = [], []
    for key, link in drawn.items():
        body, old = link.model_dump_json(), has.get(key)
        values = {"weight": link.weight, "body": body, "withdrawn_at": None}
        if old is None:
            row = dict(zip(("security_id", "relation", "path_hash"), key, strict=True))
            fresh.append(row | values | {"event_id": event_id, "known_at": now})
        elif old.body != body or old.withdrawn_at is not None:
            known_at = old.known_at if old.withdrawn_at is None else now
            changed.append(_named(event_id, key) | values | {"known_at": known_at})
    return fresh, changed


def _withdrawn(
    event_id: str, drawn: Collection[LinkKey], has: Mapping[LinkKey, Any], now: datetime
) -> list[dict[str, Any]]:
    gone = [(key, old) for key, old in has.items() if key not in drawn and old.withdrawn_at is None]
    return [
        _named(event_id, key) | {"weight": old.weight, "body": old.body, "known_at": old.known_at, "withdrawn_at": now}
        for key, old in gone
    ]


def _named(event_id: str, key: LinkKey) -> dict[str, Any]:
    return dict(zip(("a", "b", "c", "d"), (event_id, *key), strict=True))


@cache
def _redraw() -> Update:
    row = _links.c
    is_event = row.event_id == bindparam("a")
    is_tie = (row.security_id == bindparam("b")) & (row.relation == bindparam("c"))
    return update(_links).where(is_event, is_tie, row.path_hash == bindparam("d"))


@cache
def _untag() -> Delete:
    row = _tags.c
    return delete(_tags).where(
        row.tag == bindparam("a"), row.filed_at == bindparam("b"), row.event_id == bindparam("c")
    )

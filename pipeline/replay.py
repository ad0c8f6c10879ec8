"""Replay: events made again with today's rules beside the old ones. Which id each keeps, and what would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.records import Event, Record, State


class Seat(Record):
    """Where a document's trip ended: its state, and the event that it sits in."""

    state: State
    event_id: str | None = None
    duplicate_of: str | None = None


class Moved(Record):
    """A document that would be elsewhere."""

    document_id: str
    title: str
    before: Seat
    after: Seat


class Changed(Record):
    """An event that stays but would be told otherwise: each field with what it was and would be."""

    event_id: str
    title: str
    fields: dict[str, tuple[Any, Any]]


class Gone(Record):
    """An event that would be no more, and the one that its id would lead to."""

    event_id: str
    title: str
    leads_to: str | None


class Changes(Record):
    """What taking a replay over would change."""

    documents: int
    """Documents that were looked at again."""
    events_before: int
    events_after: int
    moved: tuple[Moved, ...]
    appear: tuple[Event, ...]
    vanish: tuple[Gone, ...]
    differ: tuple[Changed, ...]


# ---- ids ------------------------------------------------------------------------------------------------------------


def keep_ids(
    founders: Mapping[str, str], seats: Mapping[str, str], held: Iterable[str] = ()
) -> tuple[dict[str, str], dict[str, str]]:
    """What to rename the new events to so that ids survive, and where the ids that do not survive lead.

    `founders` gives each old event's founding document, `seats` each document's new event. An event keeps its id where
    its founding document sits, unless that event is an older one's already; `held` names ids that stay as they are.
    """
    standing = set(seats.values()) | set(held)
    named: dict[str, str] = {}
    leads_to: dict[str, str] = {}
    for old, founder in sorted(founders.items()):
        now = seats.get(founder)
        if old in standing or now is None:
            continue
        if now in founders or now in held:
            leads_to[old] = now
        elif now in named:
            leads_to[old] = named[now]
        else:
            named[now] = old
    return named, leads_to


def heir(documents: Iterable[str], seats: Mapping[str, str]) -> str | None:
    """The event where most of a vanished one's documents sit now; None where they all left."""
    counts = Counter(seats[document] for document in documents if document in seats)
    return min(counts, key=lambda event_id: (-counts[event_id], event_id), default=None)


# ---- what would change ----------------------------------------------------------------------------------------------


def changes(
    before: Mapping[str, Event],
    after: Mapping[str, Event],
    seats_before: Mapping[str, Seat],
    seats_after: Mapping[str, Seat],
    leads_to: Mapping[str, str],
    titles: Mapping[str, str],
) -> Changes:
    """The difference between the events that stand and those that were made beside them."""
    moved = [
        Moved(document_id=key, title=titles.get(key, ""), before=seat, after=seats_after[key])
        for key, seat in sorted(seats_before.items())
        if seats_after[key] != seat
    ]
    differ = [
        Changed(event_id=key, title=_title(after[key]), fields=fields)
        for key in sorted(before.keys() & after.keys())
        if (fields := _fields(before[key], after[key]))
    ]
    gone = sorted(before.keys() - after.keys())
    return Changes(
        documents=len(seats_before),
        events_before=len(before),
        events_after=len(after),
        moved=tuple(moved),
        appear=tuple(after[key] for key in sorted(after.keys() - before.keys())),
        vanish=tuple(Gone(event_id=k, title=_title(before[k]), leads_to=leads_to.get(k)) for k in gone),
        differ=tuple(differ),
    )


def _fields(before: Event, after: Event) -> dict[str, tuple[Any, Any]]:
    one, other = _told(before), _told(after)
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def _told(event: Event) -> dict[str, Any]:
    """What a reader would notice of an event, in a form that can be shown."""
    return {
        "title_zh": event.title_zh,
        "title_en": event.title_en,
        "event_type": event.event_type,
        "certainty": event.certainty,
        "occurred_on": event.occurred_on.isoformat() if event.occurred_on else None,
        "companies": sorted(f"{c.id} ({c.role})" for c in event.companies),
        "products": sorted({p.name for p in event.products}),
        "securities": sorted(s.id for s in event.securities),
        "modalities": sorted({*event.modalities.input, *event.modalities.output}),
        "facts": sorted({_said(f) for f in event.facts}),
        "reports": [r.document_id for r in event.reports],
        "follows": event.follows,
    }


def _said(fact: Any) -> str:
    parts = [fact.kind, str(fact.value), fact.unit, fact.subject or "", "before" if fact.comparison else ""]
    return " ".join(part for part in parts if part)


def _title(event: Event) -> str:
    return event.title("zh")

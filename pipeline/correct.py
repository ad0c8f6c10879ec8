"""Correct: what follows when a person merges, splits, moves, names or marks events. Events in, a plan out; flow rebuilds them.

A correction says who sits where; it never says what an event is: that stays the documents' word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal

from pydantic import Field

from pipeline.records import ByHand, Event, Record, Seats, Sketch, Told

Mark = Literal["rumour", "fact", "denial", "noise"]


class CorrectionRefused(ValueError):
    """A correction that makes no sense of the events as they are: says why."""


class Plan(Record):
    """What a correction comes to: the events as they shall be, and where the ids of those that are gone lead."""

    events: tuple[Seats, ...]
    leads_to: Mapping[str, str] = Field(default_factory=dict)


class Pair(Record):
    """Two documents and whether they report one event, as a person said."""

    one: str
    other: str
    same: bool


# ---- what a person asks for -----------------------------------------------------------------------------------------


def merge(survivor: Seats, other: Seats) -> Plan:
    """Two events as one under the first one's id; a title that only the other was given by hand goes over to it."""
    if survivor.event_id == other.event_id:
        raise CorrectionRefused(f"{other.event_id} is {survivor.event_id} already")
    mine, theirs = survivor.by_hand, other.by_hand
    titles = {"title_zh": mine.title_zh or theirs.title_zh, "title_en": mine.title_en or theirs.title_en}
    merged = Seats(
        event_id=survivor.event_id,
        documents=(*survivor.documents, *other.documents),
        by_hand=mine.model_copy(update=titles),
    )
    return Plan(events=(merged,), leads_to={other.event_id: survivor.event_id})


def split(event: Seats, documents: Iterable[str], new_id: str) -> Plan:
    """Documents as an event of their own, under a new id; those that stay keep the old one."""
    wanted = set(documents)
    if missing := sorted(wanted - set(event.documents)):
        raise CorrectionRefused(f"{event.event_id} has no document {', '.join(missing)}")
    if not wanted or wanted == set(event.documents):
        raise CorrectionRefused(f"name some of the documents of {event.event_id}, not {'all' if wanted else 'none'}")
    away = tuple(d for d in event.documents if d in wanted)
    rest = tuple(d for d in event.documents if d not in wanted)
    return Plan(
        events=(event.model_copy(update={"documents": rest}), Seats(event_id=new_id, documents=away)),
    )


def move(document: str, source: Seats, target: Seats) -> Plan:
    """A document in another event; an event that it was the last of leads there."""
    if source.event_id == target.event_id:
        raise CorrectionRefused(f"document {document} is in {target.event_id} already")
    rest = tuple(d for d in source.documents if d != document)
    joined = target.model_copy(update={"documents": (*target.documents, document)})
    if not rest:
        return Plan(events=(joined,), leads_to={source.event_id: target.event_id})
    return Plan(events=(source.model_copy(update={"documents": rest}), joined))


def retitle(event: Seats, title_zh: str | None, title_en: str | None) -> Plan:
    """An event with a title by hand in the languages that are given."""
    given = {name: title for name, title in (("title_zh", title_zh), ("title_en", title_en)) if title}
    if not given:
        raise CorrectionRefused("give a title, in Chinese, in English or both")
    return _said(event, event.by_hand.model_copy(update=given))


def mark(event: Seats, as_what: Mark) -> Plan:
    """An event marked as rumour, fact, denial or noise."""
    return _said(event, event.by_hand.model_copy(update={"mark": as_what}))


def _said(event: Seats, by_hand: ByHand) -> Plan:
    if by_hand == event.by_hand:
        raise CorrectionRefused(f"{event.event_id} says so already")
    return Plan(events=(event.model_copy(update={"by_hand": by_hand}),))


# ---- what stands against the machine --------------------------------------------------------------------------------


def respect(event: Event, by_hand: ByHand) -> Event:
    """The event as its documents tell it, with what a person said of it over that."""
    if by_hand == ByHand():
        return event
    certainty = by_hand.mark if by_hand.mark and by_hand.mark != "noise" else event.certainty
    said = {
        "title_zh": by_hand.title_zh or event.title_zh,
        "title_en": by_hand.title_en or event.title_en,
        "certainty": certainty,
        "by_hand": by_hand,
    }
    return event.model_copy(update=said)


def anchors(sketches: Iterable[Sketch], documents: Sequence[str]) -> list[list[str]]:
    """An event's documents by what each of them is compared beside: one group an event that was merged into it.

    What no sketch remembers joins the first group. Without a sketch of one of the documents they are all one group.
    """
    left = list(documents)
    groups: list[list[str]] = []
    for anchor in [s for sketch in sketches for s in (sketch, *sketch.merged)]:
        members = [anchor.document_id, *(other.document_id for other in anchor.others)]
        groups.append([member for member in members if member in left])
        left = [document for document in left if document not in members]
    groups = [group for group in groups if group] or [[]]
    groups[0] += left
    return groups


def pins(standing: Sequence[Told], leads_to: Mapping[str, str]) -> dict[str, str]:
    """Where documents sit by a person's word, whatever the rules would say today: document to event.

    Who changed an event's documents has looked at all of them; who named or marked one holds its founding document.
    """
    found: dict[str, str] = {}
    for told in standing:
        for seats in told.after:
            held = seats.documents if told.kind in ("merge", "split", "move") else seats.documents[:1]
            found |= dict.fromkeys(held, seats.event_id)
    return {document: end(event_id, leads_to) for document, event_id in found.items()}


def end(event_id: str, leads_to: Mapping[str, str]) -> str:
    """The event that an id leads to: itself where it stands."""
    while event_id in leads_to:
        event_id = leads_to[event_id]
    return event_id


# ---- what can be learned --------------------------------------------------------------------------------------------


def pairs(standing: Sequence[Told]) -> Iterator[Pair]:
    """What corrections say of pairs of documents, the last word on each: joined ones are one event, parted ones are not."""
    said: dict[tuple[str, str], bool] = {}
    for told in standing:
        if told.kind in ("merge", "split", "move"):
            before, after = _events_of(told.before), _events_of(told.after)
            for one, other in combinations(sorted(before), 2):
                together = after[one] == after[other]
                if together != (before[one] == before[other]):
                    said[one, other] = together
    for (one, other), same in sorted(said.items()):
        yield Pair(one=one, other=other, same=same)


def _events_of(events: Iterable[Seats]) -> dict[str, str]:
    return {document: seats.event_id for seats in events for document in seats.documents}

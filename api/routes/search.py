"""Search: past events by words and filters, best first, with what they have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import AtDesk, Desk, now
from pipeline.query import Query as Question
from pipeline.query import marks, read_query, tagged
from pipeline.records import Event, Record
from storage import events, finding

router = APIRouter(tags=["search"])

FACETS = {"company": "co", "product": "pr", "modality": "mod", "type": "type", "security": "st"}
"""What is counted, by its name in an address and its tag in the index."""
SHOWN_FACETS = 12


class Found(Record):
    """An event that answers, how well, and where its title holds what was asked for."""

    event: Event
    score: float
    whole: bool
    """Whether it holds every word; after those that do come those that hold some."""
    marks: dict[str, list[tuple[int, int]]]
    """Spans of characters in `title_zh` and `title_en`."""


class Count(Record):
    """How many of the newest answers carry a tag."""

    id: str
    count: int


class Answers(Record):
    """Events that answer, best first: those that hold every word, then those that hold some."""

    events: tuple[Found, ...]
    next: int | None
    """The `offset` that asks for those after them."""
    facets: dict[str, tuple[Count, ...]]
    partial: bool = False
    """Whether nothing holds every word, and these hold some."""
    names: tuple[str, ...] = ()
    """Names that were understood: `company:moonshot-ai`."""
    near: tuple[str, ...] = ()
    """Where nothing holds every word: names that are spelled nearly so."""


@router.get("/search")
def search(
    desk: AtDesk,
    q: Annotated[
        str, Query(description='Words, "a phrase", -not, company:moonshot-ai, type:model_update, since:7d')
    ] = "",
    company: str | None = None,
    product: str | None = None,
    modality: str | None = None,
    type: str | None = None,
    security: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    order: finding.Order = "relevance",
    facets: bool = False,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Answers:
    """Events by words in Chinese or English, and by tags."""
    asked = {"company": company, "product": product, "modality": modality, "type": type, "security": security}
    question = read_query(q, desk.names, desk.knowledge, desk.zone, now())
    question = question.model_copy(
        update={
            "groups": (*question.groups, *tagged((FACETS[key], value) for key, value in asked.items() if value)),
            "since": desk.zoned(since) or question.since,
            "until": desk.zoned(until) or question.until,
        }
    )
    return answers(desk, question, order, facets, limit, offset)


def answers(desk: Desk, question: Question, order: finding.Order, facets: bool, limit: int, offset: int = 0) -> Answers:
    """The events that answer a question, for the route and for the page."""
    with desk.store.reading() as session:
        hits = finding.find(
            session, question, kind="event", order=order, limit=limit + 1, offset=offset, some_words=True
        )
        found = events.several(session, [hit.subject for hit in hits[:limit]])
        counted = finding.facets(session, question, FACETS.values()) if facets else {}
    known = [hit for hit in hits[:limit] if hit.subject in found]
    none_whole = offset == 0 and not any(hit.whole for hit in known)
    return Answers(
        events=tuple(
            Found(event=event, score=hit.score, whole=hit.whole, marks=_marks(event, question))
            for hit in known
            for event in [found[hit.subject]]
        ),
        next=offset + limit if len(hits) > limit else None,
        facets={key: _counts(desk, key, counted[prefix]) for key, prefix in FACETS.items() if prefix in counted},
        partial=none_whole and bool(known),
        names=question.names,
        near=tuple(name for word in question.words for name in desk.names.near(word)) if none_whole else (),
    )


def _marks(event: Event, question: Question) -> dict[str, list[tuple[int, int]]]:
    titles = {"title_zh": event.title_zh, "title_en": event.title_en}
    return {key: marks(title, question.words) for key, title in titles.items() if title}


def _counts(desk: Desk, key: str, counted: dict[str, int]) -> tuple[Count, ...]:
    """The most frequent tags, under the ids that they stand for."""
    ids = desk.facet_ids[key]
    best = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Count(id=ids[tag], count=count) for tag, count in best if tag in ids)[:SHOWN_FACETS]

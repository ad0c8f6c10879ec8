"""Events: newest first, filtered, page by page; and all about one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from api.deps import AtDesk
from api.unchanged import Tagged
from pipeline.records import Event, Link, Record, Score
from storage import events

router = APIRouter(tags=["events"], route_class=Tagged)


class EventPage(Record):
    """Events, newest first; `next` asks for those after them."""

    events: tuple[Event, ...]
    next: str | None


class EventWhole(Record):
    """An event with what hangs on it."""

    event: Event
    links: tuple[Link, ...]
    scores: tuple[Score, ...]
    follow_ups: tuple[str, ...]


@router.get("/events")
def list_events(
    desk: AtDesk,
    company: str | None = None,
    product: str | None = None,
    modality: str | None = None,
    type: str | None = None,
    security: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EventPage:
    """Events that meet every filter given."""
    with desk.store.reading() as session:
        page = events.page(
            session,
            company=company,
            product=product,
            modality=modality,
            event_type=type,
            security=security,
            since=desk.zoned(since),
            until=desk.zoned(until),
            cursor=read_cursor(cursor),
            limit=limit,
        )
    return EventPage(events=page.events, next=write_cursor(page.next))


@router.get("/events/{event_id}")
def one_event(desk: AtDesk, event_id: str) -> EventWhole:
    """An event with its links, scores and follow-ups; for an id that is gone, of the event that it leads to."""
    with desk.store.reading() as session:
        event = events.get(session, event_id)
        if event is None:
            raise HTTPException(404, "there is no such event")
        return EventWhole(
            event=event,
            links=tuple(events.links_of(session, event.id)),
            scores=tuple(events.scores_of(session, event.id)),
            follow_ups=tuple(e.id for e in events.follow_ups(session, event.id)),
        )


def write_cursor(cursor: events.Cursor | None) -> str | None:
    """A page's end, as it stands in an address."""
    return None if cursor is None else f"{cursor.when.timestamp():.6f}~{cursor.event_id}"


def read_cursor(text: str | None) -> events.Cursor | None:
    """The cursor of an address. Raises ValueError for one that no page gave."""
    if not text:
        return None
    when, _, event_id = text.partition("~")
    try:
        return events.Cursor(when=datetime.fromtimestamp(float(when), UTC), event_id=event_id)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("cursor: take the one that a page gave as `next`") from error

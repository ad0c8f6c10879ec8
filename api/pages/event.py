"""Events: the list, and all about one: its reports in time, facts and conflicts, rivals, links with their path, its score."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import AtDesk, Desk
from api.pages.figures import earlier
from api.pages.showing import language_of, page
from api.routes.events import read_cursor, write_cursor
from knowledge.index import KnowledgeBase
from knowledge.schema import Relation
from pipeline.compare import Comparison, compare
from pipeline.records import Event, EventFact, Link, Report
from storage import events

router = APIRouter()

LISTED = 40


class Figure(NamedTuple):
    """One field of one subject: what reports say of it. Several values are a conflict."""

    kind: str
    subject: str
    facts: tuple[EventFact, ...]

    @property
    def is_disputed(self) -> bool:
        """Whether reports differ."""
        return any(fact.conflict for fact in self.facts)


class Step(NamedTuple):
    """One tie of a link's path: from whom to which security, of what kind, since when, shown where."""

    company: str
    kind: str
    security: str
    valid_from: str
    sources: tuple[str, ...]


@router.get("/events")
def event_list(
    request: Request,
    desk: AtDesk,
    company: str | None = None,
    type: str | None = None,
    security: str | None = None,
    cursor: str | None = None,
) -> Response:
    """The events, newest first."""
    with desk.store.reading() as session:
        found = events.page(
            session, company=company, event_type=type, security=security, cursor=read_cursor(cursor), limit=LISTED
        )
    asked = {"company": company, "type": type, "security": security, "cursor": write_cursor(found.next)}
    query = urlencode({name: value for name, value in asked.items() if value})
    heading = company or security or type or ("事件" if language_of(request) == "zh" else "Events")
    next_url = found.next and f"/events?{query}"
    return page(request, "events.html", heading=heading, events=found.events, next_url=next_url)


@router.get("/events/{event_id}")
def event_page(request: Request, desk: AtDesk, event_id: str) -> Response:
    """All about one event; an id that is gone leads to the event that took its documents."""
    with desk.store.reading() as session:
        event = events.get(session, event_id)
        if event is None:
            raise HTTPException(404, "there is no such event")
        if event.id != event_id:
            return RedirectResponse(f"/events/{event.id}", 303)
        links, scores = events.links_of(session, event.id), events.scores_of(session, event.id)
        before = events.get(session, event.follows) if event.follows else None
        after = events.follow_ups(session, event.id)
    return page(
        request,
        "event.html",
        event=event,
        days=_days(event, desk),
        figures=_figures(event),
        reports={report.document_id: report for report in event.reports},
        beside=_beside(event, desk),
        links=_paths(links, desk.knowledge),
        scores=scores,
        before=before,
        after=after,
    )


def _days(event: Event, desk: Desk) -> list[tuple[str, list[Report]]]:
    """The reports by day, oldest first."""
    ordered = sorted(event.reports, key=lambda r: (r.published_at or r.first_seen_at, r.document_id))
    by_day = groupby(ordered, key=lambda r: (r.published_at or r.first_seen_at).astimezone(desk.zone).date())
    return [(day.isoformat(), list(reports)) for day, reports in by_day]


def _figures(event: Event) -> list[Figure]:
    """The facts by field and subject, each value once, those in dispute first."""
    found: dict[tuple[str, str, str, bool], dict[object, EventFact]] = {}
    for fact in event.facts:
        key = (fact.kind, fact.subject or "", fact.detail or "", fact.comparison)
        found.setdefault(key, {}).setdefault((fact.value, fact.unit), fact)
    rows = [Figure(kind, subject, tuple(facts.values())) for (kind, subject, _, _), facts in found.items()]
    return sorted(rows, key=lambda row: (not row.is_disputed, row.facts[0].comparison, not row.subject))


def _beside(event: Event, desk: Desk) -> tuple[Comparison, ...]:
    """How its figures stand beside earlier ones; nothing is read where it has none to compare."""
    if not any(
        desk.knowledge.fact_kinds[f.kind].comparable for f in event.facts if f.kind in desk.knowledge.fact_kinds
    ):
        return ()
    return compare(event, earlier(desk, event), desk.knowledge)


def _paths(links: Iterable[Link], knowledge: KnowledgeBase) -> list[tuple[Link, list[Step]]]:
    """Links with their paths' ties in order. A path is company and relation ids from the event outwards."""
    drawn = list(links)
    wanted = {each for link in drawn for each in link.path}
    ties = {r.id: r for r in knowledge.relations if r.id in wanted}
    return [(link, [_step(ties[each]) for each in link.path if each in ties]) for link in drawn]


def _step(tie: Relation) -> Step:
    return Step(tie.company, tie.kind, tie.security, tie.valid_from or "", tie.source)

"""Feeds out: Atom, JSON Feed and iCalendar of what a reader asked for, each behind an address of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, HTTPException, Query, Request, Response

from api import feeds as shapes
from api.deps import AtDesk, Desk, now
from api.keys import caller_of
from pipeline import digest
from pipeline.digest.coming import named_days
from pipeline.records import Event, Record
from pipeline.score import themes
from storage import events, feeds, watches

router = APIRouter(tags=["feeds"])
opened = APIRouter()

PREFIX = "/feeds/"
SHOWN = 50
LOOKED_AT = 400
"""Newest events among which a theme's or a lens's are sought."""
MATTERS = 30.0
"""Importance under a lens from which on its feed takes an event."""


class _Named(Protocol):
    @property
    def name_zh(self) -> str | None: ...
    @property
    def name_en(self) -> str | None: ...


class FeedAddresses(Record):
    """Where a feed is read; whoever has an address can read that feed and nothing else."""

    kind: feeds.FeedKind
    subject: str
    atom: str
    json_feed: str
    calendar: str


@router.post("/feeds")
def give_feed(
    request: Request,
    desk: AtDesk,
    kind: feeds.FeedKind,
    subject: Annotated[str, Query(description="The id of a company, product, security, theme, lens or watch.")] = "",
    lang: Literal["zh", "en"] = "zh",
) -> FeedAddresses:
    """The addresses of a feed, the same each time it is asked for."""
    if not _is_known(desk, kind, subject) or (kind == "watch" and not _is_own(request, desk, subject)):
        raise HTTPException(404, f"there is no {kind} {subject}")
    with desk.store.writing() as session:
        return _addresses(desk, feeds.give(session, kind, "" if kind == "all" else subject, lang, now()))


@router.get("/feeds")
def list_feeds(request: Request, desk: AtDesk) -> list[FeedAddresses]:
    """Every feed that somebody was given, those of others' watches aside."""
    with desk.store.reading() as session:
        given = feeds.given(session)
    return [_addresses(desk, one) for one in given if one.kind != "watch" or _is_own(request, desk, one.subject)]


@router.delete("/feeds/{token}", status_code=204)
def withdraw_feed(desk: AtDesk, token: str) -> None:
    """A feed closed for good: its address opens nothing any more."""
    with desk.store.writing() as session:
        if not feeds.withdraw(session, token):
            raise HTTPException(404, "there is no such feed")


@opened.get("/feeds/{token}.{form}")
def read_feed(desk: AtDesk, token: str, form: Literal["atom", "json", "ics"]) -> Response:
    """A feed, for whoever has its address."""
    with desk.store.reading() as session:
        asked = feeds.opened_by(session, token)
        if asked is None:
            raise HTTPException(404, "there is no such feed")
        found = _events(desk, asked)
        links = events.links_of_all(session, [event.id for event in found])
    base = desk.public_url
    title, home = _title(desk, asked), f"{base}{_page(asked)}"
    if form == "ics":
        body = shapes.calendar(title, _coming(desk, found), asked.language, now())
    else:
        feed = shapes.Feed(title, f"{base}{PREFIX}{token}.{form}", home, asked.language, desk.feed_hub)
        items = [shapes.Item(event, links[event.id], f"{base}/events/{event.id}") for event in found]
        body = (shapes.atom if form == "atom" else shapes.json_feed)(feed, items)
    answer = Response(body, media_type=shapes.TYPES[form])
    if desk.feed_hub and form != "ics":
        answer.headers["Link"] = f'<{desk.feed_hub}>; rel="hub", <{base}{PREFIX}{token}.{form}>; rel="self"'
    return answer


def _is_own(request: Request, desk: Desk, watch_id: str) -> bool:
    """Whether the caller may see a watch, and so what it told of."""
    sees = caller_of(request).sees
    with desk.store.reading() as session:
        watch = watches.get(session, watch_id)
    return sees is None or (watch is not None and watch.owner == sees)


def _is_known(desk: Desk, kind: feeds.FeedKind, subject: str) -> bool:
    known = desk.knowledge
    if kind == "watch":
        with desk.store.reading() as session:
            return watches.get(session, subject) is not None
    named = {"company": known.companies, "security": known.securities, "theme": known.themes, "lens": known.lenses}
    return kind == "all" or (kind == "product" and bool(subject)) or subject in named.get(kind, ())


def _events(desk: Desk, asked: feeds.FeedAsked) -> list[Event]:
    """The newest events that a feed is about."""
    with desk.store.reading() as session:
        if asked.kind in ("company", "product", "security"):
            return list(events.page(session, **{asked.kind: asked.subject}, limit=SHOWN).events)  # type: ignore[arg-type]
        if asked.kind == "watch":
            alerts = watches.alerts(session, watch_ids=[asked.subject], limit=2 * SHOWN)
            found = events.several(session, list(dict.fromkeys(alert.event_id for alert in alerts)))
            return list(found.values())[:SHOWN]
        newest = list(events.page(session, limit=SHOWN if asked.kind == "all" else LOOKED_AT).events)
        if asked.kind == "lens":
            scores = events.scores_of_all(session, [event.id for event in newest], asked.subject)
            newest = [event for event in newest if event.id in scores and scores[event.id].total >= MATTERS]
    if asked.kind == "theme":
        today = now().astimezone(desk.zone).date()
        newest = [e for e in newest if any(m.theme_id == asked.subject for m in themes(e, desk.knowledge, today))]
    return newest[:SHOWN]


def _coming(desk: Desk, found: list[Event]) -> list[shapes.Coming]:
    """Days ahead that the events name, each once, the soonest first."""
    today = digest.parse_period(now().astimezone(desk.zone).date().isoformat(), str(desk.zone), date.max)
    ahead: dict[tuple[date, str], shapes.Coming] = {}
    for event in found:
        for day, words, _ in named_days(event, today):
            ahead.setdefault((day, event.id), shapes.Coming(day, event, words, f"{desk.public_url}/events/{event.id}"))
    return [ahead[key] for key in sorted(ahead)]


def _addresses(desk: Desk, asked: feeds.FeedAsked) -> FeedAddresses:
    start = f"{desk.public_url}{PREFIX}{asked.token}"
    return FeedAddresses(
        kind=asked.kind,
        subject=asked.subject,
        atom=f"{start}.atom",
        json_feed=f"{start}.json",
        calendar=f"{start}.ics",
    )


def _page(asked: feeds.FeedAsked) -> str:
    return "/events" if asked.kind in ("all", "theme", "lens", "watch") else f"/events?{asked.kind}={asked.subject}"


def _title(desk: Desk, asked: feeds.FeedAsked) -> str:
    """What a reader's list shows."""
    known, is_zh = desk.knowledge, asked.language == "zh"
    name = asked.subject
    if asked.kind == "watch":
        with desk.store.reading() as session:
            watch = watches.get(session, asked.subject)
        name = watch.name if watch else name
    rows: dict[str, Mapping[str, _Named]] = {
        "company": known.companies,
        "security": known.securities,
        "theme": known.themes,
        "lens": known.lenses,
    }
    row = rows.get(asked.kind, {}).get(asked.subject)
    if row is not None:
        name = (row.name_zh if is_zh else row.name_en) or row.name_zh or row.name_en or name
    return f"Launchwatch: {name}" if name else "Launchwatch"

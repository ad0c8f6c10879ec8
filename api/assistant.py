"""Launchwatch for an analyst's assistant: read-only tools over the Model Context Protocol, on stdio or at /mcp."""

from __future__ import annotations

from datetime import date, datetime
from importlib.metadata import version
from typing import Annotated, Literal

from fastapi import FastAPI
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from pydantic import Field

from api.deps import Desk, now
from api.digests import digest_of
from pipeline import digest
from pipeline.query import plain, read_query
from pipeline.records import Event, EventFact, Record
from storage import events, finding

INSTRUCTIONS = (
    "AI news as events, each once: facts with the sentence that shows them, and linked listed stocks with reason, evidence "
    "and date. Quote facts with their quote and source; say when an event is a rumour. Ids come from `search` and `events`."
)
MOST = 50

_READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
Limit = Annotated[int, Field(ge=1, le=MOST, description="How many at most.")]
Day = Annotated[str | None, Field(description="A day, 2024-03-18, in the report's zone.")]


class EventLine(Record):
    """An event in a list."""

    id: str
    title_zh: str | None
    title_en: str | None
    when: datetime
    type: str
    certainty: str
    companies: tuple[str, ...]
    products: tuple[str, ...]
    sources: int


class SourceLine(Record):
    """A report of an event."""

    title: str
    source: str
    tier: int
    url: str | None
    published_at: datetime | None


class StockLine(Record):
    """A listed security that an event touches, and why."""

    security: str
    name: str
    direct: bool
    strength: str
    confidence: float
    reason_zh: str
    reason_en: str
    evidence: tuple[str, ...]
    as_of: date
    issuer_denied: bool


class EventWhole(Record):
    """All about one event."""

    event: EventLine
    facts: tuple[EventFact, ...]
    stocks: tuple[StockLine, ...]
    reports: tuple[SourceLine, ...]
    importance: dict[str, float]
    """By lens, 0-100."""
    follows: str | None
    follow_ups: tuple[str, ...]


class CompanyWhole(Record):
    """A company as the knowledge base has it, its listings, and what it did last."""

    id: str
    name_en: str
    name_zh: str | None
    aliases: tuple[str, ...]
    type: str
    country: str
    parent: str | None
    url: str | None
    listings: tuple[str, ...]
    products: tuple[str, ...]
    events: tuple[EventLine, ...]


class Assistant:
    """The tools, over one installation's desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def search(self, query: str, limit: Limit = 20) -> tuple[EventLine, ...]:
        """Past events by words in Chinese or English, best first. Takes "phrases", -exclusions, company:moonshot-ai,
        product:kimi, type:model_update, modality:video, stock:300364.SZ, certainty:rumour, since:7d, until:2024-03-25,
        importance:60."""
        desk = self._desk
        try:
            question = read_query(query, desk.names, desk.knowledge, desk.zone, now())
        except ValueError as error:
            raise ToolError(str(error)) from error
        with desk.store.reading() as session:
            hits = finding.find(session, question, kind="event", limit=limit, some_words=True)
            found = events.several(session, [hit.subject for hit in hits])
        return tuple(_line(found[hit.subject]) for hit in hits if hit.subject in found)

    def events(self, since: Day = None, until: Day = None, limit: Limit = 20) -> tuple[EventLine, ...]:
        """The newest events of a time; without one, the newest of all. `until` is not itself included."""
        with self._desk.store.reading() as session:
            page = events.page(session, since=self._day(since), until=self._day(until), limit=limit)
        return tuple(_line(event) for event in page.events)

    def event(self, id: str) -> EventWhole:
        """All about one event: facts with their quotes, linked stocks with reasons, reports by source and tier."""
        with self._desk.store.reading() as session:
            found = events.get(session, id)
            if found is None:
                raise ToolError(f"no event has the id {id}")
            links = events.links_of(session, found.id)
            scores = events.scores_of(session, found.id)
            later = events.follow_ups(session, found.id)
        stocks = [
            StockLine(
                security=link.security_id,
                name=self._security_name(link.security_id),
                direct=link.direct,
                strength=link.strength,
                confidence=link.confidence,
                reason_zh=link.reason.zh,
                reason_en=link.reason.en,
                evidence=link.evidence,
                as_of=link.as_of,
                issuer_denied=link.issuer_denied,
            )
            for link in links
        ]
        reports = [
            SourceLine(
                title=r.title, source=r.source_name or r.source_id, tier=r.tier, url=r.url, published_at=r.published_at
            )
            for r in found.reports
        ]
        return EventWhole(
            event=_line(found),
            facts=found.facts,
            stocks=tuple(stocks),
            reports=tuple(reports),
            importance={score.lens: score.total for score in scores},
            follows=found.follows,
            follow_ups=tuple(event.id for event in later),
        )

    def digest(self, period: str, lens: str = "media", language: Literal["zh", "en"] = "zh") -> str:
        """The viewpoint of a week (2024-W12), a day (2024-03-18) or a month (2024-03), as Markdown."""
        desk, clock = self._desk, now()
        if lens not in desk.knowledge.lenses:
            raise ToolError(f"no lens is called {lens}; there are {', '.join(desk.knowledge.lenses)}")
        try:
            asked = digest.parse_period(period, str(desk.zone), clock.astimezone(desk.zone).date())
            made = digest_of(desk, asked, desk.knowledge.lenses[lens], language, clock)
        except ValueError as error:
            raise ToolError(str(error)) from error
        return str(digest.render(made, "md", language))

    def company(self, name: str, limit: Limit = 10) -> CompanyWhole:
        """A company by its id or any of its names, with its listings, its products and its newest events."""
        known = self._desk.knowledge
        subjects = self._desk.names.of(name, "company")
        if not subjects:
            near = ", ".join(self._desk.names.near(name))
            raise ToolError(f"no company is called {name}" + (f"; did you mean {near}?" if near else ""))
        row = known.companies[subjects[0].id]
        question = plain("", ("co", row.id))
        with self._desk.store.reading() as session:
            hits = finding.find(session, question, kind="event", order="newest", limit=limit)
            found = events.several(session, [hit.subject for hit in hits])
        return CompanyWhole(
            id=row.id,
            name_en=row.name_en,
            name_zh=row.name_zh,
            aliases=row.aliases,
            type=row.type,
            country=row.country,
            parent=row.parent,
            url=row.url,
            listings=tuple(
                security.id for security in known.listings(row.id, now().astimezone(self._desk.zone).date())
            ),
            products=tuple(product.id for product in known.products_of(row.id)),
            events=tuple(_line(found[hit.subject]) for hit in hits if hit.subject in found),
        )

    def _day(self, day: str | None) -> datetime | None:
        if day is None:
            return None
        try:
            return datetime.fromisoformat(day).replace(tzinfo=self._desk.zone)
        except ValueError:
            raise ToolError(f"{day} is no day; write 2024-03-18") from None

    def _security_name(self, id_: str) -> str:
        row = self._desk.knowledge.securities.get(id_)
        return (row.name_zh or row.name_en or id_) if row else id_


def make_server(desk: Desk) -> MCPServer:
    """The protocol's server over a desk. It changes nothing, whoever asks."""
    tools = Assistant(desk)
    server: MCPServer = MCPServer(
        "launchwatch",
        title="Launchwatch",
        instructions=INSTRUCTIONS,
        version=version("launchwatch"),
        log_level="WARNING",
    )
    for tool in (tools.search, tools.events, tools.event, tools.digest, tools.company):
        server.add_tool(tool, annotations=_READ_ONLY)
    return server


def mount(app: FastAPI, desk: Desk) -> None:
    """The tools at /mcp of the web side, behind its keys; the key must be a bearer token."""
    server = make_server(desk)
    # Nobody comes here without a key in a header, which no page of another site can send.
    trusting = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    inner = server.streamable_http_app(
        streamable_http_path="/mcp", stateless_http=True, json_response=True, transport_security=trusting
    )
    app.router.routes.extend(inner.routes)
    app.state.assistant = server


def _line(event: Event) -> EventLine:
    return EventLine(
        id=event.id,
        title_zh=event.title_zh,
        title_en=event.title_en,
        when=event.when,
        type=event.event_type,
        certainty=event.certainty,
        companies=tuple(company.id for company in event.companies),
        products=tuple(product.name for product in event.products),
        sources=len({report.source_id for report in event.reports}),
    )

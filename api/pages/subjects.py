"""What events are about, each on a page of its own: a company, a product with its figures, a security, a theme."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from fastapi import APIRouter, HTTPException, Request, Response

from api.deps import AtDesk, Desk, now
from api.pages.figures import LEADERS, Chart, charts, comparable, given
from api.pages.showing import language_of, page
from api.routes.events import read_cursor, write_cursor
from knowledge.schema import Relation, Theme
from pipeline.records import Event, Link, Reason
from storage import events
from storage import figures as stored

router = APIRouter()

LISTED = 30
LINEAGE = 200
"""Newest events of a product of which its versions and figures are read."""


class Version(NamedTuple):
    """A version of a product: as it is written, and the events that speak of it, oldest first."""

    name: str
    first: Event
    events: tuple[Event, ...]


class Touch(NamedTuple):
    """An event and the links by which it touches a security."""

    event: Event
    links: tuple[Link, ...]


@router.get("/companies")
def companies_page(request: Request, desk: AtDesk, q: str = "") -> Response:
    """Every company, found by any of its names."""
    sought = q.strip().casefold()
    found = [c for c in desk.knowledge.companies.values() if any(sought in n.casefold() for n in (c.id, *c.names))]
    return page(request, "companies.html", companies=sorted(found, key=lambda c: c.id), sought=q.strip())


@router.get("/companies/{company_id}")
def company_page(request: Request, desk: AtDesk, company_id: str, cursor: str | None = None) -> Response:
    """A company: its names, products, listings and ties as of today, and its events."""
    row = desk.knowledge.companies.get(company_id)
    if row is None:
        raise HTTPException(404, "there is no such company")
    with desk.store.reading() as session:
        found = events.page(session, company=company_id, cursor=read_cursor(cursor), limit=LISTED)
    return page(
        request,
        "company.html",
        company=row,
        products=desk.knowledge.products_of(company_id),
        units=desk.knowledge.units_of(company_id),
        ties=_strongest(desk, company_id),
        events=found.events,
        next_cursor=write_cursor(found.next),
    )


@router.get("/products")
def leaders_page(request: Request, desk: AtDesk) -> Response:
    """Whose context is longest, whose price lowest: every comparable figure over time, with who leads."""
    language = language_of(request)
    with desk.store.reading() as session:
        found = stored.with_kinds(session, comparable(desk), now())
    drawn = [
        chart for chart in charts(given(found, desk, language), desk, language) if chart.best and len(chart.points) > 1
    ]
    return page(request, "leaders.html", charts=drawn[:LEADERS])


@router.get("/products/{product_id}")
def product_page(request: Request, desk: AtDesk, product_id: str) -> Response:
    """A product: its versions in order, its figures over time beside rivals', and its events."""
    row = desk.knowledge.products.get(product_id)
    if row is None:
        raise HTTPException(404, "there is no such product")
    language = language_of(request)
    with desk.store.reading() as session:
        own = events.page(session, product=product_id, limit=LINEAGE).events
        kinds = {fact.kind for event in own for fact in event.facts if fact.product == product_id}
        beside = stored.with_kinds(session, kinds & set(comparable(desk)), now())
    return page(
        request,
        "product.html",
        product=row,
        versions=_versions(own, product_id),
        charts=_of_product(charts(given(beside, desk, language), desk, language), product_id),
        events=own[:LISTED],
    )


@router.get("/securities/{security_id}")
def security_page(request: Request, desk: AtDesk, security_id: str, cursor: str | None = None) -> Response:
    """A security: the events that touched it, by which path and why, and the ties that lead to it as of today."""
    row = desk.knowledge.security(security_id)
    if row is None:
        raise HTTPException(404, "there is no such security")
    with desk.store.reading() as session:
        found = events.page(session, security=row.id, cursor=read_cursor(cursor), limit=LISTED)
        links = events.links_of_all(session, [event.id for event in found.events])
    touches = [Touch(e, tuple(x for x in links[e.id] if x.security_id == row.id)) for e in found.events]
    return page(
        request,
        "security.html",
        security=row,
        ties=desk.knowledge.relations_to(row.id, _today(desk)),
        touches=touches,
        next_cursor=write_cursor(found.next),
    )


@router.get("/themes")
def themes_page(request: Request, desk: AtDesk) -> Response:
    """The research framework: its layers, and the themes in its order."""
    order = {name: place for place, name in enumerate(desk.knowledge.framework.theme_order)}
    themes = sorted(desk.knowledge.themes.values(), key=lambda t: (order.get(t.id, len(order)), not t.founding, t.id))
    layers = [
        (layer, [theme for theme in themes if theme.layer == layer.id]) for layer in desk.knowledge.framework.layers
    ]
    rest = [theme for theme in themes if theme.layer not in {layer.id for layer, _ in layers}]
    members = {theme.id: desk.knowledge.members(theme.id, _today(desk)) for theme in themes}
    return page(request, "themes.html", framework=desk.knowledge.framework, layers=layers, rest=rest, members=members)


@router.get("/themes/{theme_id}")
def theme_page(request: Request, desk: AtDesk, theme_id: str) -> Response:
    """A theme: what triggers it, who stands under it by whose word, and the recent events that triggered it."""
    row = desk.knowledge.themes.get(theme_id)
    if row is None:
        raise HTTPException(404, "there is no such theme")
    return page(
        request,
        "theme.html",
        theme=row,
        members=desk.knowledge.members(theme_id, _today(desk)),
        triggered=_triggered(desk, row),
    )


def _triggered(desk: Desk, theme: Theme) -> list[tuple[Event, Reason]]:
    """Of the newest events those that triggered a theme, with the reason in the lens `all`."""
    with desk.store.reading() as session:
        newest = events.recent(session, LINEAGE)
        scores = events.scores_of_all(session, [event.id for event in newest], theme.lens or "all")
    found = []
    for event in newest:
        score = scores.get(event.id)
        for match in score.themes if score else ():
            if match.theme_id == theme.id:
                found.append((event, match.reason))
    return found[:LISTED]


def _strongest(desk: Desk, company_id: str) -> list[Relation]:
    """A company's ties as of today: its own listings, then the strongest kinds."""
    kinds = desk.knowledge.relation_kinds

    def order(tie: Relation) -> tuple[bool, float, str]:
        weight = kinds[tie.kind].weight if tie.kind in kinds else 0.0
        return tie.kind != "is_listed_as", -weight * tie.confidence, tie.security

    return sorted(desk.knowledge.relations_of(company_id, _today(desk)), key=order)


def _versions(found: tuple[Event, ...], product_id: str) -> list[Version]:
    """The versions that events name, in the order in which they first appeared."""
    by_name: dict[str, list[Event]] = {}
    for event in sorted(found, key=lambda e: (e.when, e.id)):
        names = {f"{tag.name}" for tag in event.products if product_id in (tag.id, tag.family)}
        for name in sorted(names):
            by_name.setdefault(name, []).append(event)
    return [Version(name, seen[0], tuple(seen)) for name, seen in by_name.items()]


def _of_product(drawn: list[Chart], product_id: str) -> list[Chart]:
    """The charts in which a product has a figure."""
    return [chart for chart in drawn if any(point.product == product_id for point in chart.points)]


def _today(desk: Desk) -> date:
    return now().astimezone(desk.zone).date()

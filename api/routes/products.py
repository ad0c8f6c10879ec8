"""Products, themes and facts: what models there are, what the framework holds, and how a figure moved over time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from api.deps import AtDesk, now
from knowledge.schema import Member, Product, Theme
from pipeline.query import plain
from pipeline.records import EventFact, Record
from storage import events, finding

router = APIRouter(tags=["knowledge"])

LOOKED_AT = 300


class ThemeWhole(Record):
    """A theme with its members as of a day."""

    theme: Theme
    members: tuple[Member, ...]
    as_of: date


class FactAt(Record):
    """A fact of an event, with when the event was."""

    event_id: str
    when: datetime
    fact: EventFact


@router.get("/products")
def list_products(desk: AtDesk, q: str = "", company: str | None = None) -> list[Product]:
    """Products whose id or name holds some words, of one company or all."""
    sought = q.casefold()
    known = desk.knowledge.products.values()
    return [
        p
        for p in known
        if (company is None or p.company == company) and any(sought in n.casefold() for n in (p.id, *p.names))
    ]


@router.get("/products/{product_id}")
def one_product(desk: AtDesk, product_id: str) -> Product:
    """A product under every name it goes by."""
    if product_id not in desk.knowledge.products:
        raise HTTPException(404, "there is no such product")
    return desk.knowledge.products[product_id]


@router.get("/themes")
def list_themes(desk: AtDesk) -> list[Theme]:
    """The research framework's themes, each with every stance that was ever typed."""
    return list(desk.knowledge.themes.values())


@router.get("/themes/{theme_id}")
def one_theme(desk: AtDesk, theme_id: str, as_of: date | None = None) -> ThemeWhole:
    """A theme with its members and stances as they stood on a day; today without one."""
    theme = desk.knowledge.themes.get(theme_id)
    if theme is None:
        raise HTTPException(404, "there is no such theme")
    on = as_of or now().astimezone(desk.zone).date()
    return ThemeWhole(theme=theme, members=tuple(desk.knowledge.members(theme_id, on)), as_of=on)


@router.get("/facts")
def list_facts(
    desk: AtDesk,
    kind: Annotated[str, Query(description="context_tokens, params_total, price_input, ...")],
    company: str | None = None,
    product: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[FactAt]:
    """Facts of one kind, newest event first, each with the sentence that shows it: how a figure moved over time."""
    if kind not in desk.knowledge.fact_kinds:
        raise ValueError(f"kind: {kind} is none; there are {', '.join(desk.knowledge.fact_kinds)}")
    tags = [(prefix, value) for prefix, value in (("co", company), ("pr", product)) if value]
    question = plain("", *tags, since=desk.zoned(since), until=desk.zoned(until))
    with desk.store.reading() as session:
        hits = finding.find(session, question, kind="event", order="newest", limit=LOOKED_AT)
        found = events.several(session, [hit.subject for hit in hits])
    ordered = [found[hit.subject] for hit in hits if hit.subject in found]
    facts = [FactAt(event_id=e.id, when=e.when, fact=f) for e in ordered for f in e.facts if f.kind == kind]
    return facts[:limit]

"""Search: one box; answers with what was asked for marked, what they have in common as links, and a way to keep watch."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.deps import AtDesk, now
from api.pages.showing import page, pieces
from api.routes.search import Answers, answers
from pipeline.query import read_query
from storage import finding

router = APIRouter()

SHOWN = 20
ORDERS: tuple[finding.Order, ...] = ("relevance", "newest", "importance")
FILTERS = {"company": "company", "product": "product", "modality": "modality", "type": "type", "security": "stock"}
"""How each facet is typed into the box."""


class Facet(NamedTuple):
    """A value that answers have in common, and where a click on it leads."""

    id: str
    events: int
    is_on: bool
    url: str


@router.get("/search")
def search_page(request: Request, desk: AtDesk, q: str = "", order: str = "relevance", offset: int = 0) -> Response:
    """Events that hold the words. What cannot be read is said beside the box."""
    chosen: finding.Order = next((each for each in ORDERS if each == order), "relevance")
    start = min(max(offset, 0), 10_000)
    found, wrong = None, ""
    try:
        question = read_query(q, desk.names, desk.knowledge, desk.zone, now())
        found = answers(desk, question, chosen, facets=True, limit=SHOWN, offset=start)
    except ValueError as error:
        wrong = str(error)
    return page(
        request,
        "search.html",
        status=422 if wrong else 200,
        words=q,
        order=chosen,
        orders=ORDERS,
        found=found,
        wrong=wrong,
        offset=start,
        facets=_facets(q, chosen, found) if found else {},
        next_url=f"/search?{urlencode({'q': q, 'order': chosen, 'offset': found.next})}"
        if found and found.next
        else "",
        pieces=pieces,
    )


def _facets(q: str, order: str, found: Answers) -> dict[str, list[Facet]]:
    """What answers have in common: each link adds its filter to the box, or takes it away."""
    facets: dict[str, list[Facet]] = {}
    for kind, counts in found.facets.items():
        for count in counts:
            part = f"{FILTERS[kind]}:{_quoted(count.id)}"
            is_on = part in q.split()
            asked = " ".join(p for p in q.split() if p != part) if is_on else f"{q} {part}".strip()
            url = f"/search?{urlencode({'q': asked, 'order': order})}"
            facets.setdefault(kind, []).append(Facet(count.id, count.count, is_on, url))
    return facets


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value

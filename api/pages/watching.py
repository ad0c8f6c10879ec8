"""Watches: the list, and the form in which one is made, tried on the past month, changed, paused and removed."""

from __future__ import annotations

from typing import Any, get_args

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api.deps import AtDesk, Desk, desk_of, now
from api.keys import caller_of
from api.pages.showing import form_of, one, page
from api.routes.watches import Rehearsed, WatchIn, add_watch, change_watch, try_watch
from pipeline.destination import masked
from pipeline.query import Query, Term, read_query, spelled
from pipeline.records import Cadence, Watch
from storage import watches

router = APIRouter()

LISTS = {
    "companies": "company",
    "products": "product",
    "modalities": "",
    "event_types": "",
    "themes": "",
    "securities": "security",
    "words": "",
    "destinations": "",
    "sessions": "",
}
"""The fields that hold several values, and as what a typed name is looked up."""
SWITCHES = ("direct_only", "rumours", "heartbeat")
CHOICES = ("lens", "language", "cadence", "daily_at", "quiet", "timezone")
TAGS = {"co": "companies", "pr": "products", "mod": "modalities", "type": "event_types", "st": "securities"}
"""The watch's field for each tag of a question."""


@router.get("/watches")
def watches_page(request: Request, desk: AtDesk) -> Response:
    """The reader's watches; an admin sees everybody's."""
    with desk.store.reading() as session:
        found = watches.all_watches(session, caller_of(request).sees)
    return page(request, "watches.html", watches=found, masked=masked)


@router.get("/watches/new")
def new_watch(request: Request, desk: AtDesk, q: str = "") -> Response:
    """An empty form, or one filled in from a search."""
    given: dict[str, Any] = {"owner": caller_of(request).owner}
    if q:
        question = read_query(q, desk.names, desk.knowledge, desk.zone, now())
        given |= {"name": q[:80], **_fields_of(question)}
    return _form(request, given)


@router.get("/watches/{watch_id}")
def watch_page(request: Request, desk: AtDesk, watch_id: str) -> Response:
    """A watch in its form."""
    watch = _own(request, desk, watch_id)
    shown = watch.model_dump() | {"destinations": tuple(map(masked, watch.destinations))}
    return _form(request, shown, watch_id=watch_id)


@router.post("/watches/form")
async def take_watch(request: Request, desk: AtDesk) -> Response:
    """The form as sent: tried on the past month, or kept. What is wrong is said above it, and nothing typed is lost."""
    form = await form_of(request)
    watch_id = one(form, "id")
    given = _given(form, desk) | {"owner": caller_of(request).owner}
    if watch_id:
        given["owner"] = _own(request, desk, watch_id).owner
    try:
        watch = WatchIn.model_validate(given | {"id": watch_id})
        if one(form, "do") == "try":
            return _form(request, given, watch_id, tried=try_watch(desk, watch, days=30))
        change_watch(desk, watch_id, watch) if watch_id else add_watch(desk, watch)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return _form(request, given, watch_id, wrong=said)
    except ValueError as error:
        return _form(request, given, watch_id, wrong=str(error))
    except HTTPException as error:
        return _form(request, given, watch_id, wrong=str(error.detail))
    return RedirectResponse("/watches", 303)


@router.post("/watches/{watch_id}/pause")
async def pause_watch(request: Request, desk: AtDesk, watch_id: str) -> Response:
    """A watch paused, or going on."""
    watch = _own(request, desk, watch_id)
    with desk.store.writing() as session:
        watches.save(session, watch.model_copy(update={"paused": not watch.paused}))
    return RedirectResponse("/watches", 303)


@router.post("/watches/{watch_id}/remove")
async def remove_watch(request: Request, desk: AtDesk, watch_id: str) -> Response:
    """A watch gone; its alerts stay on record."""
    _own(request, desk, watch_id)
    with desk.store.writing() as session:
        watches.remove(session, watch_id)
    return RedirectResponse("/watches", 303)


def _form(
    request: Request, given: dict[str, Any], watch_id: str = "", wrong: str = "", tried: Rehearsed | None = None
) -> Response:
    knowledge = desk_of(request).knowledge
    most = max(tried.per_day.values(), default=0) if tried else 0
    return page(
        request,
        "watch.html",
        status=422 if wrong else 200,
        given={**Watch(id="", name="").model_dump(), **given},
        watch_id=watch_id,
        wrong=wrong,
        tried=tried,
        most=most,
        cadences=get_args(Cadence),
        modalities=[m.id for m in knowledge.taxonomy.modalities],
        event_types=list(knowledge.event_types),
        themes=list(knowledge.themes),
        lenses=list(knowledge.lenses),
    )


def _given(form: dict[str, list[str]], desk: Desk) -> dict[str, Any]:
    """The form's fields as a watch has them; names of companies, products and securities as their ids."""
    given: dict[str, Any] = {"name": one(form, "name") or "watch"}
    for field, kind in LISTS.items():
        typed = [
            part.strip()
            for text in form.get(field, [])
            for part in text.replace("，", ",").replace("\n", ",").split(",")
        ]
        given[field] = tuple(dict.fromkeys(_id(part, kind, desk) for part in typed if part))
    given |= {name: name in form for name in SWITCHES}
    given |= {name: one(form, name) for name in CHOICES if one(form, name) or name == "quiet"}
    given["minimum_importance"] = one(form, "minimum_importance") or 0
    given["minimum_tier"] = {"1": 1, "2": 2}.get(one(form, "minimum_tier"), 3)
    given["paused"] = "paused" in form
    return given


def _id(typed: str, kind: str, desk: Desk) -> str:
    """What a typed name names; a name that nobody bears stays, and is refused with what would do."""
    if kind == "security":
        return desk.names.security(typed) or typed
    if kind in ("company", "product"):
        found = desk.names.of(typed, kind)  # type: ignore[arg-type]
        return found[0].id if found else typed
    return typed


def _fields_of(question: Query) -> dict[str, tuple[str, ...]]:
    """A question as a watch's fields: what it names by their ids, other words as they were typed."""
    fields: dict[str, list[str]] = {}
    for group in question.groups:
        tags = [term.tag for way in group for term in way if len(way) == 1 and term.tag]
        if tags:
            for prefix, value in tags:
                if prefix in TAGS:
                    fields.setdefault(TAGS[prefix], []).append(value)
            continue
        ways: set[tuple[Term, ...]] = set(group)
        fields.setdefault("words", []).extend(w for w in question.words if {(t,) for t in spelled(w)} <= ways)
    return {name: tuple(dict.fromkeys(values)) for name, values in fields.items()}


def _own(request: Request, desk: Desk, watch_id: str) -> Watch:
    """A watch that the reader may see; another's is as if it were not there."""
    with desk.store.reading() as session:
        watch = watches.get(session, watch_id)
    sees = caller_of(request).sees
    if watch is None or (sees is not None and watch.owner != sees):
        raise HTTPException(404, "there is no such watch")
    return watch

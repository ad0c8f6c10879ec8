"""Watches: standing queries, kept, changed, tried on the past month, and removed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import Field

from api.deps import AtDesk, Desk, now
from api.keys import caller_of
from pipeline import rehearsal, timing
from pipeline.destination import masked
from pipeline.records import Alert, Record, Watch
from pipeline.watch_faults import faults
from storage import rehearsal as past
from storage import watches

router = APIRouter(tags=["watches"])


class WatchIn(Watch):
    """A watch as it comes in: without an id it is called after its name."""

    id: Annotated[str, Field(pattern=r"^[\w.-]{0,120}$")] = ""


class Rehearsed(Record):
    """What a watch would have told of the past: alerts oldest first, how many a day, and in how many messages."""

    days: int
    alerts: tuple[Alert, ...]
    per_day: dict[date, int]
    messages: int


@router.get("/watches")
def list_watches(request: Request, desk: AtDesk, owner: str | None = None) -> list[Watch]:
    """The caller's watches; an admin's key sees everybody's, or one person's. Destinations are masked."""
    with desk.store.reading() as session:
        return [_shown(watch) for watch in watches.all_watches(session, caller_of(request).sees or owner)]


@router.get("/watches/{watch_id}")
def one_watch(request: Request, desk: AtDesk, watch_id: str) -> Watch:
    """A watch; its destinations are masked."""
    return _shown(_own(request, desk, watch_id))


@router.post("/watches", status_code=201)
def post_watch(request: Request, desk: AtDesk, given: WatchIn) -> Watch:
    """Keep a watch, as the caller's own. Try it with `/v1/watches/dry-run` first."""
    return add_watch(desk, _as_own(request, given))


@router.put("/watches/{watch_id}")
def put_watch(request: Request, desk: AtDesk, watch_id: str, given: WatchIn) -> Watch:
    """A watch as given, in place of what it was. A destination that comes back masked stays as it is kept."""
    _own(request, desk, watch_id)
    return change_watch(desk, watch_id, _as_own(request, given))


def add_watch(desk: Desk, given: WatchIn) -> Watch:
    """Keep a watch, whoever asks."""
    watch = _sound(desk, given)
    with desk.store.writing() as session:
        if watches.get(session, watch.id):
            raise HTTPException(409, f"there is a watch {watch.id!r} already; PUT changes it")
        watches.save(session, watch)
    return _shown(watch)


def change_watch(desk: Desk, watch_id: str, given: WatchIn) -> Watch:
    """A watch as given, in place of what it was, whoever asks. A masked destination stays as it is kept."""
    with desk.store.writing() as session:
        old = _found(watches.get(session, watch_id), watch_id)
        kept = _unmasked(given.destinations, old.destinations)
        watch = _sound(desk, given.model_copy(update={"id": watch_id, "destinations": kept}))
        watches.save(session, watch)
    return _shown(watch)


@router.delete("/watches/{watch_id}", status_code=204)
def remove_watch(request: Request, desk: AtDesk, watch_id: str) -> Response:
    """Remove a watch; its alerts stay on record."""
    _own(request, desk, watch_id)
    with desk.store.writing() as session:
        if not watches.remove(session, watch_id):
            raise HTTPException(404, f"there is no watch {watch_id!r}")
    return Response(status_code=204)


@router.post("/watches/dry-run")
def try_watch(desk: AtDesk, given: WatchIn, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Rehearsed:
    """What a watch would have told of the past days. Nothing is kept or sent."""
    watch = _sound(desk, given.model_copy(update={"destinations": ()}))
    with desk.store.reading() as session:
        histories = past.histories(session, watch, now() - timedelta(days=days))
        told = rehearsal.rehearse(histories, [watch], desk.knowledge, desk.zone)
    zone = ZoneInfo(watch.timezone)
    per_day = Counter(alert.made_at.astimezone(zone).date() for alert in told)
    return Rehearsed(
        days=days,
        alerts=tuple(told),
        per_day=dict(sorted(per_day.items())),
        messages=timing.messages(watch, told, desk.knowledge.taxonomy.markets),
    )


def _sound(desk: Desk, given: WatchIn) -> Watch:
    """The watch, if nothing is wrong with it. Raises ValueError with every fault in words."""
    name = re.sub(r"[^\w]+", "-", given.name.casefold()).strip("-")
    watch = Watch.model_validate(given.model_dump() | {"id": given.id or name or "watch"})
    if wrong := faults(watch, desk.knowledge):
        raise ValueError("; ".join(wrong))
    return watch


def _unmasked(given: Sequence[str], kept: Sequence[str]) -> tuple[str, ...]:
    """Destinations as given, those that are masked as they were kept. Raises ValueError where a mask fits several."""
    by_mask: dict[str, list[str]] = {}
    for address in kept:
        by_mask.setdefault(masked(address), []).append(address)
    found: list[str] = []
    for address in given:
        meant = by_mask.get(address, [address])
        if len(meant) > 1 and given.count(address) != len(meant):
            raise ValueError(f"to: {address} stands for several destinations that look alike; give them in full")
        found += [one for one in meant if one not in found]
    return tuple(found)


def _shown(watch: Watch) -> Watch:
    """The watch as it may be shown: without the keys and secrets of its destinations."""
    return Watch.model_validate(watch.model_dump() | {"destinations": tuple(map(masked, watch.destinations))})


def _own(request: Request, desk: Desk, watch_id: str) -> Watch:
    """The watch, where the caller may see it; another's is as if it were not there."""
    sees = caller_of(request).sees
    with desk.store.reading() as session:
        watch = watches.get(session, watch_id)
    return _found(watch if watch is None or sees in (None, watch.owner) else None, watch_id)


def _as_own(request: Request, given: WatchIn) -> WatchIn:
    """A watch under its caller's name; an admin may give it to anybody."""
    sees = caller_of(request).sees
    return given if sees is None else given.model_copy(update={"owner": sees})


def _found(watch: Watch | None, watch_id: str) -> Watch:
    if watch is None:
        raise HTTPException(404, f"there is no watch {watch_id!r}")
    return watch

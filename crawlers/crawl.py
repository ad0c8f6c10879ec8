"""One source, one visit: whichever reader it takes, entries come out and what we know of the source grows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from crawlers import cadence
from crawlers.answer import BadStatus, Fetched, FetchFailed, Gets, NotAllowed, Resting, Validators
from crawlers.articles import Unread, with_pages
from crawlers.cage import Cage
from crawlers.entry import Entry
from crawlers.hubs import dated
from crawlers.identity import is_flood, is_gap, remember, sort_out
from crawlers.reading import Reads, task_for
from crawlers.sources import API_KINDS, Source

SITEMAPS = 5
"""Sitemaps read of an index, newest first."""
PAGES = 30
"""Article pages read in one visit."""
PAGES_FIRST = 10
"""Of the history that a first visit finds, only the newest are read whole."""
GONE_AFTER = 3
MOVE_AFTER = 3
"""Good readings behind a permanent redirect before the new address is asked directly."""


class Health(StrEnum):
    """How a source does, for the person who runs the collector."""

    FRESH = "fresh"
    QUIET = "quiet"
    LATE = "late"
    FAILING = "failing"
    BLOCKED = "blocked"
    GONE = "gone"


class FetchState(BaseModel):
    """What we know of a source between two visits. The empty one is that of a source never asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validators: Validators = Validators()
    body_hash: str | None = None
    first_success: AwareDatetime | None = None
    last_try: AwareDatetime | None = None
    last_success: AwareDatetime | None = None
    last_full: AwareDatetime | None = None
    """When a whole answer was last read, not a 304."""
    last_new_item: AwareDatetime | None = None
    gap_hours: float | None = None
    """Hours between new items, as observed."""
    hours: tuple[int, ...] = ()
    """How many items came at each hour of the day (UTC)."""
    ttl_minutes: int | None = None
    hub: str | None = None
    topic: str | None = None
    """What the feed says of itself: how long to leave it alone, and its WebSub hub."""
    failures: int = 0
    last_error: str | None = None
    blocked: bool = False
    gone: int = 0
    """Times in a row that the address was said not to exist."""
    next_due: AwareDatetime | None = None
    seen: dict[str, str] = {}
    """The last answer's items: mark of identity to mark of content."""
    moved_to: str | None = None
    moved_times: int = 0


class Note(BaseModel):
    """Something the operator should hear of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gap", "held", "moved", "failed", "undated", "cut"]
    message: str


class Crawled(BaseModel):
    """What a visit brought: entries not seen at the last one, or seen and changed since."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_id: str
    entries: tuple[Entry, ...] = ()
    state: FetchState
    health: Health
    notes: tuple[Note, ...] = ()
    first: bool = False
    """Whether this is the source's first success: its items are history, and alert nobody."""
    held: bool = False
    """Whether most items look new at once, as of an archive with new dates: stored, but not told to anyone."""
    unchanged: bool = False
    unread: tuple[Unread, ...] = ()
    """Entries that came without the text of their page, which is worth another try."""


class PushUnreadable(Exception):
    """What a hub pushed holds no entries that can be read."""


async def crawl_source(
    source: Source, last: FetchState, fetcher: Gets, now: datetime, cage: Reads | None = None
) -> Crawled:
    """One visit to a source: its new and changed entries, its state from now on, its health, notes for the operator.

    Never raises for what a server does: a failed visit is a state with one more failure and a later turn. `cage` is the
    warm child to parse in; without one, a child is started for this visit.
    """
    if cage is None:
        with Cage() as own:
            return await crawl_source(source, last, fetcher, now, own)
    try:
        fetched = await _fetch(source, last, fetcher, now)
    except Resting as error:
        return _later(source, last, error, now)
    except FetchFailed as error:
        return _failed(source, last, error, now)
    if fetched.unchanged or _hash(fetched.body) == last.body_hash:
        return _same(source, last, fetched, now)
    content_type = fetched.headers.get("content-type", "")
    reading = await cage.read(task_for(source, fetched.final_url, content_type, now), fetched.body)
    if reading.error is not None:
        unread = FetchFailed(source.id, fetched.final_url, reading.error)
        return _failed(source, last, unread, now, blocked=reading.thing == "challenge")
    fetched = replace(fetched, complete=fetched.complete and not reading.cut)
    entries = await _whole(source, reading.entries, fetcher, cage, now)
    said = {"ttl_minutes": reading.ttl_minutes, "hub": reading.hub, "topic": reading.topic}
    return await _changed(source, last.model_copy(update=said), fetched, entries, fetcher, cage, now)


async def crawl_pushed(
    source: Source, last: FetchState, body: bytes, content_type: str, fetcher: Gets, now: datetime, cage: Reads
) -> Crawled:
    """What a hub pushed, read as an answer of the feed itself; a hub may push only what is new, so nothing is a gap.

    Raises PushUnreadable.
    """
    reading = await cage.read(task_for(source, last.topic or source.url, content_type, now), body)
    if reading.error is not None:
        raise PushUnreadable(reading.error)
    new, edited = sort_out(reading.entries, last.seen)
    gap_hours = last.gap_hours or source.cadence_hours
    held = is_flood(len(new), len(reading.entries), now - (last.last_success or now), gap_hours)
    new, unread = await with_pages(source, new, PAGES, fetcher, cage, now)
    since = now - (last.last_new_item or last.first_success or now)
    grown = {
        "last_new_item": now,
        "gap_hours": gap_hours if held else cadence.observed_gap(gap_hours, since, len(new)),
        "hours": last.hours if held else cadence.counted(last.hours, _times(new, now)),
    }
    state = last.model_copy(update={"seen": remember(reading.entries, last.seen), **(grown if new else {})})
    notes = [_held(source, len(new), len(reading.entries))] if held else []
    return Crawled(
        source_id=source.id,
        entries=(*new, *edited),
        state=state,
        health=health(source, state, now),
        notes=tuple(notes),
        first=last.first_success is None,
        held=held,
        unread=tuple(unread),
    )


def health(source: Source, state: FetchState, now: datetime) -> Health:
    """How a source does: what keeps it from answering, else how long ago it last brought something new."""
    if state.gone >= GONE_AFTER:
        return Health.GONE
    if state.blocked:
        return Health.BLOCKED
    if state.failures >= 3 or (state.failures and state.last_success is None):
        return Health.FAILING
    if state.last_success is None:
        return Health.LATE
    age = now - (state.last_new_item or state.first_success or state.last_success)
    expected = timedelta(hours=max(state.gap_hours or 0.0, source.cadence_hours))
    if age <= 2 * expected:
        return Health.FRESH
    return Health.QUIET if age <= max(6 * expected, timedelta(days=3)) else Health.LATE


# ---- asking ---------------------------------------------------------------------------------------------------------


async def _fetch(source: Source, last: FetchState, fetcher: Gets, now: datetime) -> Fetched:
    full = last.last_full is None or now - last.last_full >= cadence.FULL_FETCH_EVERY
    moved = last.moved_to if last.moved_times >= MOVE_AFTER else None
    return await fetcher.get(
        dated(moved or source.url, now),
        source_id=source.id,
        validators=None if full else last.validators,
        form={name: dated(value, now) for name, value in source.form.items()} if source.form else None,
        robots=source.kind not in API_KINDS,
    )


async def _whole(
    source: Source, entries: tuple[Entry, ...], fetcher: Gets, cage: Reads, now: datetime
) -> tuple[Entry, ...]:
    """The entries, where a sitemap's index named further sitemaps those of the newest of them."""
    pages = [entry for entry in entries if "sitemap" not in entry.extra]
    for index in [entry for entry in entries if "sitemap" in entry.extra][:SITEMAPS]:
        try:
            fetched = await fetcher.get(index.url or "", source_id=source.id)
        except FetchFailed:
            continue
        task = task_for(source, fetched.final_url, fetched.headers.get("content-type", ""), now)
        pages += (await cage.read(task, fetched.body)).entries
    return tuple(pages)


# ---- what follows ---------------------------------------------------------------------------------------------------


def _same(source: Source, last: FetchState, fetched: Fetched, now: datetime) -> Crawled:
    """Nothing changed: the server says so, or the body is the one we have."""
    state = last.model_copy(
        update={
            "validators": fetched.validators,
            "last_try": now,
            "last_success": now,
            "last_full": last.last_full if fetched.unchanged else now,
            "failures": 0,
            "gone": 0,
            "blocked": False,
            "last_error": None,
            "next_due": now + _wait(source, last, fetched, now),
        }
    )
    return Crawled(source_id=source.id, state=state, health=health(source, state, now), unchanged=True)


async def _changed(
    source: Source,
    last: FetchState,
    fetched: Fetched,
    entries: tuple[Entry, ...],
    fetcher: Gets,
    cage: Reads,
    now: datetime,
) -> Crawled:
    first = last.first_success is None
    new, edited = sort_out(entries, last.seen)
    elapsed = now - (last.last_success or now)
    gap_hours = last.gap_hours or source.cadence_hours
    held = not first and is_flood(len(new), len(entries), elapsed, gap_hours)
    notes = list(_notes(source, last, fetched, entries, new, held=held))
    new, unread = await with_pages(source, new, PAGES_FIRST if first else PAGES, fetcher, cage, now)
    since = now - (last.last_new_item or last.first_success or now)
    state = last.model_copy(
        update={
            "validators": fetched.validators if fetched.complete else last.validators,
            "body_hash": _hash(fetched.body) if fetched.complete else last.body_hash,
            "first_success": last.first_success or now,
            "last_try": now,
            "last_success": now,
            "last_full": now,
            "last_new_item": _newest(new, first, now) if new else last.last_new_item,
            "gap_hours": gap_hours if first or held else cadence.observed_gap(gap_hours, since, len(new)),
            "hours": last.hours if held else cadence.counted(last.hours, _times(entries if first else new, now)),
            "failures": 0,
            "gone": 0,
            "blocked": False,
            "last_error": None,
            "seen": remember(entries, last.seen),
            "moved_to": fetched.moved_to or last.moved_to,
            "moved_times": last.moved_times + 1 if fetched.moved_to else last.moved_times,
        }
    )
    state = state.model_copy(update={"next_due": now + _wait(source, state, fetched, now)})
    return Crawled(
        source_id=source.id,
        entries=(*new, *edited),
        state=state,
        health=health(source, state, now),
        notes=tuple(notes),
        first=first,
        held=held,
        unread=() if first else tuple(unread),
    )


def _notes(
    source: Source, last: FetchState, fetched: Fetched, entries: tuple[Entry, ...], new: list[Entry], *, held: bool
) -> list[Note]:
    notes = []
    if held:
        notes.append(_held(source, len(new), len(entries)))
    elif last.seen and is_gap(len(new), len(entries)):
        notes.append(
            Note(
                kind="gap",
                message=f"{source.name} ({source.id}): shares no item with the last visit; some may be missed",
            )
        )
    if not fetched.complete:
        notes.append(
            Note(kind="cut", message=f"{source.name} ({source.id}): the answer ended early; read as far as it goes")
        )
    if fetched.moved_to and last.moved_times + 1 == MOVE_AFTER:
        notes.append(Note(kind="moved", message=f"{source.name} ({source.id}): moved for good to {fetched.moved_to}"))
    return notes


def _held(source: Source, new: int, shown: int) -> Note:
    return Note(kind="held", message=f"{source.name} ({source.id}): {new} of {shown} items look new at once; held")


def _failed(source: Source, last: FetchState, error: FetchFailed, now: datetime, *, blocked: bool = False) -> Crawled:
    """A visit that brought nothing to read: what was known stays known, and the next turn comes later."""
    status = error.status if isinstance(error, BadStatus) else 0
    failures = last.failures + 1
    asked = error.retry_after if isinstance(error, BadStatus) else None
    ordinary = cadence.wait(source.tier, last.gap_hours or source.cadence_hours, last.hours, now)
    state = last.model_copy(
        update={
            "last_try": now,
            "failures": failures,
            "last_error": error.reason,
            "blocked": blocked or status in (401, 403, 429, 451) or isinstance(error, NotAllowed),
            "gone": last.gone + 1 if status in (404, 410) else 0,
            "moved_times": 0,
            "next_due": now + cadence.after_failure(failures, ordinary, asked),
        }
    )
    notes = [Note(kind="failed", message=f"{source.name} ({source.id}): {error.reason}")] if failures in (3, 10) else []
    return Crawled(source_id=source.id, state=state, health=health(source, state, now), notes=tuple(notes))


def _later(source: Source, last: FetchState, error: Resting, now: datetime) -> Crawled:
    """Not asked at all, since its host is resting."""
    state = last.model_copy(update={"next_due": now + timedelta(seconds=error.seconds)})
    return Crawled(source_id=source.id, state=state, health=health(source, state, now), unchanged=True)


def _wait(source: Source, state: FetchState, fetched: Fetched, now: datetime) -> timedelta:
    ordinary = cadence.wait(source.tier, state.gap_hours or source.cadence_hours, state.hours, now)
    return max(ordinary, cadence.asked_for(fetched.headers, now), cadence.by_ttl(state.ttl_minutes))


def _times(entries: Sequence[Entry], now: datetime) -> list[datetime]:
    """When entries were published, as far as they say a time that can be true."""
    times = [e.published_at for e in entries if e.published_at and e.published_precision == "time"]
    return [time for time in times if time <= now]


def _newest(new: list[Entry], first: bool, now: datetime) -> datetime:
    """When the newest item came: now, or on a first visit as its date says."""
    dates = [entry.published_at for entry in new if entry.published_at and entry.published_at <= now]
    return max(dates) if first and dates else now


def _hash(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()

"""Nothing fails in silence: the health of sources and of our own parts becomes notices, and notices are told to the operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy.orm import Session

from crawlers.crawl import FetchState, Health
from crawlers.sources import Source
from pipeline.records import Alert, Reason
from storage import outbox, queue, sources, watches
from storage.sources import Notice
from worker.desk import Desk

SOURCE = "source"
SILENT_PART = "silent"
SET_ASIDE = "aside"
BROKEN = "broken"
"""The kinds of notice that stand until their cause is over; the others tell of something that happened."""

SICK = frozenset({Health.LATE, Health.FAILING, Health.BLOCKED, Health.GONE})
PATIENCE = 3
"""Failures in a row before a source that refuses us is told of: a single 429 is no news."""
SILENT_AFTER = timedelta(minutes=3)
"""A part that has not said for so long that it lives is down: each says so every 15 to 60 seconds."""
FORGOTTEN_AFTER = timedelta(days=14)
"""What happened once stands so long."""
IN_FULL = 20
"""Notices told one by one in a message; of a storm the rest are only counted."""


def tell_health(session: Session, source: Source, health: Health, state: FetchState, now: datetime) -> None:
    """A notice for a source that does not do well, taken back when it does; a visit that came so far did not break off."""
    sources.settle(session, BROKEN, source.id)
    if health not in SICK:
        sources.settle(session, SOURCE, source.id)
    elif fell_asleep(health, state) or state.failures >= PATIENCE:
        sources.notify(session, SOURCE, source.id, _health_in_words(source, health, state), now)


def fell_asleep(health: Health, state: FetchState) -> bool:
    """Whether a late source wrote while we watched it; one that slept before we came is no news."""
    if health is not Health.LATE or state.last_new_item is None or state.first_success is None:
        return False
    return state.last_new_item > state.first_success


def watch_over(desk: Desk, operator: str, now: datetime) -> int:
    """Look after our own parts, and tell the operator what is new, in one message; how many notices it tells of."""
    with desk.store.writing() as session:
        _watch_parts(session, now)
        _watch_quarantine(session, now)
        sources.forget_notices(session, now - FORGOTTEN_AFTER)
        fresh = sources.untold(session)
        if not fresh or not operator:
            return 0
        alert = message(fresh, now)
        watches.save_alert(session, alert)
        outbox.push(session, alert, [operator], now, urgent=True)
        sources.mark_told(session, now)
        return len(fresh)


def message(notices: Sequence[Notice], now: datetime) -> Alert:
    """What the operator is sent: every notice on a line of its own, under a title that says the first and how many."""
    lines = [f"{notice.first_at:%Y-%m-%d %H:%M} UTC  {notice.text}" for notice in notices[:IN_FULL]]
    rest = len(notices) - IN_FULL
    lines += [f"… and {rest} more: launchwatch doctor"] if rest > 0 else []
    first = notices[0].text
    others = f" (+{len(notices) - 1})" if len(notices) > 1 else ""
    named = "\n".join(f"{n.kind} {n.subject} {n.first_at.isoformat()}" for n in notices)
    return Alert(
        id=f"notice-{blake2b(named.encode(), digest_size=10).hexdigest()}",
        watch_id="operator",
        event_id="",
        version=int(now.timestamp()),
        made_at=now,
        title=f"Launchwatch: {first[:120]}{others}",
        body="\n".join(lines),
        why=Reason(zh="您是本系统的运维联系人", en="you run this installation"),
    )


def _health_in_words(source: Source, health: Health, state: FetchState) -> str:
    last = f"{state.last_success:%Y-%m-%d %H:%M} UTC" if state.last_success else "never"
    new = f"{state.last_new_item:%Y-%m-%d %H:%M} UTC" if state.last_new_item else "never"
    why = f": {state.last_error}" if state.last_error else ""
    return f"{source.name} ({source.id}) is {health.value}{why}; last read {last}, last new item {new}"


def _watch_parts(session: Session, now: datetime) -> None:
    for name, beat in queue.heartbeats(session).items():
        if now - beat > SILENT_AFTER:
            text = f"{name} has been silent since {beat:%Y-%m-%d %H:%M:%S} UTC; start `launchwatch up`"
            sources.notify(session, SILENT_PART, name, text, now)
        else:
            sources.settle(session, SILENT_PART, name)


def _watch_quarantine(session: Session, now: datetime) -> None:
    """One notice a kind of work, that stands as long as any of it is set aside."""
    aside: dict[str, list[queue.Work]] = {}
    for work in queue.quarantined(session):
        aside.setdefault(work.kind, []).append(work)
    for kind, pieces in aside.items():
        text = f"{len(pieces)} {kind} set aside; the last, {pieces[0].subject}: {pieces[0].reason}"
        sources.notify(session, SET_ASIDE, kind, text, now)
    for notice in sources.notices(session, [SET_ASIDE]):
        if notice.subject not in aside:
            sources.settle(session, SET_ASIDE, notice.subject)

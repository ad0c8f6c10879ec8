"""Once a day, to those who asked: all is quiet. Said only where the parts live and sources were read; where not, that is said."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline import timing
from pipeline.records import Alert, Reason, Watch
from storage import outbox, queue, sources, watches
from worker.desk import Desk

DAY = timedelta(days=1)
NEEDED = ("collect", "process")
"""The parts without which silence means nothing."""
SILENT_AFTER = timedelta(minutes=3)
"""As of the watchdog: each part says every 15 to 60 seconds that it lives."""
LATE = timedelta(hours=6)
"""A slot that came while nobody was there to take it is let go after that: a word on this morning helps nobody tonight."""


def tell_quiet(desk: Desk, now: datetime) -> int:
    """The day's word to each destination that asked for one and was told of nothing, once a day each; how many."""
    with desk.store.writing() as session:
        asked = [watch for watch in watches.all_watches(session) if watch.heartbeat and not watch.paused]
        by_destination = {destination: watch for watch in reversed(asked) for destination in watch.destinations}
        return sum(_tell(session, watch, destination, now) for destination, watch in sorted(by_destination.items()))


def _tell(session: Session, watch: Watch, destination: str, now: datetime) -> bool:
    """Tell one destination, if its time has come, nobody took it, and its watches told it of nothing since the day before."""
    slot = timing.daily_slot(watch, now)
    name = "quiet " + outbox.mark(session, destination).hex()[:20]
    if now - slot > LATE or queue.last_slot(session, name) == slot or not queue.slot(session, name, slot):
        return False
    if outbox.told_since(session, destination, slot - DAY):
        return False
    alert = message(watch, name, slot, now, _down(session, now), *_seen(session, slot - DAY))
    watches.save_alert(session, alert)
    outbox.push(session, alert, [destination], now)
    return True


def message(watch: Watch, name: str, slot: datetime, now: datetime, down: list[str], read: int, news: int) -> Alert:
    """All is quiet, with how much was looked at; or that we cannot say so, and why."""
    zh = watch.language == "zh"
    since = f"{slot - DAY:%m-%d %H:%M}–{slot:%m-%d %H:%M} UTC"
    looked = (
        f"{since}：读取 {read} 个来源，新文档 {news} 篇"
        if zh
        else f"{since}: {read} sources read, {news} new documents"
    )
    if down:
        title = "⚠ 无法确认是否平静：采集中断" if zh else "⚠ Cannot say that all is quiet: the collector is down"
        body = "\n".join([*down, looked])
    else:
        title = "一切平静：没有命中您的关注" if zh else "All quiet: nothing met your watches"
        body = looked
    return Alert(
        id=f"{name.replace(' ', '-')}-{slot:%Y%m%dT%H%M}",
        watch_id=watch.id,
        event_id="",
        made_at=now,
        title=title,
        body=body,
        why=Reason(zh="您要求每日报平安", en="you asked for a daily word"),
    )


def _down(session: Session, now: datetime) -> list[str]:
    """What keeps us from saying that all is quiet: a part that is silent, or no source that was read for a day."""
    beats = queue.heartbeats(session)
    lines = []
    for part in NEEDED:
        at = beats.get(part)
        if at is None or now - at > SILENT_AFTER:
            lines.append(f"{part}: {f'silent since {at:%Y-%m-%d %H:%M} UTC' if at else 'never ran'}")
    if not _seen(session, now - DAY)[0]:
        lines.append("no source was read in the past 24 hours")
    return lines


def _seen(session: Session, since: datetime) -> tuple[int, int]:
    """How many sources were read since a time, and how many documents they gave."""
    states = sources.all_states(session)
    read = sum(state.last_success_at is not None and state.last_success_at >= since for state in states)
    return read, sum(sources.document_counts(session, since).values())

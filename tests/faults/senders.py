"""`kill -9` of the sender, again and again, while its receiver takes its time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from storage import outbox, watches
from tests.factories import make_alert
from tests.faults.stage import Stage, running, stage
from tests.faults.verdict import Tally

ALERTS_A_KILL = 8
SHORTEST, LONGEST = 0.05, 0.35
ANSWER_SECONDS = 0.02


def kill_senders(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """0 lost, 0 twice by id, and no more raw repeats than kills that hit a send."""
    dice = random.Random(tally.seed)
    with stage(sources=1) as made:
        made.world.slow_hook = ANSWER_SECONDS
        tally.attempted = tally.acked = _raise(made, count * ALERTS_A_KILL)
        with running(made, ("sender",)) as parts:
            hits = 0
            for _ in range(count):
                made.revive_until(parts, lambda: bool(parts.ready()), 60)
                time.sleep(dice.uniform(SHORTEST, LONGEST))
                parts.kill("sender")
                hits += _under_way(made)
                advance()
            made.drain(parts, tally)
            for role, times in parts.ended.items():
                tally.wonder(f"{role} ended by itself {times} times", times)
        _judge(tally, made, hits)
        tally.remarks.append(f"{count} kills, of which {hits} hit a send")


def _raise(made: Stage, many: int) -> int:
    now = made.plan.now()
    made.world.told.clear()
    with made.store.writing() as session:
        for number in range(many):
            alert = make_alert(id=f"alert-{number}", event_id=f"event-{number}", made_at=now)
            watches.save_alert(session, alert)
            outbox.push(session, alert, [made.world.hook], now)
    return many


def _under_way(made: Stage) -> bool:
    """Whether the sender that was just killed had something on the wire: it is marked so before, and its successor loads."""
    with made.store.reading() as session:
        return outbox.counts_by_state(session).get("sending", 0) > 0


def _judge(tally: Tally, made: Stage, hits: int) -> None:
    taken = [received.id for received in made.world.journal]
    with made.store.reading() as session:
        deliveries = outbox.recent(session, limit=1_000_000)
    for delivery in deliveries:
        if delivery.alert_id not in taken:
            tally.lose(f"{delivery.alert_id} never arrived")
        elif delivery.state != "sent":
            tally.wonder(f"{delivery.alert_id} ended as {delivery.state}: {delivery.answer}")
        else:
            tally.ok += 1
    known = {delivery.alert_id for delivery in deliveries}
    for alert_id in set(taken) - known:
        tally.double(f"{alert_id} arrived under an id that is no alert's")
    repeats = len(taken) - len(set(taken))
    marked = sum(delivery.repeat for delivery in deliveries)
    tally.recovered = marked
    if repeats > hits:
        tally.wonder(f"{repeats} raw repeats, {hits} kills hit a send", repeats - hits)
    if marked > hits:
        tally.wonder(f"{marked} deliveries are marked as repeats, {hits} kills hit a send", marked - hits)
    tally.remarks.append(f"{repeats} raw repeats at the receiver, {marked} marked as such")

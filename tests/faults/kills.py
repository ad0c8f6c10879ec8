"""`kill -9` of collector, worker, sender and web at random moments, while the world goes on telling."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from tests import servers
from tests.faults.nursery import Nursery
from tests.faults.stage import EMBEDDED, SCALED, Stage, pushed, running, stage
from tests.faults.stories import Story
from tests.faults.verdict import Tally, judge

SHORTEST, LONGEST = 0.05, 0.35
"""Seconds between two kills."""
HAPPENINGS_A_KILL = 3
HUB_SECONDS = 120.0
"""In which the hub must be rid of what it still has to push."""

Advance = Callable[[], None]


def kills_embedded(tally: Tally, count: int, advance: Advance) -> None:
    """The parts of one machine over one SQLite file."""
    with stage() as made:
        _storm(tally, made, EMBEDDED, count, advance)


def kills_scaled(tally: Tally, count: int, advance: Advance) -> None:
    """Celery workers and beat over PostgreSQL and Valkey."""
    with servers.postgres() as postgres, servers.redis_server() as redis:
        address = postgres.borrow()
        with stage(database_url=address, redis=redis) as made:
            _storm(tally, made, SCALED, count, advance)


def _storm(tally: Tally, made: Stage, roles: Sequence[str], count: int, advance: Advance) -> None:
    dice = random.Random(tally.seed)
    hub: SimpleQueue[list[Story] | None] = SimpleQueue()
    thread = threading.Thread(target=_push_all, args=(made, hub), daemon=True)
    with running(made, roles) as parts:
        thread.start()
        killed = Counter(_kill_one(made, parts, dice, hub, advance) for _ in range(count))
        hub.put(None)
        made.revive_until(parts, lambda: not thread.is_alive(), HUB_SECONDS)
        made.drain(parts, tally)
        tally.remarks.append("kills: " + ", ".join(f"{times} {who}" for who, times in sorted(killed.items())))
        tally.recovered += sum(times for line, times in parts.heard.items() if line == "again")
        for role, times in parts.ended.items():
            tally.wonder(f"{role} ended by itself {times} times", times)
    judge(tally, made.store, made.world)
    tally.remarks.append(f"{len(made.acked)} pushes acknowledged")


def _kill_one(
    made: Stage, parts: Nursery, dice: random.Random, hub: SimpleQueue[list[Story] | None], advance: Advance
) -> str:
    """Some news, a victim at work, a moment, a kill; who was killed."""
    hub.put(pushed(made.world.tell(HAPPENINGS_A_KILL), dice))
    victim = dice.choice(EMBEDDED) if "beat" not in parts.parts or dice.random() < 0.9 else "beat"
    made.revive_until(parts, lambda: any(part.role == victim for part in parts.ready()), 60)
    time.sleep(dice.uniform(SHORTEST, LONGEST))
    how = dice.random() if made.redis and victim not in ("web", "beat") else 0.0
    if how > 0.75 and parts.kill_child(victim):
        victim += "'s child"
    elif how > 0.5:
        parts.kill_first(victim)
    else:
        parts.kill(victim)
    advance()
    return victim


def _push_all(made: Stage, hub: SimpleQueue[list[Story] | None]) -> None:
    while (stories := hub.get()) is not None:
        made.push(stories)

"""Three schedulers at once, and none for a while: each slot runs once, and one that was missed is caught up."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from sqlalchemy import text

from storage import queue
from tests import servers
from tests.faults.nursery import Nursery
from tests.faults.points import TRACE
from tests.faults.stage import Stage, running, stage
from tests.faults.verdict import Tally

CLERKS = ("clerk", "clerk-2", "clerk-3")
RAN = "point worker.digests:_write_slot/after"
DOWN_EVERY = 3
"""In one slot of three, no scheduler runs when it comes."""
SLOT_SECONDS = 60.0
AFTER_SECONDS = 2.5
"""In which each scheduler's bell rings once more: time enough to run a slot twice."""


def ring_together(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """`count` slots on each store."""
    with servers.postgres() as postgres:
        for address in ("", postgres.borrow()):
            with stage(sources=1, database_url=address) as made, running(made, CLERKS) as parts:
                _restart(parts)
                made.revive_until(parts, lambda: parts.heard[RAN] > 0, SLOT_SECONDS)
                for number in range(count):
                    _one_slot(tally, made, parts, is_down=number % DOWN_EVERY == DOWN_EVERY - 1)
                    advance()


def _one_slot(tally: Tally, made: Stage, parts: Nursery, *, is_down: bool) -> None:
    """A slot comes; who runs it, and how often."""
    before = parts.heard[RAN]
    if is_down:
        for role in CLERKS:
            parts.end(role, signal.SIGKILL)
    with made.store.writing() as session:
        session.execute(text("DELETE FROM slots"))
    if is_down:
        _restart(parts)
        tally.recovered += 1
    tally.attempted += 1
    made.revive_until(parts, lambda: parts.heard[RAN] > before, SLOT_SECONDS)
    time.sleep(AFTER_SECONDS)
    runs = parts.heard[RAN] - before
    with made.store.reading() as session:
        tally.acked += queue.last_slot(session, "weekly digest") is not None
        left = queue.depth(session, made.plan.now())
    if runs == 0:
        tally.lose("a slot that nobody ran")
    elif runs > 1:
        tally.double(f"a slot that ran {runs} times", runs - 1)
    elif left:
        tally.wonder(f"work left over: {left}")
    else:
        tally.ok += 1


def _restart(parts: Nursery) -> None:
    for role in CLERKS:
        parts.kill(role, TRACE)

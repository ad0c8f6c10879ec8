"""Deploys under load: every part stopped by SIGTERM and started again, one after another; and messages that ring twice."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from tests import servers
from tests.faults.nursery import Nursery
from tests.faults.stage import EMBEDDED, SCALED, Stage, running, stage
from tests.faults.verdict import Tally, judge

HAPPENINGS_A_RESTART = 20
LONGEST_STOP = 60.0
VISIBILITY = 2
"""Seconds after which a message that nobody acknowledged rings again: far below what a task here takes."""


def restart_embedded(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """The parts of one machine."""
    _roll(tally, EMBEDDED, count, advance)


def restart_scaled(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """Celery's workers, two of a kind, with messages that ring again while their task still runs."""
    with ExitStack() as stack:
        address = stack.enter_context(servers.postgres()).borrow()
        redis = stack.enter_context(servers.redis_server())
        roles = (*SCALED, "worker-2", "beat-2", "beat-3")
        _roll(tally, roles, count, advance, database_url=address, redis=redis, visibility_seconds=VISIBILITY)


def _roll(tally: Tally, roles: Sequence[str], count: int, advance: Callable[[], None], **place: Any) -> None:
    dice = random.Random(tally.seed)
    with stage(**place) as made:
        slowest = 0.0
        with running(made, roles) as parts:
            for number in range(count):
                made.world.tell(HAPPENINGS_A_RESTART)
                time.sleep(dice.uniform(0.2, 1.0))
                slowest = max(slowest, _restart(tally, made, parts, roles[number % len(roles)]))
                advance()
            made.drain(parts, tally)
            for role, times in parts.ended.items():
                tally.wonder(f"{role} ended by itself {times} times", times)
            returned = sum(times for line, times in parts.heard.items() if line == "again")
        judge(tally, made.store, made.world)
        _judge_once(tally, made)
        tally.recovered += returned
        tally.remarks.append(f"{count} restarts, the slowest stop {slowest:.1f} s; {returned} pieces of work came back")


def _restart(tally: Tally, made: Stage, parts: Nursery, role: str) -> float:
    """A part stopped and started; how long the stop took."""
    made.revive_until(parts, lambda: any(part.role == role for part in parts.ready()), 60)
    began = time.monotonic()
    parts.end(role, signal.SIGTERM)
    if not parts.wait_gone(role, LONGEST_STOP):
        tally.wonder(f"{role} did not stop within {LONGEST_STOP:.0f} s of SIGTERM")
        parts.end(role, signal.SIGKILL)
    took = time.monotonic() - began
    parts.start(role)
    return took


def _judge_once(tally: Tally, made: Stage) -> None:
    """Nobody was killed: nothing may have arrived twice, not even under one id."""
    taken = [received.id for received in made.world.journal]
    if len(taken) > len(set(taken)):
        tally.double("alerts that arrived twice", len(taken) - len(set(taken)))

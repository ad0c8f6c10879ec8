"""A death at every commit point of every job, just before the commit and just after it: whoever comes next resumes clean."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import text

from tests.faults.nursery import Nursery
from tests.faults.points import POINTS, TRACE
from tests.faults.stage import Stage, running, stage
from tests.faults.verdict import Tally, judge

SIDES = ("before", "after")
REACHED_SECONDS = 90.0
HAPPENINGS = 5
ROLES = tuple(POINTS)


def die_at_commits(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """At each point `count` times: at its first passing, its second, ..."""
    with stage(sources=8) as made, running(made, ROLES) as parts:
        crashes = 0
        for role, points in POINTS.items():
            for point in points:
                for side in SIDES:
                    for passing in range(1, count + 1):
                        crashes += _die_at(tally, made, parts, role, f"{point}/{side}/{passing}")
                    advance()
        _find_unlisted(tally, made, parts)
        made.drain(parts, tally)
        judge(tally, made.store, made.world)
        tally.recovered += sum(times for line, times in parts.heard.items() if line == "again")
        listed = sum(map(len, POINTS.values()))
        tally.remarks.append(f"{crashes} deaths at {listed} commit points of {len(ROLES)} parts")


def points_and_sides() -> int:
    """How many there are."""
    return sum(map(len, POINTS.values())) * len(SIDES)


def _die_at(tally: Tally, made: Stage, parts: Nursery, role: str, crash_at: str) -> bool:
    """A part that dies at a point, and one that takes its place."""
    name = crash_at.rpartition("/")[0]
    before = parts.heard[f"crashed {name}"]
    if role == "clerk":
        _let_slots_come_again(made)
    parts.kill(role, crash_at)
    end, told = time.monotonic() + REACHED_SECONDS, 0.0
    while parts.heard[f"crashed {name}"] == before and time.monotonic() < end:
        if time.monotonic() > told + 1.0:
            threading.Thread(target=made.push, args=(made.world.tell(HAPPENINGS)[:2],), daemon=True).start()
            told = time.monotonic()
        time.sleep(0.02)
    died = parts.heard[f"crashed {name}"] > before
    if not died:
        tally.wonder(f"{role} never came to {crash_at}")
    parts.kill(role)
    return died


def _let_slots_come_again(made: Stage) -> None:
    """The next morning, at once: what was taken may be taken anew."""
    with made.store.writing() as session:
        session.execute(text("DELETE FROM slots"))


def _find_unlisted(tally: Tally, made: Stage, parts: Nursery) -> None:
    """Commit points that the parts pass and that POINTS does not name."""
    for role in ROLES:
        parts.kill(role, TRACE)
    made.revive_until(parts, lambda: all(role in {part.role for part in parts.ready()} for role in ROLES), 60)
    _let_slots_come_again(made)
    made.push(made.world.tell(HAPPENINGS))
    time.sleep(5.0)
    passed = {line.split()[1].rpartition("/")[0] for line in list(parts.heard) if line.startswith("point ")}
    for point in sorted(passed - {point for points in POINTS.values() for point in points}):
        tally.wonder(f"a commit point that is not listed: {point}")

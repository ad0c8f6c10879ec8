"""Many thousand fetches by one collector: memory and descriptors of it and of its children stay as they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import linear_regression

from tests.faults.nursery import Nursery
from tests.faults.stage import Stage, running, stage
from tests.faults.verdict import Tally, judge

SITES = 120
SPEED = 600.0
"""Five minutes, the shortest time between two visits, are half a second."""
WARM = 0.3
"""Of the fetches, those after which caches are full: what is measured comes after."""
SLOPE_MB = 1.0
"""Megabytes a thousand fetches."""
MORE_DESCRIPTORS = 8
SAMPLES = 60


def fetch_much(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """`count` fetches of feeds that change now and then, and the trips of what they bring."""
    with stage(sources=SITES, speed=SPEED) as made, running(made, ("collector", "worker", "sender")) as parts:
        samples = _watch(made, parts, count, advance)
        made.drain(parts, tally)
        for role in ("collector", "worker"):
            _judge(tally, role, [sample for sample in samples if sample[0] == role], count)
        for role, times in parts.ended.items():
            tally.wonder(f"{role} ended by itself {times} times", times)
        judge(tally, made.store, made.world)
        tally.remarks.append(f"{made.world.fetches} fetches")


def _watch(made: Stage, parts: Nursery, count: int, advance: Callable[[], None]) -> list[tuple[str, int, float, int]]:
    """Role, fetches so far, resident megabytes and descriptors, some sixty times."""
    began, told, shown = made.world.fetches, 0, 0
    samples: list[tuple[str, int, float, int]] = []
    while (done := made.world.fetches - began) < count:
        for _ in range(min(done, count) - shown):
            advance()
        shown = min(done, count)
        if done * SAMPLES // count >= told:
            told = done * SAMPLES // count + 1
            made.world.tell(3)
            samples += [(role, done, *_held(parts.parts[role].pid)) for role in ("collector", "worker")]
        parts.revive()
        time.sleep(0.05)
    return samples


def _held(pid: int) -> tuple[float, int]:
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1_000_000
    return resident, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _judge(tally: Tally, role: str, samples: list[tuple[str, int, float, int]], count: int) -> None:
    settled = [sample for sample in samples if sample[1] > WARM * count]
    slope = linear_regression([done / 1000 for _, done, _, _ in settled], [held for _, _, held, _ in settled]).slope
    opened = max(fds for *_, fds in settled) - min(fds for *_, fds in settled)
    line = f"{role}: {slope:+.2f} MB a thousand fetches, at {settled[-1][2]:.0f} MB; descriptors {settled[0][3]} to {settled[-1][3]}"
    tally.remarks.append(line)
    if count >= 5000 and slope > SLOPE_MB:
        tally.wonder(line)
    if opened > MORE_DESCRIPTORS + SITES:
        tally.wonder(f"{role}: descriptors vary by {opened}")

"""Shelf: the recent events' sketches in memory, for a stream. Finds candidates as the store does: same keys, window, rank."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from datetime import datetime, timedelta

from pipeline.records import Sketch

WINDOW = timedelta(days=21)
"""How long an event can be joined or followed."""

CANDIDATES = 30
"""How many sketches the decision looks at: those that share the most keys, of equals those sharing rarer ones."""

PER_KEY = 64
"""Newest events looked at under one key: one that common selects little; the rarer keys find the event."""

KEPT = 2 * PER_KEY
"""Events kept under one key: a stream in order of time never asks for older ones than the newest `PER_KEY`."""

Filed = tuple[datetime, str]
"""When an event's sketch is dated, and its id."""


class Shelf:
    """Sketches of events by their keys. Ask `candidates` before placing a document, then `keep` its event's sketch."""

    def __init__(self, window: timedelta = WINDOW, limit: int = CANDIDATES) -> None:
        self._window = window
        self._limit = limit
        self._sketches: dict[str, Sketch] = {}
        self._by_key: defaultdict[str, list[Filed]] = defaultdict(list)

    def get(self, event_id: str) -> Sketch | None:
        """The sketch kept for an event."""
        return self._sketches.get(event_id)

    def keep(self, sketch: Sketch) -> None:
        """Keep an event's sketch under its keys, in place of the one kept before."""
        before = self._sketches.get(sketch.event_id)
        if before is not None:
            self._forget(before)
        self._sketches[sketch.event_id] = sketch
        for key in dict.fromkeys(sketch.keys):
            insort(self._by_key[key], (sketch.when, sketch.event_id))
            del self._by_key[key][:-KEPT]

    def candidates(self, sketch: Sketch) -> list[Sketch]:
        """The sketches that share the most keys with this one, within the window, at most `limit`."""
        shared: defaultdict[Filed, int] = defaultdict(int)
        rarity: defaultdict[Filed, int] = defaultdict(int)
        for key in dict.fromkeys(sketch.keys):
            near = self._near(key, sketch.when)
            for filed in near:
                shared[filed] += 1
                rarity[filed] += 1_000_000 // len(near)
        best = sorted(shared, key=lambda f: (-shared[f], -rarity[f], -f[0].timestamp(), f[1]))[: self._limit]
        return [self._sketches[event_id] for _, event_id in best]

    def _near(self, key: str, around: datetime) -> list[Filed]:
        """The newest events under a key within the window."""
        filed = self._by_key.get(key, [])
        first = bisect_left(filed, around - self._window, key=lambda f: f[0])
        last = bisect_right(filed, around + self._window, key=lambda f: f[0])
        return filed[max(first, last - PER_KEY) : last]

    def _forget(self, sketch: Sketch) -> None:
        filed = (sketch.when, sketch.event_id)
        for key in dict.fromkeys(sketch.keys):
            at = bisect_left(self._by_key[key], filed)
            if self._by_key[key][at : at + 1] == [filed]:
                del self._by_key[key][at]

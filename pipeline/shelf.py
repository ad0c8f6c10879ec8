"""Shelf: the recent events' sketches in memory, for a stream. Finds candidates as the store does: same keys, window, cap."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import timedelta
from math import log2

from pipeline.records import Sketch

WINDOW = timedelta(days=21)
"""How long an event can be joined or followed."""

CANDIDATES = 60
"""How many sketches the decision looks at: those that share the most keys, of equals those sharing rarer ones."""

PER_KEY = 200
"""Newest events looked at under one key: one that common selects little; the rarer keys find the event."""


class Shelf:
    """Sketches of events by their keys. Ask `candidates` before placing a document, then `keep` its event's sketch."""

    def __init__(self, window: timedelta = WINDOW, limit: int = CANDIDATES) -> None:
        self._window = window
        self._limit = limit
        self._sketches: dict[str, Sketch] = {}
        self._by_key: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=PER_KEY))

    def get(self, event_id: str) -> Sketch | None:
        """The sketch kept for an event."""
        return self._sketches.get(event_id)

    def keep(self, sketch: Sketch) -> None:
        """Keep an event's sketch under its keys, in place of the one kept before."""
        before = self._sketches.get(sketch.event_id)
        self._sketches[sketch.event_id] = sketch
        for key in set(sketch.keys) - set(before.keys if before else ()):
            self._by_key[key].append(sketch.event_id)

    def candidates(self, sketch: Sketch) -> list[Sketch]:
        """The sketches that share the most keys with this one, within the window, at most `limit`."""
        shared: defaultdict[str, int] = defaultdict(int)
        rarity: defaultdict[str, float] = defaultdict(float)
        for key in sketch.keys:
            near = [e for e in self._by_key.get(key, ()) if self._is_near(e, sketch)]
            for event_id in near:
                shared[event_id] += 1
                rarity[event_id] += 1 / log2(1 + len(near))
        newest = {event_id: self._sketches[event_id].when.timestamp() for event_id in shared}
        best = sorted(shared, key=lambda e: (-shared[e], -rarity[e], -newest[e], e))[: self._limit]
        return [self._sketches[event_id] for event_id in best]

    def _is_near(self, event_id: str, sketch: Sketch) -> bool:
        return abs(sketch.when - self._sketches[event_id].when) <= self._window

"""Shelf: the recent events' sketches in memory, for a stream. Finds candidates as the store does: same keys, window and cap."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import timedelta

from pipeline.records import Sketch

WINDOW = timedelta(days=14)
"""How long a founding sketch can be joined or followed."""

CANDIDATES = 64
"""How many sketches the decision looks at: those that share the most keys, the newest of equals."""

NEWEST = 200
"""How many of one key's sketches are looked at, newest first: a key that common selects nothing."""


class Shelf:
    """Sketches by their keys. `add` what was placed, ask `candidates` before placing the next."""

    def __init__(self, window: timedelta = WINDOW, limit: int = CANDIDATES) -> None:
        self._window = window
        self._limit = limit
        self._by_key: defaultdict[str, deque[Sketch]] = defaultdict(lambda: deque(maxlen=NEWEST))

    def add(self, sketch: Sketch) -> None:
        """Keep a sketch under its keys."""
        for key in sketch.keys:
            self._by_key[key].append(sketch)

    def candidates(self, sketch: Sketch) -> list[Sketch]:
        """The sketches that share the most keys with this one, within the window, at most `limit`."""
        shared: dict[str, int] = defaultdict(int)
        found: dict[str, Sketch] = {}
        for key in sketch.keys:
            for other in self._by_key.get(key, ()):
                if abs(sketch.when - other.when) <= self._window:
                    shared[other.document_id] += 1
                    found[other.document_id] = other
        best = sorted(found.values(), key=lambda s: (-shared[s.document_id], -s.when.timestamp(), s.document_id))
        return best[: self._limit]

"""Placing thought through before its lock is taken: under the lock, only what came since is thought through again.

Where several processes place, each waits for the lock; what it works out meanwhile is checked there against the store as
it is then. The same sketches compare alike, and what founds the same event settles alike: nothing is guessed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from pipeline import flow
from pipeline.cluster import Compared
from pipeline.lexicon import Lexicon
from pipeline.records import Event, Placement, Sketch, State

PRESSING_SECONDS = 0.01
"""A mean wait for the lock from which it pays to think first: thinking first costs a seventh more."""
MEMORY = 0.8
"""How much of the mean is older than the last wait."""

Candidates = Callable[[Session, Sketch], list[Sketch]]
Settle = Callable[[flow.Reading, Placement, Event | None], flow.Outcome]


class Crowd:
    """How long a process waited of late until it was alone in placing. Threads may share it."""

    def __init__(self) -> None:
        self._mean = 0.0
        self._lock = threading.Lock()

    def waited(self, seconds: float) -> None:
        """Another wait."""
        with self._lock:
            self._mean = MEMORY * self._mean + (1 - MEMORY) * seconds

    @property
    def is_pressing(self) -> bool:
        """Whether others place at the same time."""
        return self._mean > PRESSING_SECONDS


class Foresight:
    """What was worked out for a batch of documents before they could be placed."""

    def __init__(self, lexicon: Lexicon, candidates: Candidates, settle: Settle) -> None:
        self._lexicon = lexicon
        self._candidates = candidates
        self._settle = settle
        self._compared = Compared()
        self._founding: dict[str, flow.Outcome] = {}

    def look(self, session: Session, readings: Sequence[flow.Reading]) -> None:
        """Place beside the store as it is now, and settle what founds an event: what joins one mostly finds it changed."""
        for reading in readings:
            if flow.fate(reading, ())[0] is State.DONE:
                placement = self.place(reading, self._candidates(session, reading.sketch))
                if placement.new:
                    self._founding[reading.document.id] = self._settle(reading, placement, None)

    def place(self, reading: flow.Reading, candidates: Sequence[Sketch]) -> Placement:
        """As `flow.place`."""
        return flow.place(reading, candidates, self._lexicon, self._compared)

    def settle(self, reading: flow.Reading, placement: Placement, before: Event | None) -> flow.Outcome:
        """As `flow.settle`."""
        known = self._founding.get(reading.document.id)
        if known is not None and before is None and known.placement == placement:
            return known
        return self._settle(reading, placement, before)

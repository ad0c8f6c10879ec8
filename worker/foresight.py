"""Placing thought through before its lock is taken: under the lock, only what came since is thought through again.

Where several processes place, each waits for the lock; what it works out meanwhile is checked there against the store as
it is then. The same sketches compare alike, and the same event with the same report settles alike: nothing is guessed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from pipeline import flow
from pipeline.cluster import Compared
from pipeline.lexicon import Lexicon
from pipeline.records import Event, Placement, Sketch, State
from storage import events

PRESSING_SECONDS = 0.01
"""A mean wait for the lock from which it pays to think first: thinking twice costs a tenth more."""
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
        self._outcomes: dict[str, tuple[Event | None, flow.Outcome]] = {}

    def look(self, session: Session, readings: Sequence[flow.Reading]) -> None:
        """Place and settle beside the store as it is now, and keep nothing but what was worked out."""
        for reading in readings:
            if flow.fate(reading, ())[0] is State.DONE:
                placement = self.place(reading, self._candidates(session, reading.sketch))
                before = None if placement.new else events.get(session, placement.event_id)
                if placement.new or before is not None:
                    self.settle(reading, placement, before)

    def place(self, reading: flow.Reading, candidates: Sequence[Sketch]) -> Placement:
        """As `flow.place`."""
        return flow.place(reading, candidates, self._lexicon, self._compared)

    def settle(self, reading: flow.Reading, placement: Placement, before: Event | None) -> flow.Outcome:
        """As `flow.settle`, for this batch's moment and watches."""
        known = self._outcomes.get(reading.document.id)
        if known is not None and known[1].placement == placement and known[0] == before:
            return known[1]
        outcome = self._settle(reading, placement, before)
        self._outcomes[reading.document.id] = (before, outcome)
        return outcome

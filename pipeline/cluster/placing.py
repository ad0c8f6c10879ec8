"""The decision: which event a document joins, from several signals fused, or that it founds its own."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.index import KnowledgeBase
from pipeline.records import Placement, Sketch

JOIN = 0.5


def place(sketch: Sketch, candidates: Sequence[Sketch], knowledge: KnowledgeBase) -> Placement:
    """The event of the most alike candidate, where it is alike enough; else a new event."""
    alone = Placement(event_id=sketch.event_id, new=True)
    best = max(candidates, key=lambda c: (_alike(sketch, c), c.event_id), default=None)
    if best is None or _alike(sketch, best) < JOIN:
        return alone
    score = _alike(sketch, best)
    return Placement(event_id=best.event_id, new=False, score=score, signals={"words": score})


def _alike(one: Sketch, other: Sketch) -> float:
    """The share of headline words in common, 0 to 1."""
    mine, theirs = set(one.terms), set(other.terms)
    either = len(mine | theirs)
    return len(mine & theirs) / either if either else 0.0

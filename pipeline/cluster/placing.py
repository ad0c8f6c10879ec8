"""The decision: which event a document joins, from several signals fused, or that it founds its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from typing import NamedTuple

from knowledge.index import KnowledgeBase
from pipeline.cluster.signals import View, signals
from pipeline.cluster.vocabulary import vocabulary
from pipeline.records import Placement, Sketch


class Match(NamedTuple):
    """How well a document fits an event: through which of its sketches, and why."""

    score: float
    sketch: Sketch
    signals: dict[str, float]


def place(sketch: Sketch, candidates: Sequence[Sketch], knowledge: KnowledgeBase) -> Placement:
    """The event that a document joins, or the new one that it founds, perhaps following an earlier.

    The same whatever the order of the candidates.
    """
    weights = knowledge.taxonomy.clustering
    new = Placement(event_id=sketch.event_id, new=True)
    if weights is None:
        return new
    known = vocabulary(knowledge)
    mine = View(sketch, known)
    best: Match | None = None
    for other in candidates:
        if other.document_id == sketch.document_id:
            return Placement(event_id=other.event_id, new=False, score=1.0)
        theirs = View(other, known)
        found = signals(mine, theirs)
        same = sketch.language == other.language
        match = Match(fuse(found, weights.same_language if same else weights.across_languages), other, found)
        if best is None or (match.score, other.event_id, other.document_id) > (best.score, best.sketch.event_id, best.sketch.document_id):
            best = match
    if best is None:
        return new
    if best.score >= weights.join:
        return Placement(event_id=best.sketch.event_id, new=False, score=round(best.score, 4), signals=best.signals)
    return new


def fuse(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The signals as one score, 0 to 1."""
    total = weights.get("base", 0.0) + sum(weights.get(name, 0.0) * value for name, value in found.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, total))))

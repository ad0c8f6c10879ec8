"""The decision: which event a document joins, from several signals fused, or that it founds its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, fsum
from typing import NamedTuple

from knowledge.index import KnowledgeBase
from knowledge.schema import ClusterWeights
from pipeline.cluster.signals import View, contradict, days_between, signals
from pipeline.cluster.vocabulary import Vocabulary, vocabulary
from pipeline.records import Placement, Sketch

JOINS = 0.5
"""The scaled score from which a document joins."""


COMPARED = 15
"""Candidates that are compared in full: those that share the most telling words. Others were never the one to join."""

JOIN_WITHIN_DAYS = 6.5
"""Later reports tell of what came of an event; of labelled pairs of one event none lies further apart."""

RULED_OUT = 0.3
"""The most that what is ruled out reaches: related, but never one event."""


UNDECIDED = 0.2
"""The scaled score from which, below JOINS, a semantic signal is asked where there is one."""

ALIKE = 0.88
"""The semantic likeness of two headlines in two languages from which they tell of one event."""

Alike = Callable[[str, str], float]
"""How alike the meanings of two headlines are, up to 1."""


class Match(NamedTuple):
    """How well a document fits an event: through which of its sketches, and why."""

    score: float
    sketch: Sketch
    signals: dict[str, float]


class Compared:
    """What was compared before, so that a second look at a document compares it only with what came since."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], Match] = {}

    def match(self, mine: View, founding: Sketch, known: Vocabulary, weights: ClusterWeights) -> Match:
        """As `match`, which is asked once for the same two sketches."""
        key = (mine.sketch.document_id, founding.event_id, founding.document_id)
        found = self._found.get(key)
        if found is None or found.sketch is not founding:
            found = self._found[key] = match(mine, founding, known, weights)
        return found


def place(
    sketch: Sketch,
    candidates: Sequence[Sketch],
    knowledge: KnowledgeBase,
    alike: Alike | None = None,
    compared: Compared | None = None,
) -> Placement:
    """The event that a document joins, or the new one that it founds, perhaps following an earlier.

    The same whatever the order of the candidates. `alike` is asked only where the other signals leave it open.
    What was compared before is not compared again.
    """
    weights = knowledge.taxonomy.clustering
    new = Placement(event_id=sketch.event_id, new=True)
    if weights is None:
        return new
    known = vocabulary(knowledge)
    mine = View(sketch, known)
    anchors = [anchor for founding in candidates for anchor in (founding, *founding.merged)]
    matching = match if compared is None else compared.match
    matches = [matching(mine, anchor, known, weights) for anchor in _nearest(mine, anchors)]
    best = max(matches, key=lambda m: (m.score, m.sketch.event_id), default=None)
    if alike is not None and (best is None or best.score < JOINS):
        best = _by_meaning(sketch, matches, alike) or best
    if best is None or best.score < JOINS:
        return new.model_copy(update=_earlier(sketch, matches, weights))
    return Placement(event_id=best.sketch.event_id, new=False, score=round(best.score, 4), signals=best.signals)


def _nearest(mine: View, anchors: Sequence[Sketch]) -> list[Sketch]:
    """The founding sketches that share the most telling words with a document, by what the words weigh together."""
    shared = [fsum(mine.every[word] for word in mine.every.keys() & {*a.terms, *a.lead}) for a in anchors]
    order = sorted(range(len(anchors)), key=lambda n: (-shared[n], anchors[n].event_id, anchors[n].document_id))
    return [anchors[n] for n in order[:COMPARED]]


def _by_meaning(sketch: Sketch, matches: Sequence[Match], alike: Alike) -> Match | None:
    """The undecided match in the other language whose headline means the same, if one does."""
    open_ones = [
        m
        for m in matches
        if UNDECIDED <= m.score < JOINS
        and m.sketch.language != sketch.language
        and not m.signals.get("contradictory")
        and days_between(sketch, m.sketch) <= JOIN_WITHIN_DAYS
    ]
    meant = [(alike(sketch.title, m.sketch.title), m.sketch.event_id, m) for m in open_ones]
    likeness, _, best = max(meant, key=lambda one: one[:2], default=(0.0, "", None))
    if best is None or likeness < ALIKE:
        return None
    return best._replace(score=JOINS, signals=best.signals | {"meaning": round(likeness, 4)})


def _earlier(sketch: Sketch, matches: Sequence[Match], weights: ClusterWeights) -> dict[str, object]:
    """The earlier event that a new one develops: about the same company or product, and alike without being the same."""
    related = [
        m for m in matches if m.score >= weights.follow and m.sketch.when <= sketch.when and _is_about(sketch, m.sketch)
    ]
    best = max(related, key=lambda m: (m.score, m.sketch.event_id), default=None)
    if best is None:
        return {}
    days = (sketch.when - best.sketch.when).total_seconds() / 86400
    signals = best.signals | {"days_after": round(days, 2)}
    return {"follows": best.sketch.event_id, "score": round(best.score, 4), "signals": signals}


def _is_about(sketch: Sketch, other: Sketch) -> bool:
    return bool(set(sketch.companies[:2]) & set(other.companies[:2]) or set(sketch.products) & set(other.products))


def match(mine: View, founding: Sketch, known: Vocabulary, weights: ClusterWeights) -> Match:
    """How well a document fits an event: its likeness to the documents kept for it, the best one drawn towards the mean.

    Later ones count only where the document also touches what the founding one said, so that chains do not drift, and
    nothing joins long after the founding: it develops the event, and follows.
    """
    best = compare(mine, founding, known, weights)
    touches = max(best.signals.get(name, 0.0) for name in ("covered", "names", "terms")) >= weights.anchor
    if touches and not best.signals.get("contradictory"):
        every = [best, *(compare(mine, other, known, weights) for other in founding.others)]
        own = [m for m in every if m.sketch.language == mine.sketch.language]
        foreign = [m for m in every if m.sketch.language != mine.sketch.language]
        best = max((_fused(part, weights.mean) for part in (own, foreign) if part), key=lambda m: m.score)
    if days_between(mine.sketch, founding) > JOIN_WITHIN_DAYS:
        return Match(min(best.score, RULED_OUT), founding, best.signals)
    return Match(best.score, founding, best.signals)


def _fused(matches: Sequence[Match], mean: float) -> Match:
    """The best of several matches, drawn towards their mean: a document that is like one report only is a neighbour."""
    best = max(matches, key=lambda m: m.score)
    average = sum(m.score for m in matches) / len(matches)
    return best._replace(score=(1 - mean) * best.score + mean * average)


def compare(mine: View, other: Sketch, known: Vocabulary, weights: ClusterWeights) -> Match:
    """The likeness of two documents, scaled so that 0.5 is where they are one event; contradictory versions rule that out."""
    if mine.sketch.document_id == other.document_id:
        return Match(1.0, other, {"covered": 1.0})
    theirs = View(other, known)
    found = signals(mine, theirs)
    same = mine.sketch.language == other.language
    fused = fuse(found, weights.same_language if same else weights.across_languages)
    score = scaled(fused, weights.join[_kind(mine, theirs)])
    if contradict(mine, theirs):
        found, score = found | {"contradictory": 1.0}, min(score, RULED_OUT)
    return Match(score, other, found)


def _kind(one: View, other: View) -> str:
    """The kind of pair, each with a threshold of its own."""
    if one.sketch.language != other.sketch.language:
        return "across"
    if one.sketch.language != "zh":
        return "en"
    return "zh_texts" if one.has_text and other.has_text else "zh"


def scaled(score: float, threshold: float) -> float:
    """A score moved so that the threshold comes to lie at 0.5: scores of different kinds of pairs can then be compared."""
    return score / threshold / 2 if score < threshold else 1 - (1 - score) / (1 - threshold) / 2


def fuse(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The signals as one score, 0 to 1."""
    total = weights.get("base", 0.0) + sum(weights.get(name, 0.0) * value for name, value in found.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, total))))

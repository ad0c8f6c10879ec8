"""Event type and certainty: what is done to what in the headline, then the words of each type, then how sure the text is."""

from __future__ import annotations

from typing import NamedTuple, cast

from pipeline.records import Certainty
from pipeline.tag.lexicon import Cue, Lexicon, Scan
from pipeline.tag.products import Found

_NOUNS = ("model", "product", "plan", "paper", "benchmark", "hardware", "dataset")
_TYPE_OF = {
    "product": "product_launch",
    "plan": "pricing_change",
    "paper": "research_paper",
    "benchmark": "benchmark",
    "hardware": "hardware_compute",
    "dataset": "open_source_release",
}
_RELEASES = ("model_release", "open_source_release", "model_update")
_BREAKS = "，,、；;：:。！!？?\n—|"
_HEADLINE = 6.0
"""How much the headline's own construction counts beside single words."""


class Kind(NamedTuple):
    """An event type with the words that show it and how much each type weighed."""

    type: str
    quote: str
    weights: dict[str, float]


def certainty(scan: Scan) -> tuple[Certainty, str]:
    """How sure the document is of what it says, and the words that show it. The headline decides before the text."""
    first_end = scan.sentence(scan.title_end + 1)[1]
    title = [c for c in scan.cues if c.start < scan.title_end]
    lead = [c for c in scan.cues if c.start < first_end]
    for kind in ("denial", "rumour", "question", "retrospect", "forecast"):
        cue = next((c for c in title if c.group == kind), None)
        if cue or (kind == "question" and (cue := _question_mark(scan))):
            return cast(Certainty, kind), scan.text[cue.start : cue.end]
    if scan.text.startswith("传") and scan.title_end:
        return "rumour", "传"
    hearsay = next((c for c in lead if c.group == "hearsay"), None)
    for kind in ("rumour", "denial", "forecast"):
        cue = next((c for c in lead if c.group == kind), None)
        if cue and (kind != "forecast" or hearsay):
            return ("rumour" if kind == "forecast" else cast(Certainty, kind)), scan.text[cue.start : cue.end]
    return "fact", ""


def _question_mark(scan: Scan) -> Cue | None:
    for place in (scan.text.rfind("？", 0, scan.title_end), scan.text.rfind("?", 0, scan.title_end)):
        if place >= 0 and place >= scan.title_end - 1:
            return Cue(place, place + 1, "question")
    return None


def kind(scan: Scan, products: list[Found], lexicon: Lexicon, sure: Certainty) -> Kind:
    """The event type that weighs most; a release that has not happened is a rumour."""
    weights: dict[str, float] = {}
    quotes: dict[str, str] = {}
    for cue in scan.cues:
        role, _, type_ = cue.group.partition(":")
        if type_ and role in ("type", "strong", "not"):
            weight = _place(scan, cue) * (4.0 if role == "strong" else 1.0)
            if role == "not":
                weight = -2 * weight
            weights[type_] = weights.get(type_, 0.0) + weight
            if weight > 0:
                quotes.setdefault(type_, scan.text[cue.start : cue.end])
    for type_, weight, quote in _headline(scan, products, lexicon):
        weights[type_] = weights.get(type_, 0.0) + weight
        quotes[type_] = quote
    if not any(w > 0 for w in weights.values()):
        return Kind("product_launch", "", weights)
    best = max(weights, key=lambda t: weights[t] * lexicon.knowledge.event_types[t].weight)
    if best in _RELEASES and sure in ("rumour", "forecast", "question", "denial"):
        best = "rumor"
    return Kind(best, quotes.get(best, ""), weights)


def _place(scan: Scan, cue: Cue) -> float:
    if cue.start < scan.title_end:
        return 1.0
    return 0.4 if cue.start < scan.sentence(scan.title_end + 1)[1] else 0.15


def _headline(scan: Scan, products: list[Found], lexicon: Lexicon) -> list[tuple[str, float, str]]:
    """What the headline's construction says: the verb, and the noun that ends its object."""
    low, high = (0, scan.title_end) if scan.title_end else scan.sentence(0)
    verb = next(
        (c for c in scan.cues if low <= c.start < high and c.group in ("release", "open_source", "update")), None
    )
    if verb is None:
        return []
    end = min((i for mark in _BREAKS if (i := scan.text.find(mark, verb.end, high)) > 0), default=high)
    nouns = [c for c in scan.cues if c.group in _NOUNS and verb.end <= c.start and c.end <= end]
    objects = [p for p in products if verb.end <= p.start < end]
    quote = scan.text[verb.start : end].strip()
    head = max(nouns, key=lambda c: (c.end, c.end - c.start)).group if nouns else ""
    if head == "" and objects:
        id_ = objects[0].id
        head = "model" if (id_ in lexicon.models if id_ else objects[0].rule in ("shape", "version")) else "product"
    if head == "model":
        opened = any(c.group == "open_source" for c in scan.cues if c.start < scan.sentence(scan.title_end + 1)[1])
        type_ = "open_source_release" if opened else "model_update" if verb.group == "update" else "model_release"
        return [(type_, _HEADLINE, quote)]
    if head:
        return [(_TYPE_OF[head], _HEADLINE * (0.7 if verb.group == "update" else 1.0), quote)]
    return [("product_launch", 1.0, quote)]

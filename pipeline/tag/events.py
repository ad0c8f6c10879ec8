"""Event type and certainty: what the headline does to what, the words of each type, and how sure the text is."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.records import Certainty
from pipeline.tag.lexicon import Cue, Lexicon, Scan
from pipeline.tag.products import Found
from pipeline.tag.version import parse

_NOUNS = ("model", "product", "plan", "paper", "benchmark", "hardware", "dataset")
_TYPE_OF = {
    "product": "product_launch",
    "plan": "pricing_change",
    "paper": "research_paper",
    "benchmark": "benchmark",
    "hardware": "hardware_compute",
    "dataset": "research_paper",
}
_RELEASES = ("model_release", "open_source_release", "model_update")
_VERBS = ("release", "open_source", "update", "extend")
_CUTTERS = ("act", "extend", "release", "update", "open_source")
_NOTHING = re.compile(
    r"[\s\"“”’'》）)+]*(?:系列|家族|版|预览版|正式版|等|了|全系|服务|API|[（(][^）)]*[）)]"
    r"|[\w.]+ (?:版|版本))?[\s.!]*"
    r"|[\s,]*(?:for|with|to|in|on|that|which|from|at|by|under|and|is|are|has|,|-|–)\b.*",
    re.DOTALL,
)
_BREAKS = "，,、；;：:。！!？?\n—|"
_DOUBTS: tuple[Certainty, ...] = ("denial", "rumour", "question", "retrospect", "forecast")
_DOUBTS_OF_TEXT: tuple[Certainty, ...] = ("rumour", "denial", "forecast")
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
    for kind in _DOUBTS:
        cue = next((c for c in title if c.group == kind), None)
        if cue or (kind == "question" and (cue := _question_mark(scan))):
            return kind, scan.text[cue.start : cue.end]
    if scan.text.startswith("传") and scan.title_end:
        return "rumour", "传"
    hearsay = next((c for c in lead if c.group == "hearsay"), None)
    for kind in _DOUBTS_OF_TEXT:
        cue = next((c for c in lead if c.group == kind), None)
        if cue and (kind != "forecast" or hearsay):
            return ("rumour" if kind == "forecast" else kind), scan.text[cue.start : cue.end]
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
    best = max(weights, key=lambda t: weights[t] * lexicon.type_weights.get(t, 1.0))
    if best in _RELEASES and sure in ("rumour", "forecast", "question", "denial"):
        best = "rumor"
    return Kind(best, quotes.get(best, ""), weights)


def _place(scan: Scan, cue: Cue) -> float:
    if cue.start < scan.title_end:
        return 1.0
    return 0.4 if cue.start < scan.sentence(scan.title_end + 1)[1] else 0.15


def _headline(scan: Scan, products: list[Found], lexicon: Lexicon) -> list[tuple[str, float, str]]:
    """What the headline's construction says, or where it does not tell, the first sentence's."""
    lead = scan.sentence(scan.title_end + 1)
    read = _deed(scan, products, lexicon, 0, scan.title_end) if scan.title_end else None
    weight = _HEADLINE
    if read is None or not read.noun:
        again = _deed(scan, products, lexicon, *lead)
        if read and read.head and not (again and _overrules(scan, again, lead)):
            again = read
        if again is None or (read and not again.head):
            return [("product_launch", 1.0, read.quote)] if read else []
        if read is None:
            weight *= 0.4 if again.group == "extend" else 0.7
        read = again._replace(quote=read.quote if read else again.quote, group=read.group if read else again.group)
    if read.head != "model":
        return [
            (
                _TYPE_OF.get(read.head, "product_launch"),
                weight * (0.7 if read.group in ("update", "extend") else 1.0),
                read.quote,
            )
        ]
    if read.group == "extend":
        return [("product_launch", weight, read.quote)]
    opened = any(c.group == "open_source" for c in scan.cues if c.start < lead[1])
    type_ = "open_source_release" if opened else "model_update" if read.group == "update" else "model_release"
    return [(type_, weight, read.quote)]


def _overrules(scan: Scan, lead: _Deed, span: tuple[int, int]) -> bool:
    """Whether the first sentence says what a product is, against what we know of its family."""
    spoken = any(c.group == "model" and span[0] <= c.start < span[1] for c in scan.cues)
    return lead.noun and (lead.head == "model" or (lead.head == "product" and not spoken))


class _Deed(NamedTuple):
    """A verb that announces, the kind of noun that it announces, and the words."""

    group: str
    head: str
    noun: bool
    """Whether a noun tells the head, and not only what is known of a product."""
    quote: str


def _deed(scan: Scan, products: list[Found], lexicon: Lexicon, low: int, high: int) -> _Deed | None:
    """What is done to what between two places."""
    cues = [c for c in scan.cues if low <= c.start and c.end <= high]
    verb = next((c for c in cues if c.group in _VERBS), None)
    if verb is None:
        return None
    verb = max((c for c in cues if c.group in _VERBS and c.start == verb.start), key=lambda c: c.end)
    start = verb.end
    end = min((i for mark in _BREAKS if (i := scan.text.find(mark, start, high)) >= 0), default=high)
    following = (c.start for c in cues if _cuts(scan, c, start))
    end = min(end, next(following, end))
    if not scan.text[start:end].strip(' 了：:"“”'):
        start, end = low, verb.start
    quote = scan.text[min(start, verb.start) : max(end, verb.end)].strip()
    head, noun = _head(scan, products, lexicon, start, end)
    return _Deed(verb.group, head, noun, quote)


def _cuts(scan: Scan, cue: Cue, start: int) -> bool:
    """Whether a later verb ends the object of the one before `start`. Single characters stand inside too many words."""
    return cue.group in _CUTTERS and cue.start > start + 2 and cue.end - cue.start > 1 and not _modifies(scan, cue)


def _modifies(scan: Scan, cue: Cue) -> bool:
    """Whether a verb stands inside a noun phrase: `开源模型`, `支持中文的模型`."""
    return cue.group == "open_source" or "的" in scan.text[cue.end : cue.end + 12]


def _head(scan: Scan, products: list[Found], lexicon: Lexicon, start: int, end: int) -> tuple[str, bool]:
    """The kind of thing that a noun phrase ends in, and whether a noun says so rather than what we know of a product."""
    nouns = [c for c in scan.cues if c.group in _NOUNS and start <= c.start and c.end <= end]
    named = [p for p in products if start <= p.start and p.end <= end]
    joined = next((c for c in nouns if scan.text[c.end : c.end + 1] in ("及", "、", "含", "并")), None)
    if joined:
        return joined.group, True
    last = max(nouns, key=lambda c: (c.end, c.end - c.start), default=None)
    if named and (last is None or named[-1].start >= last.start) and _ends(scan, named[-1].end, end):
        known = named[-1].id
        if last and 0 <= named[-1].start - last.end <= 1 and named[-1].rule != "version":
            return last.group, True
        if known:
            return "model" if known in lexicon.models else "product", False
        if last is None:
            shaped = named[-1].rule in ("shape", "version") and _looks_sized(scan, named[-1])
            return "model" if shaped else "", False
    if last is None or not (_ends(scan, last.end, end) or any(n.start >= last.end for n in named)):
        return "", False
    return last.group, True


def _looks_sized(scan: Scan, product: Found) -> bool:
    named = parse(scan.text[product.start : product.end])
    return bool(named.version or named.size or named.variant)


def _ends(scan: Scan, here: int, end: int) -> bool:
    """Whether nothing of weight follows up to the end of a phrase: at most `for`, `with`, `to` in English."""
    return bool(_NOTHING.fullmatch(scan.text, here, end))

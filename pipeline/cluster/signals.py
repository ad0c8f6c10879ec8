"""How alike two documents are, as named signals between 0 and 1; the weights that fuse them are learned."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from math import exp, sqrt

from pipeline.cluster.vocabulary import Vocabulary
from pipeline.records import Sketch

TELLING = 0.55
"""Words from this weight on are rare enough to count as shared evidence by themselves."""

STEPS = frozenset({"pricing_change", "incident", "acquisition", "earnings_disclosure"})
"""Types of event that follow a release and are not part of it."""

MORE_THAN_A_HEADLINE = 16
"""Words beside the headline from which a document counts as having a text."""

UNDATED = 2.0
"""Days at most between two documents of which one bears no date: it may have been seen late."""

FAR = 7.0
"""Days after which more distance says nothing more."""

_NAME_AND_VERSION = re.compile(r"^(\D{2,}?) ?(\d{1,2}(?:\.\d+)*)(?![\d.]*[bk])")

Signals = dict[str, float]


class View:
    """A sketch laid out for comparison: its words with their weights, its names and its versions."""

    def __init__(self, sketch: Sketch, known: Vocabulary) -> None:
        self.sketch = sketch
        self.head = {word: known.weight(word) for word in sketch.terms}
        self.every = self.head | {word: known.weight(word) for word in sketch.lead}
        self.acts = known.acts & set(sketch.terms)
        self.between = known.between & self.acts
        self.who = set(sketch.who)
        self.parties = {word for word in sketch.who if word.startswith("c:")}
        self.main = sketch.companies[0] if sketch.companies else None
        self.rarity = known.weight(f"c:{self.main}") if self.main else 0.0
        self.companies = set(sketch.companies)
        self.products = set(sketch.products)

    @cached_property
    def versions(self) -> set[tuple[str, str]]:
        """The products that the headline names with a version: {("gpt", "4.5")}."""
        parted = (_NAME_AND_VERSION.match(name) for name in self.sketch.names)
        return {(found[1], found[2]) for found in parted if found}

    @cached_property
    def what(self) -> dict[str, float]:
        """The headline without who it is about: what happened."""
        return {word: weight for word, weight in self.head.items() if word not in self.who}

    @cached_property
    def named(self) -> dict[str, float]:
        """The headline's companies and products."""
        return {word: weight for word, weight in self.head.items() if word in self.who}

    @property
    def has_text(self) -> bool:
        """Whether there is more than a headline."""
        return len(self.sketch.lead) >= MORE_THAN_A_HEADLINE

    @cached_property
    def bridged_terms(self) -> dict[str, float]:
        """The headline's terms, numbers, companies and products."""
        return {word: weight for word, weight in self.head.items() if _is_bridge(word)}

    @cached_property
    def bridged(self) -> dict[str, float]:
        """The headline's words that may stand in a text of another language: names, numbers and terms."""
        return {word: weight for word, weight in self.head.items() if word.isascii()}


def signals(one: View, other: View) -> Signals:
    """The signals of two documents; the same whichever comes first."""
    found = _entities(one, other) | _circumstances(one, other)
    if one.sketch.language == other.sketch.language:
        return found | _same_language(one, other) | _two_texts(one, other)
    return found | _across(one, other)


def _same_language(one: View, other: View) -> Signals:
    return {
        "words": cosine(one.every, other.every),
        "covered": max(_cover(one.head, other.every), _cover(other.head, one.every)),
        "what": max(_cover(one.what, other.every), _cover(other.what, one.every)),
        "rare_words": _shared(one.what, other.every, other.what, one.every),
        "least": min(_cover(one.what, other.every), _cover(other.what, one.every)),
        "heads": cosine(one.what, other.what),
        "unmet": min(_unmet(one, other), _unmet(other, one)),
        "same_act": float(bool(one.acts & other.acts)),
        "other_act": float(bool(one.acts.difference(other.every) and other.acts.difference(one.every))),
        "english": float(one.sketch.language != "zh"),
    }


def _two_texts(one: View, other: View) -> Signals:
    """Likeness that says more where both documents have a text."""
    if not (one.has_text and other.has_text):
        return {"text_words": 0.0, "text_details": 0.0}
    return {"text_words": cosine(one.every, other.every), "text_details": _details(one, other)}


def _across(one: View, other: View) -> Signals:
    """What a Chinese and an English text can share: the Chinese one's Latin words, numbers, names, and terms of both."""
    if one.sketch.language != "zh":
        one, other = other, one
    return {
        "names": _cover(one.bridged, other.every),
        "terms": _cover(other.bridged_terms, one.every),
        "what": _cover({w: x for w, x in one.bridged.items() if w not in one.who}, other.every),
        "what_terms": _cover({w: x for w, x in other.bridged_terms.items() if w not in other.who}, one.every),
        "unmet": _evidence((w, x) for w, x in one.bridged.items() if w not in one.who and w not in other.every),
        "unmet_terms": _evidence(
            (w, x) for w, x in other.bridged_terms.items() if w not in other.who and w not in one.every
        ),
        "words": cosine(
            {w: x for w, x in one.every.items() if w.isascii()},
            {w: x for w, x in other.every.items() if w in one.every or _is_bridge(w)},
        ),
        "rare_words": _shared(
            {w: x for w, x in one.bridged.items() if w not in one.who}, other.every, other.what, one.every
        ),
    }


def _is_bridge(word: str) -> bool:
    """Whether a word means the same in every language: a term, a number, a company, a product."""
    return word[0] in "~#" or word[:2] in ("c:", "p:")


def _entities(one: View, other: View) -> Signals:
    named = bool(one.companies and other.companies)
    main = named and one.main == other.main
    made = bool(one.products and other.products)
    return {
        "actor": float(main),
        "rare_actor": one.rarity if main else 0.0,
        "other_company": float(named and not one.companies & other.companies),
        "other_product": float(made and not one.products & other.products),
        "name": float(_same_name(one, other)),
        "other_name": float(_other_names(one, other)),
        "rare_names": _shared(one.named, other.every, other.named, one.every),
        "texts": float(one.has_text and other.has_text),
    }


def _same_name(one: View, other: View) -> bool:
    """Whether both headlines name one product or model in full."""
    return any(_is_same(a, b) for a in one.sketch.names for b in other.sketch.names)


def _other_names(one: View, other: View) -> bool:
    """Whether each headline names products, and none of them is the other's."""
    return bool(one.sketch.names and other.sketch.names) and not _same_name(one, other)


def _is_same(one: str, other: str) -> bool:
    one, other = one.replace(" ", ""), other.replace(" ", "")
    return one == other or (min(len(one), len(other)) >= 5 and (one.startswith(other) or other.startswith(one)))


def _circumstances(one: View, other: View) -> Signals:
    days = days_between(one.sketch, other.sketch)
    return {
        "details": _details(one, other),
        "type": float(one.sketch.event_type == other.sketch.event_type),
        "other_step": float(_is_other_step(one, other)),
        "numbers": 1 - exp(-len(set(one.sketch.numbers) & set(other.sketch.numbers))),
        "days": min(days, FAR) / FAR,
    }


def days_between(one: Sketch, other: Sketch) -> float:
    """How many days lie between two documents, as far as their dates tell."""
    days = abs((one.when - other.when).total_seconds()) / 86400
    return days if one.is_dated and other.is_dated else min(days, UNDATED)


def _details(one: View, other: View) -> float:
    """How much rare evidence two whole texts share, saturating at 1."""
    return 1 - exp(-sum(x - TELLING for w, x in one.every.items() if x > TELLING and w in other.every) / 3)


def _is_other_step(one: View, other: View) -> bool:
    """Whether only one of them tells of a step that has its own day: a new price, an outage, a purchase."""
    types = {one.sketch.event_type, other.sketch.event_type}
    return len(types) == 2 and bool(types & STEPS)


def contradict(one: View, other: View) -> bool:
    """Whether the headlines exclude that both tell of one happening."""
    return _other_versions(one, other) or _other_party(one, other) or _reacts(one, other) or _reacts(other, one)


def _other_versions(one: View, other: View) -> bool:
    """Whether the headlines name versions that exclude each other: GPT-4.5 and GPT-5, a Transcribe-1 and a Voice-1."""
    both = bool(one.versions and other.versions)
    return both and not one.versions & other.versions and not _same_name(one, other)


def _other_party(one: View, other: View) -> bool:
    """Whether one company deals with different ones: talks with Google, and talks with Baidu."""
    same = bool(one.between & other.between and one.parties & other.parties)
    return same and bool(one.parties - other.parties and other.parties - one.parties)


def _reacts(one: View, other: View) -> bool:
    """Whether one tells of an outage, a new price or a share's rise of which the other knows nothing."""
    is_step = one.sketch.event_type in STEPS and other.sketch.event_type not in STEPS
    return is_step and bool(one.acts) and not one.acts & set(other.every)


def cosine(one: dict[str, float], other: dict[str, float]) -> float:
    """The cosine of two sets of weighted words, 0 to 1."""
    shared = sum(weight * weight for word, weight in one.items() if word in other)
    size = sqrt(_square(one.values()) * _square(other.values()))
    return shared / size if size else 0.0


def _square(weights: Iterable[float]) -> float:
    return sum(w * w for w in weights)


def _cover(words: dict[str, float], text: dict[str, float]) -> float:
    """The share of a headline's weight that another text holds."""
    whole = sum(words.values())
    return sum(w for word, w in words.items() if word in text) / whole if whole else 0.0


def _unmet(one: View, other: View) -> float:
    """How much rare evidence one headline holds in Latin words and numbers that the other text does not know."""
    return _evidence((w, x) for w, x in one.what.items() if w.isascii() and w not in other.every)


def _evidence(words: Iterable[tuple[str, float]]) -> float:
    """How much rare words weigh together, saturating at 1."""
    return 1 - exp(-sum(weight - TELLING for _, weight in words if weight > TELLING))


def _shared(
    head: dict[str, float], text: dict[str, float], other_head: dict[str, float], other_text: dict[str, float]
) -> float:
    """How much rare evidence the headline of one shares with the text of the other, saturating at 1."""
    found = {w: x for w, x in head.items() if w in text} | {w: x for w, x in other_head.items() if w in other_text}
    return 1 - exp(-sum(x - TELLING for x in found.values() if x > TELLING))

"""How alike two documents are, as named signals between 0 and 1; the weights that fuse them are learned."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import cached_property
from math import exp, fsum, sqrt

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
Words = dict[str, float]
"""Words with how telling each is, 0 to 1."""


class View:
    """A sketch laid out for comparison: its words with their weights, its names and its versions."""

    def __init__(self, sketch: Sketch, known: Vocabulary) -> None:
        self.sketch = sketch
        self.head = known.weighed(sketch.terms)
        self.every = self.head | known.weighed(sketch.lead)
        self.acts = known.acts.intersection(sketch.terms)
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
    def names(self) -> list[str]:
        """The products that the headline names, without spaces."""
        return [name.replace(" ", "") for name in self.sketch.names]

    @cached_property
    def made(self) -> set[str]:
        """The rare products of the headline."""
        return {word for word in self.named if word.startswith("p:") and self.head[word] >= TELLING}

    @property
    def has_text(self) -> bool:
        """Whether there is more than a headline."""
        return len(self.sketch.lead) >= MORE_THAN_A_HEADLINE

    @cached_property
    def what(self) -> dict[str, float]:
        """The headline without who it is about: what happened."""
        return {word: weight for word, weight in self.head.items() if word not in self.who}

    @cached_property
    def named(self) -> set[str]:
        """The headline's companies and products."""
        return self.who & self.head.keys()

    @cached_property
    def bridged_terms(self) -> dict[str, float]:
        """The headline's terms, numbers, companies and products."""
        return {word: weight for word, weight in self.head.items() if _is_bridge(word)}

    @cached_property
    def bridged(self) -> dict[str, float]:
        """The headline's words that may stand in a text of another language: names, numbers and terms."""
        return {word: weight for word, weight in self.head.items() if word.isascii()}

    @cached_property
    def what_bridged(self) -> dict[str, float]:
        """What happened, in words that may stand in a text of another language."""
        return {word: weight for word, weight in self.bridged.items() if word not in self.who}

    @cached_property
    def what_terms(self) -> dict[str, float]:
        """What happened, in terms and numbers."""
        return {word: weight for word, weight in self.bridged_terms.items() if word not in self.who}

    @cached_property
    def size(self) -> float:
        """The length of the vector of all its words."""
        return _square(self.every.values())

    @cached_property
    def what_size(self) -> float:
        """The length of the vector of what happened."""
        return _square(self.what.values())

    @cached_property
    def latin_size(self) -> float:
        """The length of the vector of its words that may stand in a text of another language."""
        return _square(weight for word, weight in self.every.items() if word.isascii())

    @cached_property
    def bridge_size(self) -> float:
        """The length of the vector of its words that mean the same in every language."""
        return _square(weight for word, weight in self.every.items() if _is_bridge(word))


def signals(one: View, other: View) -> Signals:
    """The signals of two documents; the same whichever comes first."""
    met = {word: one.every[word] for word in one.every.keys() & other.every.keys()}
    found = _entities(one, other, met) | _circumstances(one, other, met)
    if one.sketch.language == other.sketch.language:
        return found | _same_language(one, other, met)
    return found | (_across(one, other, met) if one.sketch.language == "zh" else _across(other, one, met))


def _same_language(one: View, other: View, met: Words) -> Signals:
    """What two documents of one language share; `met` are the words that stand in both."""
    covers = _cover(one.what, met), _cover(other.what, met)
    words = _cosine(met, one.size, other.size)
    have_texts = one.has_text and other.has_text
    return {
        "words": words,
        "covered": max(_cover(one.head, met), _cover(other.head, met)),
        "what": max(covers),
        "rare_words": _rare(met, one.what, other.what),
        "least": min(covers),
        "heads": _cosine(
            {w: x for w, x in met.items() if w in one.what and w in other.what}, one.what_size, other.what_size
        ),
        "unmet": min(_unmet(one.what_bridged, met), _unmet(other.what_bridged, met)),
        "same_act": float(bool(one.acts & other.acts)),
        "other_act": float(bool(one.acts.difference(met) and other.acts.difference(met))),
        "english": float(one.sketch.language != "zh"),
        "text_words": words if have_texts else 0.0,
        "text_details": _details(met) if have_texts else 0.0,
    }


def _across(chinese: View, other: View, met: Words) -> Signals:
    """What a Chinese and an English text can share: the Chinese one's Latin words, numbers, names, and terms of both."""
    latin = {w: x for w, x in met.items() if w.isascii()}
    size = other.bridge_size + _square(x for w, x in met.items() if not _is_bridge(w))
    return {
        "names": _cover(chinese.bridged, met),
        "terms": _cover(other.bridged_terms, met),
        "what": _cover(chinese.what_bridged, met),
        "what_terms": _cover(other.what_terms, met),
        "unmet": _unmet(chinese.what_bridged, met),
        "unmet_terms": _unmet(other.what_terms, met),
        "words": _cosine(latin, chinese.latin_size, size),
        "rare_words": _rare(met, chinese.what_bridged, other.what),
    }


def _is_bridge(word: str) -> bool:
    """Whether a word means the same in every language: a term, a number, a company, a product."""
    return word[0] in "~#" or word[:2] in ("c:", "p:")


def _entities(one: View, other: View, met: Words) -> Signals:
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
        "rare_names": _rare(met, one.named, other.named),
        "texts": float(one.has_text and other.has_text),
    }


def _same_name(one: View, other: View) -> bool:
    """Whether both headlines name one product or model in full."""
    return any(_is_same(a, b) for a in one.names for b in other.names)


def _other_names(one: View, other: View) -> bool:
    """Whether each headline names products, none of them is the other's, and neither text is about the other's."""
    both = bool(one.names and other.names) and not _same_name(one, other)
    return both and not (one.made & other.every.keys() or other.made & one.every.keys())


def _is_same(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= 5 and (one.startswith(other) or other.startswith(one)))


def _circumstances(one: View, other: View, met: Words) -> Signals:
    days = days_between(one.sketch, other.sketch)
    return {
        "details": _details(met),
        "type": float(bool(one.sketch.event_type) and one.sketch.event_type == other.sketch.event_type),
        "other_step": float(_is_other_step(one, other)),
        "numbers": 1 - exp(-len(set(one.sketch.numbers) & set(other.sketch.numbers))),
        "days": min(days, FAR) / FAR,
    }


def days_between(one: Sketch, other: Sketch) -> float:
    """How many days lie between two documents, as far as their dates tell."""
    days = abs((one.when - other.when).total_seconds()) / 86400
    return days if one.is_dated and other.is_dated else min(days, UNDATED)


def _details(met: Words) -> float:
    """How much rare evidence two whole texts share, saturating at 1."""
    return 1 - exp(-fsum(x - TELLING for x in met.values() if x > TELLING) / 3)


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
    return is_step and bool(one.acts) and not one.acts & other.every.keys()


def cosine(one: Words, other: Words) -> float:
    """The cosine of two sets of weighted words, 0 to 1."""
    met = {word: weight for word, weight in one.items() if word in other}
    return _cosine(met, _square(one.values()), _square(other.values()))


def _cosine(met: Words, square: float, other_square: float) -> float:
    """The cosine of two sets of words, by those in both and the square of each one's length."""
    size = sqrt(square * other_square)
    return _square(met.values()) / size if size else 0.0


def _square(weights: Iterable[float]) -> float:
    return fsum(w * w for w in weights)


def _cover(words: Words, met: Words) -> float:
    """The share of a headline's weight that another text holds too."""
    whole = fsum(words.values())
    return fsum(w for word, w in words.items() if word in met) / whole if whole else 0.0


def _unmet(words: Words, met: Words) -> float:
    """How much rare evidence a headline holds that the other text does not know, saturating at 1."""
    return 1 - exp(-fsum(x - TELLING for word, x in words.items() if x > TELLING and word not in met))


def _rare(met: Words, one: Container[str], other: Container[str]) -> float:
    """How much rare evidence is shared that stands in a headline's part of one of the two, saturating at 1."""
    return 1 - exp(-fsum(x - TELLING for w, x in met.items() if x > TELLING and (w in one or w in other)))

"""What clustering remembers of a document, and the few selective keys under which a store finds it again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from itertools import combinations

from knowledge.index import KnowledgeBase
from pipeline.cluster.vocabulary import Vocabulary, vocabulary
from pipeline.cluster.words import headline, words
from pipeline.records import Document, Fact, Placement, Sketch, Tags
from pipeline.text import fold

KEYS = 24
"""Keys a sketch is found under; more cost the store time and bring few events that the first ones miss."""

LEAD = 420
"""Characters of text that count beside the headline: what an event is stands there."""

LEAD_WORDS = 64
"""Words of the lead that are kept, the most telling ones."""

OTHERS = 3
"""Documents kept beside the founding one; later ones say little that these do not."""

SELECTIVE = 0.6
"""Words under this weight find too many events to be keys."""

BRIDGE = 0.35
"""Terms and numbers under this weight say too little even beside a company."""

PAIRED = 3
"""Terms and numbers of a headline that are keys two by two: a Chinese headline without a name meets an English one so."""

_DIGIT = re.compile(r"\d")
_NOT_IN_A_NAME = re.compile(r"[^0-9a-z\u3400-\u9fff.+]+")


def sketch(document: Document, tags: Tags, facts: tuple[Fact, ...], knowledge: KnowledgeBase) -> Sketch:
    """The sketch of a document, as of the event that it would found."""
    known = vocabulary(knowledge)
    title = headline(document.title, document.text)
    lead_text = f"{document.title}\n{document.text[:LEAD]}"
    terms = tokens_of(title, tags, known)
    lead = [w for w in tokens_of(lead_text, tags, known) if w not in set(terms)]
    made = Sketch(
        event_id=event_id(document.id),
        document_id=document.id,
        when=document.when,
        is_dated=document.published_precision != "unknown",
        language=document.language,
        title=title,
        companies=tuple(c.id for c in sorted(tags.companies, key=lambda c: (-c.relevance, c.id)))[:6],
        products=tuple(dict.fromkeys(p.id or p.family or p.name for p in tags.products))[:8],
        event_type=tags.event_type if tags.event_type_quote else "",
        certainty=tags.certainty,
        numbers=tuple(dict.fromkeys(f"{f.kind}:{f.value}:{f.unit}" for f in facts if not f.comparison))[:12],
        terms=tuple(terms),
        lead=tuple(sorted(lead, key=lambda w: (-known.weight(w), w))[:LEAD_WORDS]),
        who=_who(title, tags),
        names=_names(title, tags),
    )
    return made.model_copy(update={"keys": _keys(made, known)})


def remember(sketch: Sketch, placement: Placement, founding: Sketch | None) -> Sketch:
    """What to keep for the event that a document was placed in: its founding sketch, with the first few that joined."""
    if founding is None or placement.new:
        return sketch.model_copy(update={"event_id": placement.event_id})
    known = {founding.document_id, *(other.document_id for other in founding.others)}
    if sketch.document_id in known or len(founding.others) >= OTHERS:
        return founding
    joined = sketch.model_copy(update={"event_id": founding.event_id, "keys": (), "others": ()})
    keys = tuple(dict.fromkeys([*founding.keys, *sketch.keys]))[: 2 * KEYS]
    return founding.model_copy(update={"others": (*founding.others, joined), "keys": keys})


def event_id(document_id: str) -> str:
    """`e` and 16 hex digits of the founding document's id."""
    return "e" + hashlib.blake2b(document_id.encode(), digest_size=8).hexdigest()


def tokens_of(text: str, tags: Tags, known: Vocabulary) -> list[str]:
    """The words and terms of a text, with companies (`c:openai`) and products (`p:sora`) by id.

    Chinese names give way to their id, as their pairs of characters would run into the words beside them.
    """
    ids = _ids(text, tags)
    for name in sorted((n for n in ids if not n.isascii() and not _DIGIT.search(n)), key=len, reverse=True):
        text = text.replace(name, " ")
    return list(dict.fromkeys([*known.cut(text), *ids.values()]))


def _ids(text: str, tags: Tags) -> dict[str, str]:
    """The names that a text holds, each with the id of what it names."""
    products = {tag.name: f"p:{tag.family or tag.id or squash(tag.name)}" for tag in tags.products if tag.name in text}
    return {tag.quote: f"c:{tag.id}" for tag in tags.companies if tag.quote and tag.quote in text} | products


def _who(title: str, tags: Tags) -> tuple[str, ...]:
    """Ids of what a headline is about, and the words of their names; of a name with a version only its first word."""
    found: list[str] = []
    for name, id_ in _ids(title, tags).items():
        parts = words(name)
        found += [id_, *(parts[:1] if _DIGIT.search(name) else parts)]
    return tuple(dict.fromkeys(found))


def _names(title: str, tags: Tags) -> tuple[str, ...]:
    """The products that a headline names; of one maker's only those with a version, where it gives any."""
    named = [tag for tag in tags.products if tag.name in title]
    versioned = {tag.company for tag in named if tag.version}
    return tuple(
        dict.fromkeys(_spaced(t.name) for t in named if t.version or t.company is None or t.company not in versioned)
    )[:6]


def _spaced(name: str) -> str:
    return _NOT_IN_A_NAME.sub(" ", fold(name)).strip(" .")


def squash(name: str) -> str:
    """A name's letters and digits, folded."""
    return _NOT_IN_A_NAME.sub("", fold(name)).strip(".")


def _keys(sketch: Sketch, known: Vocabulary) -> tuple[str, ...]:
    """Full names, the most telling words, and what the main companies did: `c:openai ~funding` is rare where neither is."""
    names = [f"n:{name.replace(' ', '')}" for name in sketch.names[:4]]
    telling = _telling(sketch.terms, known)
    wider = [w for w in _telling(sketch.lead, known) if w.isascii()]
    ids = [w for w in (*telling, *wider) if w[:2] in ("c:", "p:")]
    bridges = [w for w in (*sketch.terms, *sketch.lead) if w[0] in "~#" and known.weight(w) >= BRIDGE]
    bridges.sort(key=lambda w: -known.weight(w))
    acts = [f"c:{company} {word}" for company in sketch.companies[:2] for word in bridges[:4]]
    pairs = [" ".join(sorted(pair)) for pair in combinations(bridges[:PAIRED], 2)]
    found = [*names, *ids[:5], *telling[:9], *acts, *pairs, *wider, *telling[9:]]
    return tuple(dict.fromkeys(found))[:KEYS]


def _telling(words: Iterable[str], known: Vocabulary) -> list[str]:
    """The words that find few events, the rarest first."""
    return sorted((w for w in words if known.weight(w) >= SELECTIVE), key=lambda w: -known.weight(w))

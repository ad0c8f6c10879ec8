"""What clustering remembers of a document, and the few selective keys under which a store finds it again."""

from __future__ import annotations

import hashlib

from knowledge.index import KnowledgeBase
from pipeline.cluster.vocabulary import Vocabulary, vocabulary
from pipeline.cluster.words import headline
from pipeline.records import Document, Fact, ProductTag, Sketch, Tags

KEYS = 24
"""Keys a sketch is found under; more cost the store time and bring few events that the first ones miss."""

LEAD = 420
"""Characters of text that count beside the headline: what an event is stands there."""

LEAD_WORDS = 72
"""Words of the lead that are kept, the most telling ones."""


def sketch(document: Document, tags: Tags, facts: tuple[Fact, ...], knowledge: KnowledgeBase) -> Sketch:
    """The sketch of a document, as of the event that it would found."""
    known = vocabulary(knowledge)
    title = headline(document.title, document.text)
    terms = known.cut(title)
    lead = [w for w in known.cut(f"{document.title}\n{document.text[:LEAD]}") if w not in set(terms)]
    made = Sketch(
        event_id=event_id(document.id),
        document_id=document.id,
        when=document.when,
        language=document.language,
        title=title,
        companies=tuple(c.id for c in sorted(tags.companies, key=lambda c: -c.relevance))[:6],
        products=tuple(dict.fromkeys(_product(p) for p in tags.products))[:8],
        event_type=tags.event_type,
        certainty=tags.certainty,
        numbers=tuple(dict.fromkeys(f"{f.kind}:{f.value}:{f.unit}" for f in facts if not f.comparison))[:12],
        terms=tuple(terms),
        lead=tuple(sorted(lead, key=lambda w: -known.weight(w))[:LEAD_WORDS]),
    )
    return made.model_copy(update={"keys": _keys(made, known)})


def event_id(document_id: str) -> str:
    """`e` and 16 hex digits of the founding document's id."""
    return "e" + hashlib.blake2b(document_id.encode(), digest_size=8).hexdigest()


def _product(product: ProductTag) -> str:
    name = product.id or product.family or product.name.lower()
    return f"{name}:{product.version}" if product.version else name


def _keys(sketch: Sketch, known: Vocabulary) -> tuple[str, ...]:
    """Names first, then the most telling words of headline and lead."""
    named = [f"p:{p}" for p in sketch.products if known.weight(f"p:{p}") > 0.5]
    telling = sorted(sketch.terms, key=lambda w: -known.weight(w))
    wider = [w for w in sketch.lead if w.isascii() and known.weight(w) >= 0.8]
    return tuple(dict.fromkeys([*named[:4], *(f"w:{w}" for w in [*telling[:14], *wider])]))[:KEYS]

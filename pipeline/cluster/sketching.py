"""What clustering remembers of a document, and the few selective keys under which a store finds it again."""

from __future__ import annotations

import hashlib

from knowledge.index import KnowledgeBase
from pipeline.cluster.words import headline, words
from pipeline.records import Document, Fact, ProductTag, Sketch, Tags

KEYS = 24
"""Keys a sketch is found under; more cost the store time and bring no event that the first ones miss."""

LEAD = 300
"""Characters of text that count beside the headline."""


def sketch(document: Document, tags: Tags, facts: tuple[Fact, ...], knowledge: KnowledgeBase) -> Sketch:
    """The sketch of a document, as of the event that it would found."""
    title = headline(document.title, document.text)
    terms = tuple(dict.fromkeys(words(title)))
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
        terms=terms,
    )
    return made.model_copy(update={"keys": _keys(made)})


def event_id(document_id: str) -> str:
    """`e` and 16 hex digits of the founding document's id."""
    return "e" + hashlib.blake2b(document_id.encode(), digest_size=8).hexdigest()


def _product(product: ProductTag) -> str:
    name = product.id or product.family or product.name.lower()
    return f"{name}:{product.version}" if product.version else name


def _keys(sketch: Sketch) -> tuple[str, ...]:
    keys = [f"p:{p}" for p in sketch.products] + [f"n:{n}" for n in sketch.numbers]
    keys += [f"w:{t}" for t in sketch.terms]
    keys += [f"c:{c}" for c in sketch.companies[:2]]
    return tuple(dict.fromkeys(keys))[:KEYS]

"""explain: every tag of one document with the words that show it, the rule that found it and how much it weighed."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.lexicon import Lexicon
from pipeline.records import Document, Record
from pipeline.tag import certainty, events, products, tagging

RULES = {
    "name": "named in the text",
    "version": "known name with its version",
    "series": "series of the longer name",
    "shape": "new name, by its shape",
    "weak": "new name, weakly by its shape",
    "likeness": "only likened to it",
    "maker": "stands for its makers",
    "product": "maker of a product named",
    "instrument": "maker of a tool used",
    "venue": "owner of an app where others act",
    "security": "issuer of a share named",
    "person": "led by a person named",
    "group": "group of a unit named",
    "source": "owner of the source",
    "issuer": "reviewed issuer, named",
    "code": "code in the text",
    "moved": "share of what became of it",
    "list": "in a list of shares",
    "market words": "near words of the market",
    "model": "proposed by the language model",
}
"""What a tag's rule is called before a person."""


class Explanation(Record):
    """One line of `launchwatch tag --explain`."""

    tag: str
    """Kind and value: `company openai`, `event_type model_release`."""
    quote: str
    rule: str
    weight: float | None = None
    """Relevance 0-100 of a company or product, points of an event type; None where nothing is weighed."""


def explain(document: Document, lexicon: Lexicon) -> tuple[Explanation, ...]:
    """Why a document is tagged as it is, in the order of the answer; event types that lost stand behind the one that won."""
    return tuple(_lines(document, lexicon))


def _lines(document: Document, lexicon: Lexicon) -> Iterator[Explanation]:
    tags = tagging.tag(document, lexicon)
    yield Explanation(tag="relevant" if tags.relevant else "rejected", quote="", rule=tags.reason or "speaks of AI")
    for company in tags.companies:
        yield Explanation(
            tag=f"company {company.id} ({company.role})",
            quote=company.quote,
            rule=RULES.get(company.rule, company.rule),
            weight=company.relevance,
        )
    for product in tags.products:
        named = product.id or f"new, family {product.family}"
        version = f", version {product.version}" if product.version else ""
        yield Explanation(
            tag=f"product {product.name} ({named}{version})",
            quote=product.quote,
            rule=RULES.get(product.rule, product.rule),
            weight=product.relevance,
        )
    for security in tags.securities:
        yield Explanation(
            tag=f"security {security.id}", quote=security.quote, rule=RULES.get(security.rule, security.rule)
        )
    yield from _event(document, lexicon, tags.event_type)
    doubt = "words of doubt" if tags.certainty_quote else "no word of doubt"
    yield Explanation(tag=f"certainty {tags.certainty}", quote=tags.certainty_quote, rule=doubt)
    for way, ids in (("in", tags.modalities.input), ("out", tags.modalities.output)):
        for id_ in ids:
            quote, rule = _modality(document, lexicon, way, id_)
            yield Explanation(tag=f"modality {way} {id_}", quote=quote, rule=rule)
    if tags.layer:
        yield Explanation(tag=f"layer {tags.layer}", quote="", rule="kind of product and event")


def _event(document: Document, lexicon: Lexicon, chosen: str) -> Iterator[Explanation]:
    scan = lexicon.scan(document)
    kind = events.kind(scan, products.find(scan, lexicon), lexicon, certainty.find(scan)[0])
    points = round(kind.weights.get(chosen, 0.0), 2)
    unshown = "words in passing, too few to show" if points else "a default: no words show it"
    yield Explanation(
        tag=f"event_type {chosen}",
        quote=kind.quote,
        rule="headline and words" if kind.quote else unshown,
        weight=points,
    )
    for type_, weight in sorted(kind.weights.items(), key=lambda w: -w[1]):
        if type_ != chosen and weight > 0:
            cue = next(iter(scan.of(f"strong:{type_}", f"type:{type_}")), None)
            yield Explanation(
                tag=f"event_type {type_} (not chosen)",
                quote=scan.text[cue.start : cue.end] if cue else "",
                rule="words",
                weight=round(weight, 2),
            )


def _modality(document: Document, lexicon: Lexicon, way: str, id_: str) -> tuple[str, str]:
    scan = lexicon.scan(document)
    cue = next((c for c in scan.cues if c.group in (f"{way}:{id_}", f"modality:{id_}")), None)
    return (scan.text[cue.start : cue.end], "words") if cue else ("", "what is known of the product")

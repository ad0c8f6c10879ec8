"""tag: what one document is about. Names first, then who acts, then what kind of event, in which modalities, and whether it is AI."""

from __future__ import annotations

import re

from pipeline.records import CompanyTag, Document, Modalities, ProductTag, SecurityTag, Tags
from pipeline.tag.lexicon import Lexicon, Mention
from pipeline.text import fold

_AI = re.compile(
    r"(?<![a-z])(?:ai|llms?|gpt|agi|gpus?|agents?)(?![a-z])|人工智能|大模型|智能体|机器人|算力|language model|machine learning|neural"
)


def tag(document: Document, lexicon: Lexicon) -> Tags:
    """What a document says: companies (the actor first), products, modalities, event type, and whether it is AI at all."""
    text = f"{document.title}\n{document.text}"
    folded = fold(text)
    mentions = lexicon.find(text, folded)
    products = _products(text, mentions, lexicon)
    companies = _companies(text, len(document.title), mentions, products, lexicon, document.source_company)
    relevant = bool(companies or products or _AI.search(folded))
    return Tags(
        document_id=document.id,
        relevant=relevant,
        reason="" if relevant else "no name and no word of AI",
        companies=companies,
        products=products,
        securities=_securities(text, mentions),
        modalities=_modalities(folded, products, lexicon),
        event_type=_event_type(folded, len(document.title), lexicon),
    )


def _products(text: str, mentions: list[Mention], lexicon: Lexicon) -> tuple[ProductTag, ...]:
    found: dict[str, ProductTag] = {}
    for start, end, name in mentions:
        if name.kind == "product":
            product = lexicon.knowledge.products[name.id]
            written = text[start:end]
            found.setdefault(
                written,
                ProductTag(
                    name=written, id=name.id, family=name.id, company=product.company, quote=written, rule="name"
                ),
            )
    return tuple(found.values())


def _companies(
    text: str,
    title: int,
    mentions: list[Mention],
    products: tuple[ProductTag, ...],
    lexicon: Lexicon,
    source: str | None,
) -> tuple[CompanyTag, ...]:
    scores: dict[str, tuple[int, str]] = {}
    for start, end, name in mentions:
        company = lexicon.knowledge.products[name.id].company if name.kind == "product" else name.id
        if name.kind == "security":
            company = lexicon.knowledge.securities[name.id].company or ""
        if company not in lexicon.knowledge.companies:
            continue
        score = max(10, (95 if start <= title else 60) - min(30, start // 4) - (5 if name.kind != "company" else 0))
        score += 5 if company == source else 0
        scores[company] = max(scores.get(company, (0, "")), (score, text[start:end]), key=lambda s: s[0])
    ranked = sorted(scores.items(), key=lambda item: -item[1][0])
    return tuple(
        CompanyTag(id=id_, relevance=min(100, score), role="mentioned" if place else "actor", quote=quote, rule="name")
        for place, (id_, (score, quote)) in enumerate(ranked)
    )


def _securities(text: str, mentions: list[Mention]) -> tuple[SecurityTag, ...]:
    found = {n.id: SecurityTag(id=n.id, quote=text[s:e], rule="name") for s, e, n in mentions if n.kind == "security"}
    return tuple(found.values())


def _modalities(folded: str, products: tuple[ProductTag, ...], lexicon: Lexicon) -> Modalities:
    known = [lexicon.knowledge.products[p.id] for p in products if p.id]
    if known:
        return Modalities(input=known[0].modality_in, output=known[0].modality_out)
    words = [m.id for m in lexicon.knowledge.taxonomy.modalities if _count(folded, (*m.cues_zh, *m.cues_en))]
    return Modalities(output=tuple(words))


def _event_type(folded: str, title: int, lexicon: Lexicon) -> str:
    def weight(cues: tuple[str, ...]) -> int:
        return 3 * _count(folded[:title], cues) + _count(folded[title:], cues)

    types = lexicon.knowledge.taxonomy.event_types
    best = max(types, key=lambda t: weight((*t.cues_zh, *t.cues_en)) * t.weight)
    return best.id if weight((*best.cues_zh, *best.cues_en)) else "product_launch"


def _count(folded: str, cues: tuple[str, ...]) -> int:
    return sum(fold(cue) in folded for cue in cues)

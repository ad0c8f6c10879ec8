"""AI or not: general feeds carry much else. The headline decides; without it, the lead or enough words further on."""

from __future__ import annotations

from pipeline.lexicon import Lexicon, Scan
from pipeline.records import CompanyTag
from pipeline.tag.products import Found

OPENING = 300
"""So many characters open a text: what is said there of AI and a company of its headline is no passing word."""
ENOUGH = 3
"""So many words of AI make a text about AI, wherever they stand."""


def _names_somebody(scan: Scan, products: list[Found]) -> bool:
    """Whether the headline names a company, or what has the shape of a product."""
    named = [m.start for m in scan.mentions if m.name.company]
    named += [p.start for p in products if p.rule in ("shape", "version")]
    return any(start < scan.title_end for start in named)


def off_topic(scan: Scan, companies: tuple[CompanyTag, ...], products: list[Found], lexicon: Lexicon) -> str:
    """Why a document is not about AI, in words for a person; empty for one that is."""
    bylines = [(c.start, c.end) for c in scan.cues if c.group == "not_ai"]
    signs = [c.start for c in scan.cues if c.group == "ai" and not any(s <= c.start < e for s, e in bylines)]
    signs += [p.start for p in products if p.id and p.id not in lexicon.everyday]
    signs += [m.start for m in scan.mentions if m.name.company in lexicon.ai_makers]
    if any(s < scan.title_end for s in signs):
        return ""
    if any(c.group == "wrap" and c.start < scan.title_end for c in scan.cues):
        return "a market wrap: no AI in its headline"
    lead = scan.sentence(scan.title_end + 1)[1]
    if len(set(signs)) >= ENOUGH or any(s < lead for s in signs):
        return ""
    if _names_somebody(scan, products) and any(s < scan.title_end + OPENING for s in signs):
        return ""
    if signs:
        return "AI only in passing"
    return "no word of AI and no AI product" + (", though a company is named" if companies else "")

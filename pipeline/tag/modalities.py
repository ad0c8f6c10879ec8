"""Modalities in and out, and the layer of the framework: from product knowledge first, then from the words."""

from __future__ import annotations

from pipeline.records import Modalities, ProductTag
from pipeline.tag.lexicon import Lexicon, Scan

_BROAD = frozenset({"multimodal", "science", "virtual_human"})


def find(scan: Scan, products: tuple[ProductTag, ...], lexicon: Lexicon) -> Modalities:
    """What the document's own model or product takes in and gives out."""
    main = next((p for p in products if p.id), None)
    if main and main.id and main.relevance >= 50:
        row = lexicon.knowledge.products[main.id]
        if row.modality_out:
            return Modalities(input=row.modality_in, output=row.modality_out)
    return Modalities(input=_cued(scan, "in"), output=_cued(scan, "out") or _cued(scan, "modality"))


def layer(scan: Scan, event_type: str, products: tuple[ProductTag, ...], lexicon: Lexicon) -> str | None:
    """The box of the framework: large model, small model, application and content, or compute."""
    if event_type == "hardware_compute" or any(c.group == "hardware" for c in scan.cues if c.start < scan.title_end):
        return "compute"
    main = next((p for p in products if p.id), None)
    if main and main.id:
        kinds = lexicon.knowledge.products[main.id].kinds
        if {"slm", "on-device"} & set(kinds):
            return "small_model"
        return "large_model" if main.id in lexicon.models else "application_content"
    if any(c.group == "model" for c in scan.cues):
        return "large_model"
    return "application_content" if products else None


def _cued(scan: Scan, role: str) -> tuple[str, ...]:
    found = (c.group.partition(":") for c in scan.cues)
    return tuple(dict.fromkeys(id_ for head, _, id_ in found if head == role and id_ not in _BROAD))

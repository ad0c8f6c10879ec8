"""Modalities in and out, and the layer of the framework: from product knowledge first, then from the words."""

from __future__ import annotations

from knowledge.schema import Product
from pipeline.lexicon import Lexicon, Scan
from pipeline.records import Modalities, ProductTag

_BROAD = frozenset({"multimodal", "science", "virtual_human"})


def find(scan: Scan, products: tuple[ProductTag, ...], lexicon: Lexicon) -> Modalities:
    """What the document's main product takes in and gives out: what we know of it, narrowed by what the text says."""
    said_in, said_out = _cued(scan, "in"), _cued(scan, "out")
    if "code" in said_out and not {"image", "video", "audio"} & set(said_out) and not _together(scan, "text", "code"):
        said_out = tuple(m for m in said_out if m != "text")
    main = next((p for p in products[:3] if p.id and p.relevance >= 50), None)
    row = lexicon.knowledge.products[main.id] if main and main.id else None
    if row and row.modality_out:
        return Modalities(input=said_in or _spoken_text(scan), output=_narrowed(row, said_out))
    if said_out:
        return Modalities(input=said_in or ("text",), output=said_out)
    if said_in or any(c.group == "model" for c in scan.cues):
        return Modalities(input=tuple(dict.fromkeys(("text", *said_in))), output=("text",))
    return Modalities(output=_cued(scan, "modality"))


def _spoken_text(scan: Scan) -> tuple[str, ...]:
    """Text, where the words speak of it. What a product takes in today says nothing of what it took in then."""
    return ("text",) if "text" in _cued(scan, "modality") else ()


def _narrowed(row: Product, said: tuple[str, ...]) -> tuple[str, ...]:
    """A family gives out more than each of its members: what the text says of this one decides where both agree."""
    known = row.modality_out
    if "code" not in row.kinds and "text" in known and "code" not in said:
        known = tuple(m for m in known if m != "code")
    both = tuple(m for m in known if m in said)
    return _with_audio(both or known)


def _with_audio(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Music is heard: what gives out music gives out audio."""
    return (*ids, "audio") if "music" in ids and "audio" not in ids else ids


def _together(scan: Scan, one: str, other: str) -> bool:
    """Whether one phrase names both: `natural language and code`."""
    spans = {(c.start, c.end) for c in scan.cues if c.group == f"out:{one}"}
    return any((c.start, c.end) in spans for c in scan.cues if c.group == f"out:{other}")


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

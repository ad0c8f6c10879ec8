"""A digest as PDF: the page goes to a Typst template as JSON, never as source, and Chinese fonts are embedded."""

from __future__ import annotations

import json
from datetime import UTC
from functools import cache
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import typst

from pipeline.digest.blocks import Figure, Page, Table
from pipeline.digest.formats.charts import draw
from pipeline.digest.shape import Digest
from pipeline.records import Record
from pipeline.text import clean

FONT_PACKAGE = "manimgx_fonts_cjk"
FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimSun",
)


class FontsMissing(RuntimeError):
    """No Chinese font was found, so a PDF or a picture would show empty boxes."""

    def __init__(self) -> None:
        super().__init__(
            "no Chinese font was found for PDF and pictures: install the Python package manimgx-fonts-cjk, "
            "or a system font such as Noto Sans CJK (fonts-noto-cjk on Debian and Ubuntu)"
        )


class Fonts(Record):
    """Where fonts are, and the family to set text in."""

    family: str
    folder: str | None
    """A package's folder; without one the system's fonts are used."""


@cache
def find_fonts() -> Fonts:
    """The Chinese font to use: the installed package's, else one of the system's. Raises FontsMissing."""
    found = find_spec(FONT_PACKAGE)
    folder = str(Path(found.origin).parent) if found and found.origin else None
    if folder is not None:
        family = _first_family(
            typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
        )
        if family:
            return Fonts(family=family, folder=folder)
    family = _first_family(typst.Fonts(include_system_fonts=True, include_embedded_fonts=False))
    if family is None:
        raise FontsMissing
    return Fonts(family=family, folder=None)


def _first_family(fonts: typst.Fonts) -> str | None:
    held = set(fonts.families())
    return next((f for f in FAMILIES if f in held), None)


def render(digest: Digest, page: Page) -> bytes:
    """The page as a PDF file, dated as the digest is."""
    blocks = []
    for block in page.blocks:
        fields = block.model_dump()
        if isinstance(block, Figure):
            fields["drawing"] = draw(block, digest, page.language).model_dump()
        if isinstance(block, Table):
            fields.pop("anchors")
        blocks.append(fields)
    data = page.model_dump(exclude={"blocks"}) | {"blocks": blocks}
    return _compile("digest.typ", {"page": clean(json.dumps(data, ensure_ascii=False))}, "pdf", digest)


def picture(figure: Figure, digest: Digest, language: str) -> bytes:
    """A figure as a PNG, crisp in print, for Word."""
    return _compile("figure.typ", {"drawing": draw(figure, digest, language).model_dump_json()}, "png", digest)


def _compile(template: str, inputs: dict[str, str], kind: Literal["pdf", "png"], digest: Digest) -> bytes:
    fonts = find_fonts()
    with as_file(files("pipeline.digest").joinpath("templates")) as folder:
        return _typeset(folder / template, inputs, kind, digest, fonts)


def _typeset(
    template: Path, inputs: dict[str, str], kind: Literal["pdf", "png"], digest: Digest, fonts: Fonts
) -> bytes:
    made: bytes = typst.compile(
        str(template),
        root=str(template.parent),
        format=kind,
        ppi=220.0 if kind == "png" else 144.0,
        sys_inputs={**inputs, "family": fonts.family},
        font_paths=[fonts.folder] if fonts.folder else [],
        ignore_system_fonts=fonts.folder is not None,
        timestamp=int(digest.made_at.astimezone(UTC).timestamp()),
    )
    return made

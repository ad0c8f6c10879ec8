"""From a digest to a file's content, by format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.digest.blocks import Page
from pipeline.digest.edits import edited
from pipeline.digest.formats import markdown, pdf, plain, web, word
from pipeline.digest.layout import page
from pipeline.digest.shape import Digest

FORMATS = ("text", "md", "html", "json", "docx", "pdf")
LANGUAGES = ("zh", "en")
_RENDERERS: Mapping[str, Callable[[Digest, Page], str | bytes]] = {
    "text": plain.render,
    "md": markdown.render,
    "html": web.render,
    "docx": word.render,
    "pdf": pdf.render,
}


class UnknownFormat(ValueError):
    """A format or language that digests are not written in."""

    def __init__(self, wanted: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{wanted!r} is not one of {', '.join(known)}")


def render(digest: Digest, format: str = "text", language: str = "zh") -> str | bytes:
    """The digest as `text`, `md`, `html` or `json` (text), or as `docx` or `pdf` (bytes); in `zh` or `en`; with people's edits.

    The same digest gives the same bytes. Raises UnknownFormat; for Word and PDF without a Chinese font, FontsMissing.
    """
    if language not in LANGUAGES:
        raise UnknownFormat(language, LANGUAGES)
    if format not in FORMATS:
        raise UnknownFormat(format, FORMATS)
    digest = edited(digest)
    if format == "json":
        return digest.model_dump_json(indent=2) + "\n"
    return _RENDERERS[format](digest, page(digest, language))


def schema() -> dict[str, Any]:
    """The JSON Schema of a digest's `json` format, as published in docs/digest.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "digest.schema.json",
        **Digest.model_json_schema(mode="serialization"),
    }

"""From a digest to a file's content, by format."""

from __future__ import annotations

from pipeline.digest.formats import markdown, plain
from pipeline.digest.layout import page
from pipeline.digest.shape import Digest

FORMATS = ("text", "md", "json")
LANGUAGES = ("zh", "en")


class UnknownFormat(ValueError):
    """A format or language that digests are not written in."""

    def __init__(self, wanted: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{wanted!r} is not one of {', '.join(known)}")


def render(digest: Digest, format: str = "text", language: str = "zh") -> str | bytes:
    """The digest as `text`, `md`, `html` or `json` (text), or as `docx` or `pdf` (bytes); in `zh` or `en`.

    The same digest gives the same bytes. Raises UnknownFormat, and FontsMissing for charts and PDF without a Chinese font.
    """
    if language not in LANGUAGES:
        raise UnknownFormat(language, LANGUAGES)
    if format == "json":
        return digest.model_dump_json(indent=2) + "\n"
    if format == "text":
        return plain.render(digest, page(digest, language))
    if format == "md":
        return markdown.render(digest, page(digest, language))
    raise UnknownFormat(format, FORMATS)

"""The sample's documents and how each of its sources publishes them, read from sources.yaml and weeks/*.yaml."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from crawlers.sources import Source, load_sources

FOLDER = Path(__file__).parent
SOURCES = FOLDER / "sources.yaml"

Flag = Literal["off_topic", "syndicated", "reprint", "re_dated", "no_date", "rumour", "denial", "follow_up"]
"""What makes a document odd, as in real weeks: a copy, an old item under a new date, a rumour, a general item."""


class Row(BaseModel):
    """A row of the sample: frozen, and closed to fields it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SampleDocument(Row):
    """One article of the sample, in our own words, with the public page where its facts can be checked."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    source: str
    title: str
    paragraphs: tuple[str, ...]
    published: datetime | date | None = None
    """What the source says; a bare day where it gives no time."""
    language: Literal["zh", "en"]
    fact_url: str
    fact_url_exact: bool = True
    """False where `fact_url` is only the root of the place that published the fact."""
    event: str | None = None
    """The happening it reports, as a person reads it; None for items that are not about AI."""
    flags: tuple[Flag, ...] = ()
    copy_of: str | None = None
    """The document whose text this one repeats word for word."""

    @property
    def text(self) -> str:
        """The paragraphs, one a line."""
        return "\n".join(self.paragraphs)


class Serving(Row):
    """How the sample site renders one source."""

    format: Literal["rss", "atom", "json", "rdf", "listing"]
    charset: str = "utf-8"
    content: Literal["full", "summary"] = "summary"
    """Whether the feed has the whole text, or only its first paragraph."""
    links: Literal["absolute", "relative"] = "absolute"
    dates: Literal["zoned", "naive"] = "zoned"
    """`naive` writes local time of Asia/Shanghai without saying so."""


def load_documents() -> list[SampleDocument]:
    """Every document of the sample, in the order of the files; a copy has the paragraphs of what it repeats.

    Raises ValueError where two share an id.
    """
    rows = [row for file in sorted((FOLDER / "weeks").glob("*.yaml")) for row in _yaml(file)]
    by_id = {row["id"]: row for row in rows}
    if len(by_id) != len(rows):
        raise ValueError("two documents of the sample share an id")
    return [SampleDocument.model_validate(_with_copied_text(row, by_id)) for row in rows]


def load_sample_sources(base: str) -> list[Source]:
    """The sample's sources, with the address of the running site for `{base}`."""
    return load_sources(SOURCES, base=base)


def load_serving() -> dict[str, Serving]:
    """How each source is rendered, by source id."""
    return {source: Serving.model_validate(row) for source, row in _yaml(SOURCES)["serving"].items()}


def _with_copied_text(row: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> dict[str, Any]:
    copied = row.get("copy_of")
    return {**row, "paragraphs": by_id[copied]["paragraphs"]} if copied else row


@cache
def _yaml(file: Path) -> Any:
    return yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)

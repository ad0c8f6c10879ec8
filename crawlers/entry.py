"""What every reader yields: one item of a feed, or one page that a spider found."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Entry(BaseModel):
    """An item as found. Text may still hold HTML; times are aware UTC, or None where nothing could be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    guid: str | None = None
    url: str | None = None
    title: str = ""
    summary: str = ""
    """The item's own text or HTML, as given by the feed."""
    text: str = ""
    """The article's plain text, where its page was read."""
    author: str = ""
    language: str | None = None
    published_at: AwareDatetime | None = None
    published_precision: Literal["time", "day", "unknown"] = "unknown"
    updated_at: AwareDatetime | None = None
    extra: dict[str, str] = {}
    """Fields that a reader knows and others do not: licence, pipeline tag, parameters of a hub's model."""

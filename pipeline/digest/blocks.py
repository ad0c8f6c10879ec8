"""What a page is made of: headings, prose, lists, tables and figures in one language; every format shows these."""

from __future__ import annotations

from typing import Literal

from pipeline.records import Record


class Run(Record):
    """Words of one kind: plain, strong, a citation, or an aside in small print."""

    text: str
    kind: Literal["plain", "strong", "cite", "aside"] = "plain"


class Heading(Record):
    block: Literal["heading"] = "heading"
    level: Literal[1, 2, 3]
    text: str


class Prose(Record):
    """A paragraph; a label such as 事件 or 观点 stands before it."""

    block: Literal["prose"] = "prose"
    label: str = ""
    runs: tuple[Run, ...]
    small: bool = False


class Bullets(Record):
    block: Literal["bullets"] = "bullets"
    items: tuple[tuple[Run, ...], ...]


class Table(Record):
    block: Literal["table"] = "table"
    caption: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    """Relative widths of the columns."""
    rows: tuple[tuple[str, ...], ...]
    anchors: tuple[str, ...] = ()
    """Where a citation leads: one a row, or none."""


class Figure(Record):
    """A chart by name, with its caption; its numbers are the digest's."""

    block: Literal["figure"] = "figure"
    chart: Literal["modalities", "heat", "market"]
    caption: str


Block = Heading | Prose | Bullets | Table | Figure


class Page(Record):
    """One issue in one language, ready for any format."""

    language: str
    title: str
    cover: tuple[str, ...]
    """Lines above the headline: sector and rating, kind, window, publication date."""
    author: tuple[str, ...]
    header: str
    footer: str
    blocks: tuple[Block, ...]

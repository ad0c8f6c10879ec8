"""A digest as text for a terminal, wrapped by the width that readers see."""

from __future__ import annotations

import re
import unicodedata

from pipeline.digest.blocks import Bullets, Figure, Heading, Page, Prose, Run, Table
from pipeline.digest.shape import Charts, Digest

WIDTH = 88
_CLOSING = "，。；：、！？）」”"
_PIECE = re.compile(rf"(?:[^\s\u2e80-\uffef]+[年月日万亿千百字个倍帧秒分]{{0,2}})+[{_CLOSING}]*|\s+|.[{_CLOSING}]*")
"""What stays on one line: a Latin word, a number with its measure, a character with the mark that closes it."""


def render(digest: Digest, page: Page) -> str:
    """The page as plain text."""
    parts = [*page.cover, *page.author, "", page.title, "=" * min(WIDTH, _width(page.title))]
    for block in page.blocks:
        match block:
            case Heading():
                parts += ["", block.text] + (["-" * min(WIDTH, _width(block.text))] if block.level < 3 else [])
            case Prose():
                label = f"【{block.label}】" if page.language == "zh" else f"{block.label}: "
                parts.append(wrap((label if block.label else "") + _words(block.runs)))
            case Bullets():
                parts += [wrap("· " + _words(item), indent=2) for item in block.items]
            case Table():
                parts += _table(block, page.language)
            case Figure():
                parts += _figure(block, digest.charts, page.language)
    return "\n".join(parts).strip() + "\n"


def wrap(text: str, indent: int = 0) -> str:
    """Lines of at most the terminal's width; a Latin word or a number is never cut."""
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and _width(line) + _width(piece.rstrip()) > WIDTH:
            lines.append(line.rstrip())
            line = " " * indent + piece.lstrip()
        else:
            line += piece
    return "\n".join([*lines, line.rstrip()])


def _words(runs: tuple[Run, ...]) -> str:
    return "".join(run.text for run in runs)


def _table(table: Table, language: str) -> list[str]:
    """Each row as an item: its first cells lead, the others follow with their column's name."""
    colon, gap = ("：", "；") if language == "zh" else (": ", "; ")
    lines = [table.caption] if table.caption else []
    for row in table.rows:
        lead = row[0]
        rest = gap.join(
            f"{c}{colon}{v}" if len(row) > 2 else v for c, v in zip(table.columns[1:], row[1:], strict=True)
        )
        lines.append(wrap(f"· {lead}  {rest}", indent=2))
    return lines


def _figure(figure: Figure, charts: Charts, language: str) -> list[str]:
    lines = ["", figure.caption]
    if figure.chart == "modalities":
        longest = max(_width(b.name.say(language)) for b in charts.modalities)
        most = max(b.count for b in charts.modalities)
        for bar in charts.modalities:
            name = bar.name.say(language)
            length = max(1, round(bar.count / most * 30))
            lines.append(f"  {name}{' ' * (longest - _width(name))}  {'█' * length} {bar.count}")
    elif figure.chart == "heat":
        lines.append("  " + " ".join(d.strftime("%m-%d") for d in charts.days))
        for row in charts.heat:
            lines.append("  " + " ".join(f"{n or '·':>5}" for n in row.counts) + "  " + row.name.say(language))
    return lines


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

"""A digest as Markdown that any editor shows: headings, lists, pipe tables."""

from __future__ import annotations

import re

from pipeline.digest.blocks import Bullets, Figure, Heading, Page, Prose, Run, Table
from pipeline.digest.shape import Charts, Digest

_ADDRESS = re.compile(r"https?://[^\s<>\"'（）；]+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def render(digest: Digest, page: Page) -> str:
    """The page as Markdown."""
    parts = [f"# {escape(page.title)}", "  \n".join(escape(x) for x in (*page.cover, *page.author))]
    for block in page.blocks:
        match block:
            case Heading():
                parts.append(f"{'#' * block.level} {escape(block.text)}")
            case Prose():
                label = f"**{escape(block.label)}** " if block.label else ""
                parts.append(label + _words(block.runs))
            case Bullets():
                parts.append("\n".join(f"- {_words(item)}" for item in block.items))
            case Table():
                parts.append(_table(block.caption, block.columns, block.rows))
            case Figure():
                parts += _figure(block, digest.charts, page.language)
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Text that Markdown leaves as it is, with web addresses as links."""
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;")
        parts.append(_literal(text[end : match.start()]))
        parts.append(f"<{address.replace('|', '%7C')}>")
        end = match.start() + len(address)
    return "".join([*parts, _literal(text[end:])])


def _literal(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


def _words(runs: tuple[Run, ...]) -> str:
    return "".join(_run(run) for run in runs)


def _run(run: Run) -> str:
    text = escape(run.text)
    if run.kind == "strong":
        return f"**{text.strip()}** "
    return text


def _table(caption: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    lines = [f"*{escape(caption)}*", ""] if caption else []
    lines += [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    lines += [f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _figure(figure: Figure, charts: Charts, language: str) -> list[str]:
    """The numbers of a chart as a table."""
    if figure.chart == "modalities":
        heads = ("模态", "事件数") if language == "zh" else ("Modality", "Events")
        return [_table(figure.caption, heads, tuple((b.name.say(language), str(b.count)) for b in charts.modalities))]
    if figure.chart == "heat":
        named = ("事件" if language == "zh" else "Event", *(d.strftime("%m-%d") for d in charts.days))
        rows = tuple((r.name.say(language), *(str(n) if n else "·" for n in r.counts)) for r in charts.heat)
        return [_table(figure.caption, named, rows)]
    return []

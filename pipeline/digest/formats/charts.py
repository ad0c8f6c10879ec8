"""The figures of a digest, drawn so that they read in black and white: shades carry their number, lines differ by dash.

A drawing is a list of marks; HTML takes it as SVG, PDF and Word draw the same marks with embedded fonts.
"""

from __future__ import annotations

import unicodedata
from html import escape
from typing import Literal

from pipeline.digest.blocks import Figure
from pipeline.digest.figures import plain
from pipeline.digest.shape import Digest, HeatRow, Market, Series
from pipeline.records import Record
from pipeline.text import clean

FAMILY = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
WIDTH = 640
"""Points across every drawing."""
_ROW = 24
_LABEL = 250
_INK, _BAR, _RULE, _PAPER = "#1a1a1a", "#4d4d4d", "#b5b5b5", "#ffffff"


class Box(Record):
    """A filled rectangle from its upper left corner."""

    mark: Literal["box"] = "box"
    x: float
    y: float
    width: float
    height: float
    fill: str


class Stroke(Record):
    """A line through points."""

    mark: Literal["stroke"] = "stroke"
    points: tuple[tuple[float, float], ...]
    width: float
    colour: str
    dashed: bool = False


class Words(Record):
    """Words on a base line, to the right of a point, to its left, or around it."""

    mark: Literal["words"] = "words"
    x: float
    y: float
    text: str
    size: float
    anchor: Literal["start", "middle", "end"]
    fill: str


class Drawing(Record):
    """A figure, WIDTH wide."""

    caption: str
    height: float
    marks: tuple[Box | Stroke | Words, ...]


def draw(figure: Figure, digest: Digest, language: str) -> Drawing:
    """The figure's marks."""
    if figure.chart == "modalities":
        return _bars([(b.name.say(language), b.count) for b in digest.charts.modalities], figure.caption)
    if figure.chart == "heat":
        days = [d.strftime("%m-%d") for d in digest.charts.days]
        return _heat(digest.charts.heat, days, language, figure.caption)
    if digest.market is None:
        return Drawing(caption=figure.caption, height=1, marks=())
    return _lines(digest.market, language, figure.caption)


def _bars(bars: list[tuple[str, int]], caption: str) -> Drawing:
    """Horizontal bars, longest first, each with its count at its end."""
    most = max((count for _, count in bars), default=1)
    marks: list[Box | Stroke | Words] = []
    for row, (name, count) in enumerate(bars):
        y = row * _ROW + 8
        length = max(2.0, count / most * 420)
        marks.append(_words(150, y + 12, name, "end"))
        marks.append(Box(x=158, y=y, width=length, height=15, fill=_BAR))
        marks.append(_words(164 + length, y + 12, str(count)))
    return Drawing(caption=caption, height=len(bars) * _ROW + 12, marks=tuple(marks))


def _heat(rows: tuple[HeatRow, ...], days: list[str], language: str, caption: str) -> Drawing:
    """A cell a day and event: the darker the more reports, with the number in it."""
    most = max((n for row in rows for n in row.counts), default=1) or 1
    step = (WIDTH - _LABEL - 10) / max(1, len(days))
    marks: list[Box | Stroke | Words] = [
        _words(_LABEL + step * (i + 0.5), 14, day, "middle", 11) for i, day in enumerate(days)
    ]
    for row, heat in enumerate(rows):
        y = row * _ROW + 22
        marks.append(_words(_LABEL - 8, y + 15, _short(heat.name.say(language)), "end", 11))
        for i, count in enumerate(heat.counts):
            shade = round(246 - 186 * count / most)
            x = _LABEL + step * i
            marks.append(Box(x=x, y=y, width=step - 2, height=_ROW - 3, fill=f"#{shade:02x}{shade:02x}{shade:02x}"))
            if count:
                marks.append(
                    _words(x + step / 2 - 1, y + 15, str(count), "middle", 11, _PAPER if shade < 140 else _INK)
                )
    return Drawing(caption=caption, height=len(rows) * _ROW + 26, marks=tuple(marks))


def _lines(market: Market, language: str, caption: str) -> Drawing:
    """Two series as 100 at their start: the sector solid, the market dashed, each named at its end."""
    series = (market.sector, market.market)
    drawn = [_scaled(s) for s in series]
    low, high = min(min(values) for values in drawn), max(max(values) for values in drawn)
    span = (high - low) or 1.0
    marks: list[Box | Stroke | Words] = []
    far = [value for value in (low, high) if abs(value - 100.0) > span / 12]
    for value in sorted({100.0, *far}):
        y = 190 - (value - low) / span * 170
        marks.append(Stroke(points=((44, y), (520, y)), width=0.6, colour=_RULE))
        marks.append(_words(40, y + 4, plain(round(value, 1)), "end", 10))
    ends = _apart([194 - (values[-1] - low) / span * 170 for values in drawn])
    first, last = min(s.closes[0][0] for s in series), max(s.closes[-1][0] for s in series)
    step = 476 / max(1, (last - first).days)
    for one, values, dashed, end in zip(series, drawn, (False, True), ends, strict=True):
        places = (44 + (day - first).days * step for day, _ in one.closes)
        points = tuple((x, 190 - (v - low) / span * 170) for x, v in zip(places, values, strict=True))
        marks.append(Stroke(points=points, width=1.4, colour=_INK, dashed=dashed))
        marks.append(_words(526, end, _short(one.name.say(language), 18), size=10))
    marks += [_words(44, 208, first.isoformat(), size=10), _words(520, 208, last.isoformat(), "end", 10)]
    return Drawing(caption=caption, height=214, marks=tuple(marks))


def _scaled(series: Series) -> list[float]:
    start = series.closes[0][1] or 1.0
    return [close / start * 100 for _, close in series.closes]


def _apart(ends: list[float]) -> list[float]:
    """The two names' base lines, moved apart where they would meet."""
    first, second = ends
    if abs(first - second) >= 13:
        return ends
    middle = (first + second) / 2
    return [middle - 6.5, middle + 6.5] if first <= second else [middle + 6.5, middle - 6.5]


def _words(
    x: float,
    y: float,
    text: str,
    anchor: Literal["start", "middle", "end"] = "start",
    size: float = 12,
    fill: str = _INK,
) -> Words:
    return Words(x=x, y=y, text=clean(text), size=size, anchor=anchor, fill=fill)


def _short(name: str, width: int = 36) -> str:
    """A label that fits its column; a Chinese character is two wide."""
    kept, used = "", 0
    for character in name:
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > width:
            return kept.rstrip(" ，：:") + "…"
        kept += character
    return kept


def svg(drawing: Drawing) -> str:
    """The drawing as an SVG element that stands in HTML."""
    size = f'viewBox="0 0 {WIDTH} {drawing.height:g}" width="{WIDTH}" height="{drawing.height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FAMILY}">'
    title = f"<title>{escape(clean(drawing.caption))}</title>"
    return head + title + "".join(_element(mark) for mark in drawing.marks) + "</svg>"


def _element(mark: Box | Stroke | Words) -> str:
    match mark:
        case Box():
            place = f'x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" height="{mark.height:.1f}"'
            return f'<rect {place} fill="{mark.fill}"/>'
        case Stroke():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in mark.points)
            dashes = ' stroke-dasharray="5,3"' if mark.dashed else ""
            style = f'fill="none" stroke="{mark.colour}" stroke-width="{mark.width:g}"{dashes}'
            return f'<polyline points="{points}" {style}/>'
        case Words():
            place = f'x="{mark.x:.1f}" y="{mark.y:.1f}" font-size="{mark.size:g}" text-anchor="{mark.anchor}"'
            return f'<text {place} fill="{mark.fill}">{escape(mark.text)}</text>'

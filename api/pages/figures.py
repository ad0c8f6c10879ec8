"""Figures over time: what earlier events gave, for comparisons, and charts drawn here, readable without colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from api.deps import Desk
from pipeline.compare import Known, belongs, figures, number
from pipeline.digest.figures import show, show_number, show_value
from pipeline.records import Event
from storage import figures as stored

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 104, 160, 22, 40
"""Room around the points; the marks of the first and the last day keep clear of the words beside them."""
MARKS = ("circle", "square", "diamond", "triangle", "cross", "ring")
"""One shape a subject; beyond these the chart names no more subjects."""
LEADERS = 12


class Point(NamedTuple):
    """A figure on a day: whose, where it stands in the drawing, and in words."""

    subject: str
    product: str | None
    day: date
    value: float
    shown: str
    event_id: str
    quote: str
    mark: str = ""
    x: float = 0.0
    y: float = 0.0


class Chart(NamedTuple):
    """A drawing of one kind of figure in one unit, and the same as rows."""

    kind: str
    unit: str
    points: tuple[Point, ...]
    rows: tuple[tuple[float, str], ...]
    """Where the horizontal lines are, and what they say."""
    days: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str, str], ...]
    """Height, mark and name of each subject, beside the drawing."""
    best: Point | None


def comparable(desk: Desk) -> list[str]:
    """The kinds of fact that can be compared."""
    return [kind.id for kind in desk.knowledge.fact_kinds.values() if kind.comparable]


def earlier(desk: Desk, event: Event) -> list[Event]:
    """Events from before an event, with figures of the kinds that it gives."""
    able = set(comparable(desk))
    with desk.store.reading() as session:
        return stored.with_kinds(session, {f.kind for f in event.facts} & able, event.when)


def given(events: Iterable[Event], desk: Desk, language: str, product: str | None = None) -> list[Point]:
    """The figures that events surely give of known products, oldest first, each subject's value once."""
    found: dict[tuple[str, str, str, float], tuple[Known, Event]] = {}
    for event in events:
        if event.certainty != "fact":
            continue
        for known in figures(event):
            fact = known.fact
            if fact.product is None or (product and fact.product != product):
                continue
            if fact.comparison or fact.as_of or not belongs(fact, event, desk.knowledge):
                continue
            key = (fact.kind, f"{fact.unit} {known.key[2]}", known.subject, number(fact) or 0.0)
            found.setdefault(key, (known, event))
    points = [
        Point(
            subject=desk.knowledge.products[known.fact.product].name
            if known.fact.product in desk.knowledge.products
            else known.fact.subject or known.subject,
            product=known.fact.product,
            day=known.day,
            value=number(known.fact) or 0.0,
            shown=show(known.fact, language),
            event_id=event.id,
            quote=known.fact.quote,
            mark=f"{kind}|{unit.strip()}",
        )
        for (kind, unit, _, _), (known, event) in found.items()
    ]
    return sorted(points, key=lambda point: (point.day, point.subject, point.value))


def charts(points: Sequence[Point], desk: Desk, language: str) -> list[Chart]:
    """A chart for each kind and unit of figure, those with most subjects first."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.mark, []).append(point)
    drawn = [_chart(key, group, desk, language) for key, group in groups.items()]
    return sorted(drawn, key=lambda chart: (-len({p.subject for p in chart.points}), -len(chart.points), chart.kind))


def _chart(key: str, points: list[Point], desk: Desk, language: str) -> Chart:
    kind, _, unit = key.partition("|")
    shapes = {name: MARKS[n] for n, name in enumerate(dict.fromkeys(p.subject for p in points)) if n < len(MARKS)}
    low, high = min(p.value for p in points), max(p.value for p in points)
    across, up = _days(points), _scale(low, high)
    placed = tuple(p._replace(mark=shapes.get(p.subject, "dot"), x=across(p.day), y=up(p.value)) for p in points)
    plain_unit = unit.split(" ")[0]
    rows = tuple((up(v), _axis(v, plain_unit, language)) for v in dict.fromkeys((low, high)))
    ends = dict.fromkeys((placed[0].day, placed[-1].day))
    row = desk.knowledge.fact_kinds.get(kind)
    best = None
    if row and row.comparable:
        best = (max if row.comparable == "higher" else min)(placed, key=lambda p: p.value)
    days = tuple((across(day), day.isoformat()) for day in ends)
    return Chart(kind, unit, placed, rows, days, _labels(shapes), best)


def _axis(value: float, unit: str, language: str) -> str:
    """A value beside its line: the chart's heading has the unit, but a time needs its own."""
    return show_value(value, unit, language) if unit == "s" else show_number(value, language)


def _labels(shapes: dict[str, str]) -> tuple[tuple[float, str, str], ...]:
    """Names in the legend's column, none over another."""
    return tuple((TOP + 10 + 20 * n, shape, name) for n, (name, shape) in enumerate(shapes.items()))


def _days(points: Sequence[Point]) -> Callable[[date], float]:
    first, last = points[0].day, points[-1].day
    span = max((last - first).days, 1)
    room = WIDTH - LEFT - RIGHT
    if first == last:
        return lambda day: LEFT + room / 2  # noqa: ARG005 one day stands in the middle
    return lambda day: LEFT + room * (day - first).days / span


def _scale(low: float, high: float) -> Callable[[float], float]:
    """Heights in proportion; by powers where the largest is more than twenty times the least."""
    room = HEIGHT - TOP - BOTTOM
    if low > 0 and high / low > 20:
        bottom, top = math.log(low), math.log(high)
        return lambda value: TOP + room * (1 - (math.log(value) - bottom) / (top - bottom))
    if high == low:
        return lambda value: TOP + room / 2  # noqa: ARG005 one value stands in the middle
    return lambda value: TOP + room * (1 - (value - low) / (high - low))

"""An event study from `launchwatch export` and a CSV of prices: what linked stocks did around events, beyond the market.

    python docs/examples/event_study.py events.csv prices.csv --svg study.svg > study.csv

Standard library alone. `docs/event_study.md` explains the method, its choices and what it cannot say.
"""

from __future__ import annotations

import argparse
import bisect
import csv
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple
from zoneinfo import ZoneInfo

ESTIMATION_ENDS = 21
"""Trading days between the estimation window's end and the event: news leaks, and volatility rises before it."""

CLOCKS = {"published": "published_at", "seen": "first_seen_at", "known": "link_known_at"}
"""Which of the export's times dates the event: when it was said, when we had it, when we knew the link."""


class Happening(NamedTuple):
    """A row of the export: an event, a security that it touches, and when."""

    event_id: str
    security: str
    at: datetime
    direct: bool
    weight: float
    title: str


class Day(NamedTuple):
    """A trading day of a security: its return and the index's, as fractions."""

    day: date
    own: float
    market: float


class Market(NamedTuple):
    """What a return is expected to be: alpha + beta x the index's, with the spread of what is left."""

    alpha: float
    beta: float
    sigma: float | None
    fitted: bool
    """False where the index's own return is taken (alpha 0, beta 1)."""


class Effect(NamedTuple):
    """What a security did around one event: abnormal returns day by day, the event's trading day at `before`."""

    happening: Happening
    day: date
    market: Market
    abnormal: tuple[float, ...]
    before: int

    @property
    def cumulative(self) -> tuple[float, ...]:
        """The sum of abnormal returns from the window's beginning, day by day."""
        return tuple(sum(self.abnormal[: n + 1]) for n in range(len(self.abnormal)))

    @property
    def t(self) -> float | None:
        """The sum over the window in units of its expected spread, where a model was fitted."""
        if not self.market.sigma:
            return None
        return self.cumulative[-1] / (self.market.sigma * math.sqrt(len(self.abnormal)))


# ---- reading --------------------------------------------------------------------------------------------------------


def read_events(path: Path, clock: str = "published") -> list[Happening]:
    """The export's rows whose chosen time is known."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row[CLOCKS[clock]]]
    return [
        Happening(
            event_id=row["event_id"],
            security=row["security_id"],
            at=datetime.fromisoformat(row[CLOCKS[clock]]),
            direct=row["direct"] == "true",
            weight=float(row["weight"]),
            title=row["title_en"] or row["title_zh"],
        )
        for row in rows
    ]


def read_prices(path: Path) -> dict[str, list[Day]]:
    """Returns of each security and of the index beside it, day by day, from `date,security,close,index`."""
    closes: dict[str, dict[date, tuple[float, float]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                close, index = float(row["close"]), float(row["index"])
                closes.setdefault(row["security"], {})[date.fromisoformat(row["date"])] = close, index
            except (KeyError, TypeError, ValueError) as error:
                raise SystemExit(f"{path}, line {number}: {error}; give date,security,close,index") from error
            if not (close > 0 and index > 0):
                raise SystemExit(f"{path}, line {number}: a price is above zero")
    return {security: list(_returns(sorted(days.items()))) for security, days in closes.items()}


def _returns(closes: Sequence[tuple[date, tuple[float, float]]]) -> Iterator[Day]:
    for (_, (old, old_index)), (day, (new, new_index)) in pairwise(closes):
        yield Day(day, new / old - 1, new_index / old_index - 1)


# ---- the study ------------------------------------------------------------------------------------------------------


def study(
    happenings: Iterable[Happening],
    returns: dict[str, list[Day]],
    *,
    model: str = "market",
    before: int = 5,
    after: int = 10,
    estimation: int = 100,
    least: int = 60,
    zone: ZoneInfo = ZoneInfo("Asia/Shanghai"),  # noqa: B008 a constant
    close: time = time(15),
) -> tuple[list[Effect], Counter[str]]:
    """One effect for each security and trading day with an event, by time; and why other rows were left out."""
    left_out: Counter[str] = Counter()
    effects: dict[tuple[str, int], Effect] = {}
    for happening in sorted(happenings, key=lambda h: (-h.weight, h.at, h.event_id)):
        days = returns.get(happening.security)
        if days is None:
            left_out["no prices of the security"] += 1
            continue
        place = trading_day(happening.at, [d.day for d in days], zone, close)
        if place is None or place < before or place + after >= len(days):
            left_out["prices do not cover the window"] += 1
            continue
        if (happening.security, place) in effects:
            left_out["another event of the same security and day counts"] += 1
            continue
        history = days[max(0, place - ESTIMATION_ENDS - estimation + 1) : max(0, place - ESTIMATION_ENDS + 1)]
        expected = fit(history) if model == "market" and len(history) >= least else Market(0.0, 1.0, None, False)
        window = days[place - before : place + after + 1]
        abnormal = tuple(d.own - expected.alpha - expected.beta * d.market for d in window)
        effects[happening.security, place] = Effect(happening, days[place].day, expected, abnormal, before)
    return sorted(effects.values(), key=lambda e: (e.day, e.happening.security)), left_out


def trading_day(at: datetime, days: Sequence[date], zone: ZoneInfo, close: time) -> int | None:
    """The place of the first trading day on which the news could be traded: said after the close, that is a later one."""
    local = at.astimezone(zone)
    find = bisect.bisect_left if local.time() < close else bisect.bisect_right
    place = find(days, local.date())
    return place if place < len(days) else None


def fit(history: Sequence[Day]) -> Market:
    """The market model by least squares. An index that did not move gives beta 0."""
    mean_own, mean_market = fmean(d.own for d in history), fmean(d.market for d in history)
    spread = sum((d.market - mean_market) ** 2 for d in history)
    together = sum((d.market - mean_market) * (d.own - mean_own) for d in history)
    beta = together / spread if spread else 0.0
    alpha = mean_own - beta * mean_market
    left = sum((d.own - alpha - beta * d.market) ** 2 for d in history)
    return Market(alpha, beta, math.sqrt(left / (len(history) - 2)) if len(history) > 2 else None, True)


def average(effects: Sequence[Effect]) -> list[tuple[float, float | None]]:
    """The mean cumulative abnormal return of each day of the window, with its standard error across effects."""
    paths = [effect.cumulative for effect in effects]
    columns = list(zip(*paths, strict=True))
    return [(fmean(c), stdev(c) / math.sqrt(len(c)) if len(c) > 1 else None) for c in columns]


# ---- the plot -------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 64, 16, 48, 44


def plot(effects: Sequence[Effect]) -> str:
    """The mean cumulative abnormal return around the events as SVG, with the band of 95 % where there are two or more."""
    path, before = average(effects), effects[0].before
    low = [mean - 1.96 * (error or 0.0) for mean, error in path]
    high = [mean + 1.96 * (error or 0.0) for mean, error in path]
    floor, ceiling = min(0.0, *low), max(0.0, *high)
    step = _step(ceiling - floor or 0.01)
    floor, ceiling = math.floor(floor / step) * step, math.ceil(ceiling / step) * step or step

    def x(place: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * place / max(1, len(path) - 1)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (ceiling - value) / (ceiling - floor)

    def line(values: Iterable[tuple[int, float]]) -> str:
        return " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in values)

    ticks = [floor + step * n for n in range(round((ceiling - floor) / step) + 1)]
    band = line(enumerate(high)) + " " + line(reversed(list(enumerate(low))))
    grid = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(t):.1f}" y2="{y(t):.1f}" stroke="{"#ddd" if round(t, 9) else "#888"}"/>'
        f'<text x="{LEFT - 8}" y="{y(t) + 4:.1f}" text-anchor="end">{t * 100:.3g} %</text>'
        for t in ticks
    )
    days = "".join(
        f'<text x="{x(place):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{place - before:+d}</text>'
        for place in range(len(path))
    ).replace("+0<", "0<")
    count = f"{len(effects)} observations; the band is 95 % of the mean" if len(effects) > 1 else "one observation"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<text x="{LEFT}" y="20" font-size="15">Mean cumulative abnormal return</text>'
        f'<text x="{LEFT}" y="37" fill="#666">{count}</text>{grid}{days}'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">trading days from the event</text>'
        f'<line x1="{x(before):.1f}" x2="{x(before):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#999" '
        f'stroke-dasharray="4 3"/><polygon points="{band}" fill="#4477aa" opacity="0.18"/>'
        f'<polyline points="{line(enumerate(mean for mean, _ in path))}" fill="none" stroke="#4477aa" '
        f'stroke-width="2"/></svg>\n'
    )


def _step(span: float) -> float:
    """A round distance between lines of the grid: 1, 2 or 5 of a power of ten."""
    unit = float(10 ** math.floor(math.log10(span / 4)))
    return next(unit * n for n in (1, 2, 5, 10) if span / (unit * n) <= 6)


# ---- the command ----------------------------------------------------------------------------------------------------


def table(effects: Sequence[Effect]) -> Iterator[list[str]]:
    """A row for each effect, for CSV."""
    yield [
        "event_id",
        "security",
        "day",
        "model",
        "alpha",
        "beta",
        "abnormal_day0",
        "cumulative",
        "t",
        "direct",
        "title",
    ]
    for e in effects:
        expected = "market" if e.market.fitted else "adjusted"
        numbers = (e.market.alpha, e.market.beta, e.abnormal[e.before], e.cumulative[-1])
        t = f"{e.t:.2f}" if e.t is not None else ""
        told = [*(f"{n:.6f}" for n in numbers), t, str(e.happening.direct).lower(), e.happening.title]
        yield [e.happening.event_id, e.happening.security, e.day.isoformat(), expected, *told]


def main(words: Sequence[str] | None = None) -> None:
    """Read, study, print the rows, write the plot."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("events", type=Path, help="CSV of `launchwatch export`")
    parser.add_argument("prices", type=Path, help="CSV: date,security,close,index")
    parser.add_argument("--clock", choices=CLOCKS, default="published", help="which time dates the event")
    parser.add_argument("--model", choices=("market", "adjusted"), default="market")
    parser.add_argument("--before", type=int, default=5, help="trading days before the event")
    parser.add_argument("--after", type=int, default=10, help="trading days after it")
    parser.add_argument("--direct", action="store_true", help="only events of the issuer itself")
    parser.add_argument("--zone", type=ZoneInfo, default=ZoneInfo("Asia/Shanghai"), help="the exchange's zone")
    parser.add_argument("--close", type=time.fromisoformat, default=time(15), help="when trading ends there")
    parser.add_argument("--svg", type=Path, help="where the plot goes")
    given = parser.parse_args(words)
    happenings = [h for h in read_events(given.events, given.clock) if h.direct or not given.direct]
    span = {"before": given.before, "after": given.after, "zone": given.zone, "close": given.close}
    effects, left_out = study(happenings, read_prices(given.prices), model=given.model, **span)
    csv.writer(sys.stdout, lineterminator="\n").writerows(table(effects))
    for why, count in left_out.items():
        print(f"left out {count}: {why}", file=sys.stderr)
    if not effects:
        raise SystemExit("no event has prices around it")
    mean, error = average(effects)[-1]
    spread = f" +- {1.96 * error:.2%}" if error is not None else ""
    fitted = sum(e.market.fitted for e in effects)
    print(f"mean over {len(effects)}: {mean:+.2%}{spread}; {fitted} by the market model, {len(effects) - fitted} "
          "less the index", file=sys.stderr)  # fmt: skip
    if given.svg:
        given.svg.write_text(plot(effects), encoding="utf-8")


if __name__ == "__main__":
    main()

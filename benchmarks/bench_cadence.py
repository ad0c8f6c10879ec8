"""A month of polling, simulated: requests spent, and delay from publication to first seen, beside two other rules.

    python -m benchmarks.bench_cadence [SOURCES] [DAYS] [SEEDS]

Sources publish at random: their mean gap is log-normal (median a day), most keep office hours in some zone and rest at the
weekend. `fixed` asks every 60 minutes. `mediacloud` is rss-fetcher's rule at its own settings: from 6 hours, 10 minutes longer
after an answer with more than 67 % known items (an hour after a month of silence), an hour shorter under 33 %, 10 minutes
to 24 hours. `ours` is crawlers.cadence, beginning with a guess at the gap that is off by a factor of two or so.
"""

from __future__ import annotations

import random
import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawlers import cadence

START = datetime(2024, 3, 4, tzinfo=UTC)
SHOWN = 20
"""Items that a feed shows at once."""


@dataclass
class Publisher:
    """A source as it is: its tier, when it publishes (hours from the start), and what was guessed of it."""

    tier: int
    times: list[float]
    guess: float


def publisher(chance: random.Random, days: int) -> Publisher:
    """A source with a gap, office hours and a zone of its own; its past month is known to a feed's first answer."""
    gap = min(max(chance.lognormvariate(3.2, 1.5), 0.2), 2_000.0)
    opens = chance.choice([0, 1, 2, 8, 9, 13, 14, 15, 16]) if chance.random() < 0.85 else None
    weights = [1.0 if opens is None or (h - opens) % 24 < 9 else 0.08 for h in range(24)]
    days_off = 0.25 if opens is not None else 1.0
    peak = max(weights)
    mean = sum(weights) / 24 * (5 + 2 * days_off) / 7
    times, now = [], -30.0 * 24
    while now < days * 24:
        now += chance.expovariate(peak / mean / gap)
        weekend = (START + timedelta(hours=now)).weekday() >= 5
        if chance.random() < weights[int(now) % 24] / peak * (days_off if weekend else 1.0):
            times.append(now)
    guess = gap * chance.lognormvariate(0, 0.7)
    return Publisher(chance.choices([1, 2, 3], [70, 18, 12])[0], times, guess)


Rule = Callable[[Publisher, int], tuple[int, list[float]]]


def fixed(source: Publisher, days: int) -> tuple[int, list[float]]:
    """Requests and delays in hours, asking every 60 minutes."""
    offset = random.Random(repr(source.guess)).random()
    delays = [(1 - (t - offset) % 1) for t in source.times if 0 <= t < days * 24]
    return days * 24, delays


def mediacloud(source: Publisher, days: int) -> tuple[int, list[float]]:
    """Requests and delays in hours under rss-fetcher's rule."""
    interval = 6.0
    last_new = 0.0

    def next_wait(now: float, new: int, shown: int) -> float:
        nonlocal interval, last_new
        last_new = now if new else last_new
        known = 100.0 if not new or not shown else 100.0 * (shown - new) / shown
        if known > 67:
            interval += 1.0 if now - last_new > 31 * 24 else 1 / 6
        elif known < 33:
            interval -= 1.0
        interval = min(max(interval, 1 / 6), 24.0)
        return interval

    return _poll(source, days, next_wait)


def ours_as_few(source: Publisher, days: int) -> tuple[int, list[float]]:
    """Requests and delays in hours under our rule, told to spend about as little as rss-fetcher's."""
    return ours(source, days, thrift=10.5)


def ours(source: Publisher, days: int, thrift: float = 1.0) -> tuple[int, list[float]]:
    """Requests and delays in hours under our rule."""
    past = [START + timedelta(hours=t) for t in source.times if t < 0][-SHOWN:]
    hours = cadence.counted((), past)
    gap, last_new, seen = source.guess, 0.0, bisect_right(source.times, 0.0)

    def next_wait(now: float, new: int, _: int) -> float:
        nonlocal gap, last_new, hours, seen
        if new:
            gap = cadence.observed_gap(gap, timedelta(hours=now - last_new), new)
            hours = cadence.counted(hours, [START + timedelta(hours=t) for t in source.times[seen : seen + new]])
            last_new, seen = now, seen + new
        return cadence.wait(source.tier, gap, hours, START + timedelta(hours=now), thrift) / timedelta(hours=1)

    return _poll(source, days, next_wait)


def _poll(source: Publisher, days: int, next_wait: Callable[[float, int, int], float]) -> tuple[int, list[float]]:
    now = random.Random(repr(source.guess)).random()
    seen = bisect_right(source.times, 0.0)
    requests, delays = 0, []
    while now < days * 24:
        requests += 1
        upto = bisect_right(source.times, now)
        delays += [now - t for t in source.times[seen:upto]]
        shown = min(upto, SHOWN)
        now, seen = now + next_wait(now, min(upto - seen, SHOWN), shown), upto
    return requests, delays


def main() -> None:
    """Prints a line a rule for each seed."""
    numbers = [int(argument) for argument in sys.argv[1:]]
    sources, days, seeds = [*numbers, *(2_000, 30, 5)[len(numbers) :]]
    sys.stdout.write(f"{sources} sources, {days} days; delays in minutes\n")
    for seed in range(20240318, 20240318 + seeds):
        chance = random.Random(seed)
        publishers = [publisher(chance, days) for _ in range(sources)]
        for name, rule in RULES.items():
            sys.stdout.write(f"seed {seed}  {name:12s} {_figures(rule, publishers, days)}\n")
            sys.stdout.flush()


def _figures(rule: Rule, publishers: list[Publisher], days: int) -> str:
    started = time.process_time()
    results = [rule(source, days) for source in publishers]
    delays = sorted(60 * delay for _, found in results for delay in found)
    spent = sum(requests for requests, _ in results)
    middle, high = delays[len(delays) // 2], delays[int(len(delays) * 0.95)]
    return (
        f"requests {spent:9d}  items {len(delays):7d}  p50 {middle:6.1f}  p95 {high:6.1f}  "
        f"mean {sum(delays) / len(delays):6.1f}  ({time.process_time() - started:.0f} s CPU)"
    )


RULES: dict[str, Rule] = {"fixed": fixed, "ours": ours, "mediacloud": mediacloud, "ours, as few": ours_as_few}


if __name__ == "__main__":
    main()

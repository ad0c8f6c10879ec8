"""`python -m tests.faults [--full] [--seed N] [--count N] [FAULT ...]`: exit 1 where anything is lost, doubled or unexpected."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.faults import broker, commits, disk, kills, locks, parity, poison, rolling, schedulers, senders, soak
from tests.faults.table import show
from tests.faults.verdict import Tally

TOGETHER = 3
"""Faults that run at once at quick counts: most of their time they wait for a lease or a bell."""


class Fault(NamedTuple):
    """A fault by its name, and how often it happens: quick for every change, full on demand."""

    name: str
    run: Callable[[Tally, int, Callable[[], None]], None]
    quick: int
    full: int


FAULTS = (
    Fault("commit points (passings)", commits.die_at_commits, 1, 3),
    Fault("poison", poison.feed_poison, 100, 1000),
    Fault("disk full", disk.fill_disk, 2, 20),
    Fault("locked store (seconds)", locks.fight_for_store, 10, 60),
    Fault("parity (steps)", parity.do_the_same, 500, 10_000),
    Fault("broker", broker.break_broker, 3, 20),
    Fault("soak (fetches)", soak.fetch_much, 1000, 20_000),
    Fault("three schedulers", schedulers.ring_together, 3, 30),
    Fault("SIGTERM, SQLite", rolling.restart_embedded, 4, 20),
    Fault("SIGTERM, PG+Celery", rolling.restart_scaled, 8, 24),
    Fault("kill -9 of the sender", senders.kill_senders, 20, 300),
    Fault("kill -9, SQLite", kills.kills_embedded, 60, 1000),
    Fault("kill -9, PG+Celery", kills.kills_scaled, 40, 1000),
)


def main() -> int:
    """Run the faults that were named, or all; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = _arguments()
    chosen = [fault for fault in FAULTS if not asked.faults or any(word in fault.name for word in asked.faults)]
    if not chosen:
        sys.stderr.write("no such fault; known are:\n" + "".join(f"  {fault.name}\n" for fault in FAULTS))
        return 2
    console = Console(width=None if sys.stdout.isatty() else 160)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        ThreadPoolExecutor(asked.together or (1 if asked.full else TOGETHER)) as hands,
    ):
        tallies = list(hands.map(lambda fault: _run(fault, asked, console, bar), chosen))
    show(tallies, console)
    return 0 if all(tally.is_clean for tally in tallies) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("faults", nargs="*", help="parts of the faults' names; all without one")
    parser.add_argument("--full", action="store_true", help="full counts: an hour or more")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--count", type=int, default=0, help="how often, in place of the quick or full count")
    parser.add_argument(
        "--together", type=int, default=0, help=f"faults at once; {TOGETHER} for quick counts, 1 for full ones"
    )
    return parser.parse_args()


def _run(fault: Fault, asked: argparse.Namespace, console: Console, bar: Progress) -> Tally:
    count = asked.count or (fault.full if asked.full else fault.quick)
    tally = Tally(fault.name, asked.seed)
    began = time.monotonic()
    task = bar.add_task(f"{fault.name} (seed {asked.seed})", total=count)
    try:
        fault.run(tally, count, lambda: bar.advance(task))
    except Exception as error:  # noqa: BLE001  the top of a fault: the others are shown all the same
        tally.wonder(f"the run broke off: {type(error).__name__}: {error}")
    bar.remove_task(task)
    tally.seconds = time.monotonic() - began
    console.print(f"{'done ' if tally.is_clean else 'WRONG'} {fault.name}, seed {asked.seed}, {tally.seconds:.0f} s")
    return tally


if __name__ == "__main__":
    sys.exit(main())

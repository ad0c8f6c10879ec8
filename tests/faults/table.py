"""The table that a run of faults prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.faults.verdict import Tally

COUNTS = ("attempted", "acked", "ok", "lost", "duplicated", "recovered", "unexpected")
SHOWN_WRONGS = 12


def show(tallies: Sequence[Tally], console: Console) -> None:
    """A line a fault, then what was measured beside, then what went wrong."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("fault", no_wrap=True)
    for name in (*COUNTS, "seed", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for tally in tallies:
        numbers = [str(getattr(tally, name)) for name in COUNTS]
        table.add_row(tally.fault, *numbers, str(tally.seed), f"{tally.seconds:.0f}")
    console.print(table)
    for tally in tallies:
        for remark in tally.remarks:
            console.print(f"{tally.fault}: {remark}", markup=False, highlight=False)
    for tally in tallies:
        for wrong in tally.wrong[:SHOWN_WRONGS]:
            console.print(f"WRONG {tally.fault}: {wrong}", markup=False, highlight=False)
        if len(tally.wrong) > SHOWN_WRONGS:
            console.print(f"WRONG {tally.fault}: and {len(tally.wrong) - SHOWN_WRONGS} more", highlight=False)

"""Whatever is done to SQLite and to PostgreSQL leaves both in one state: Hypothesis chooses, for so many steps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

from tests.faults.nursery import ROOT
from tests.faults.verdict import Tally

STEPS_A_RUN = 25


def do_the_same(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """`count` steps in runs of 25."""
    runs = max(1, count // STEPS_A_RUN)
    chosen = {"PARITY_RUNS": str(runs), "PARITY_STEPS": str(STEPS_A_RUN), "HYPOTHESIS_PROFILE": "explore"}
    options = ["-q", "-p", "no:cacheprovider", f"--hypothesis-seed={tally.seed}"]
    command = [sys.executable, "-m", "pytest", "tests/storage/test_parity.py", *options]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | chosen, capture_output=True, text=True, check=False)
    tally.attempted = tally.acked = runs * STEPS_A_RUN
    if ended.returncode == 0 and re.search(r"passed|\[100%\]", ended.stdout):
        tally.ok = tally.attempted
    else:
        tally.wonder(ended.stdout[-1500:])
    for _ in range(count):
        advance()

"""Processes of ours that get the CPU which nobody else wants."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_NICEST = 19
_SESSION = 10
"""How nice its session is to others: on a machine that has no idle moment, a tenth of an ordinary one's share is left."""


def yield_to_others(pid: int) -> None:
    """From now on that process runs when nobody else wants to: no way leads back. Start it in a session of its own.

    Whoever wakes up need not wait for the end of its slice (`SCHED_IDLE`). Where Linux divides its cores among sessions
    first (autogroups), even such a process uses up the share of its session, and its fellows wait behind the work of others;
    hence a session of its own, which is nice.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICEST)
        if sys.platform == "linux":
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_SESSION), "ascii")

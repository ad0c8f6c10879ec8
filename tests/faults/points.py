"""Commit points: every place where the product ends a transaction, by the name of its function; a process can die at one."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from types import FrameType

from sqlalchemy import event
from sqlalchemy.orm import Session

ROOMS = ("worker.", "api.", "cli.", "storage.")
"""Whose functions name a point: the nearest on the stack that is not the store's own door."""
DOOR = "storage.engine"
TRACE = "trace"

POINTS = {
    "collector": ("worker.collector:Collector._take", "worker.collect:_save", "worker.desk:Desk.beat"),
    "worker": ("worker.jobs:process_due", "worker.jobs:_save"),
    "sender": ("worker.delivery:_taken", "worker.delivery:_deliver"),
    "web": ("api.routes.websub:take",),
    "clerk": (
        "worker.digests:write_due",
        "worker.digests:_claimed",
        "worker.digests:_save",
        "worker.digests:_write_slot",
        "worker.watchdog:watch_over",
        "worker.heartbeat:tell_quiet",
    ),
}
"""Every commit of every job, by the part that does it; one that is missing here is found by the run that dies at them all."""


def arm(crash_at: str) -> None:
    """Die by SIGKILL at a passing `name/before/2` (or `after`), or with `trace` tell of each passing; nothing for ''."""
    if not crash_at:
        return
    passed: Counter[str] = Counter()

    def passing(session: Session, side: str) -> None:
        if session.in_nested_transaction():
            return
        name = f"{_name(sys._getframe())}/{side}"
        passed[name] += 1
        if crash_at == TRACE:
            os.write(1, f"point {name}\n".encode())
        elif crash_at == f"{name}/{passed[name]}":
            os.write(1, f"crashed {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Session, "before_commit", lambda session: passing(session, "before"))
    event.listen(Session, "after_commit", lambda session: passing(session, "after"))


def _name(frame: FrameType | None) -> str:
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(ROOMS) and module != DOOR:
            return f"{module}:{frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name}"
        frame = frame.f_back
    return "elsewhere"

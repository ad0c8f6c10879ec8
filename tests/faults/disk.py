"""A disk that is full as long as a file says so: no page more for any SQLite store of this process. And what must come of it."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

from tests.faults.stage import EMBEDDED, Stage, running, stage
from tests.faults.verdict import Tally, judge, progress

ENDLESS = 1_000_000_000
HAPPENINGS = 12
FULL_SECONDS = 6.0


def arm(room: Path) -> None:
    """From now on every transaction of this process finds the disk full while the file is there."""

    @event.listens_for(Engine, "begin")
    def measure(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            # a limit below what is there means: not one page more
            most = 1 if room.exists() else ENDLESS
            connection.exec_driver_sql(f"PRAGMA max_page_count={most}")


def fill_disk(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """Full again and again under load: clean errors, readiness red, work resumed by itself, nothing lost."""
    dice = random.Random(tally.seed)
    with stage() as made:
        room = made.plan.home / "full"
        made.plan.room = room
        with running(made, (*EMBEDDED, "clerk")) as parts:
            reds = 0
            for _ in range(count):
                made.world.tell(HAPPENINGS)
                time.sleep(dice.uniform(0.2, 1.0))
                room.touch()
                made.world.tell(HAPPENINGS)
                reds += made.revive_until(parts, lambda: _readiness(made) == 503, FULL_SECONDS)
                time.sleep(FULL_SECONDS / 2)
                room.unlink()
                if not made.revive_until(parts, lambda: _readiness(made) == 200, 30):
                    tally.wonder("readiness stayed red when there was room again")
                advance()
            made.drain(parts, tally)
            if reds < count:
                tally.wonder(f"readiness was red in {reds} of {count} times", count - reds)
            for role, times in parts.ended.items():
                tally.wonder(f"{role} ended by itself {times} times", times)
        judge(tally, made.store, made.world)
        tally.remarks.append(f"full {count} times, readiness red in {reds}; {progress(made.store).stored} stored")


def _readiness(made: Stage) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", made.plan.web_port, timeout=15)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()

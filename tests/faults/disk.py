"""A disk that is full again and again: a small file system filled to its last byte, or where none can be mounted, a limit on pages."""

from __future__ import annotations

import http.client
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

from tests.faults.stage import EMBEDDED, Stage, running, stage
from tests.faults.verdict import Tally, judge, progress

ENDLESS = 1_000_000_000
HAPPENINGS = 12
FULL_SECONDS = 5.0
RED_SECONDS = 20.0
TMPFS_MB = 320
"""Above what readiness wants free, and soon full."""
MEBIBYTE = bytes(1024 * 1024)


@dataclass(frozen=True)
class Disk:
    """A disk that can be filled and emptied."""

    ballast: Path
    is_real: bool

    def fill(self) -> None:
        """Not one byte more."""
        with self.ballast.open("wb", buffering=0) as file:
            while self.is_real:
                try:
                    if not file.write(MEBIBYTE):
                        return
                except OSError:
                    break
            while self.is_real:
                try:
                    file.write(b"0" * 512)
                except OSError:
                    return

    def empty(self) -> None:
        """Room again."""
        self.ballast.unlink()


def arm(ballast: Path) -> None:
    """For a disk that only plays: this process finds it full while the file is there."""
    usage = shutil.disk_usage

    @event.listens_for(Engine, "begin")
    def measure(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA max_page_count={1 if ballast.exists() else ENDLESS}")

    def measured(folder: Any) -> Any:
        return usage(folder)._replace(free=0) if ballast.exists() else usage(folder)

    setattr(shutil, "disk_usage", measured)  # noqa: B010  as the types would have it


def fill_disk(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """Full again and again under load: clean errors, readiness red, work resumed by itself, nothing lost."""
    dice = random.Random(tally.seed)
    with stage() as made, _disk(made) as disk, running(made, (*EMBEDDED, "clerk")) as parts:
        reds = 0
        for _ in range(count):
            made.world.tell(HAPPENINGS)
            time.sleep(dice.uniform(0.2, 1.0))
            disk.fill()
            made.world.tell(HAPPENINGS)
            reds += made.revive_until(parts, lambda: _readiness(made) == 503, RED_SECONDS)
            time.sleep(FULL_SECONDS)
            disk.empty()
            if not made.revive_until(parts, lambda: _readiness(made) == 200, RED_SECONDS):
                tally.wonder("readiness stayed red when there was room again")
            advance()
        made.drain(parts, tally)
        if reds < count:
            tally.wonder(f"readiness was red in {reds} of {count} times", count - reds)
        for role, times in parts.ended.items():
            tally.wonder(f"{role} ended by itself {times} times", times)
        judge(tally, made.store, made.world)
        kind = "a tmpfs filled to its last byte" if disk.is_real else "max_page_count, as no tmpfs can be mounted here"
        tally.remarks.append(
            f"full {count} times ({kind}), readiness red in {reds}; {progress(made.store).stored} stored"
        )
        made.store.close()


@contextmanager
def _disk(made: Stage) -> Iterator[Disk]:
    """The installation's home on a small file system of its own."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MB}m", "launchwatch-faults", str(made.plan.home)]
    made.store.close()
    kept = made.plan.home.with_name(f"{made.plan.home.name}-kept")
    shutil.copytree(made.plan.home, kept)
    is_real = (
        shutil.which("mount") is not None and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    )
    try:
        if is_real:
            shutil.copytree(kept, made.plan.home, dirs_exist_ok=True)
        else:
            made.plan.room = made.plan.home / "ballast"
        yield Disk(made.plan.home / "ballast", is_real)
    finally:
        made.store.close()
        if is_real:
            subprocess.run(["umount", "-l", str(made.plan.home)], capture_output=True, check=False)
        shutil.rmtree(kept, ignore_errors=True)


def _readiness(made: Stage) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", made.plan.web_port, timeout=15)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()

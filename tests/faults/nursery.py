"""The harness's side of the nursery: parts started, killed, stopped and started again when they end by themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 150.0


@dataclass
class Part:
    """One running part."""

    role: str
    pid: int
    started: float
    ready: float = 0.0


class PartMissing(RuntimeError):
    """A part that did not come up."""


@dataclass
class Nursery:
    """The parts of one installation."""

    plan: Plan
    parts: dict[str, Part] = field(default_factory=dict)
    heard: Counter[str] = field(default_factory=Counter)
    """Lines that parts told, by their text: `point ...`, `again`."""
    ended: Counter[str] = field(default_factory=Counter)
    """Parts that ended by themselves, by role."""
    born: list[int] = field(default_factory=list)
    """Every part ever started: what a killed one left behind is ended with the rest."""
    _process: subprocess.Popen[str] | None = None
    _news: threading.Condition = field(default_factory=threading.Condition)
    _up: bool = False
    _at_work: dict[int, float] = field(default_factory=dict)
    """When each process said that it is ready, which may be heard before its birth is."""

    def open(self) -> None:
        """Load the product; returns when parts can be forked."""
        command = [sys.executable, "-m", "tests.faults.parts", self.plan.model_dump_json()]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LAUNCHWATCH_")}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self._wait(lambda: self._up, "the nursery")

    def start(self, role: str, crash_at: str = "") -> None:
        """A part begun, to die at a commit point where one is named."""
        assert self._process is not None
        assert self._process.stdin is not None
        with self._news:
            self.parts.pop(role, None)
        self._process.stdin.write(f"start {role} {crash_at}\n")
        self._process.stdin.flush()
        self._wait(lambda: role in self.parts, role)

    def ready(self) -> list[Part]:
        """The parts at work."""
        with self._news:
            return [part for part in self.parts.values() if part.ready]

    def kill(self, role: str, crash_at: str = "") -> None:
        """`kill -9` of a part and what it started, and a new one in its place, which may have to die at a commit point."""
        self.end(role, signal.SIGKILL)
        self.start(role, crash_at)

    def kill_first(self, role: str) -> None:
        """`kill -9` of a part's first process alone, whose children are left behind; a new one in its place."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.parts[role].pid, signal.SIGKILL)
        self._gone(self.parts[role].pid)
        self.start(role)

    def kill_child(self, role: str) -> bool:
        """`kill -9` of a child of a part, which the part replaces by itself; False when it has none."""
        path = Path(f"/proc/{self.parts[role].pid}/task/{self.parts[role].pid}/children")
        with contextlib.suppress(OSError, IndexError):
            os.kill(int(path.read_text().split()[-1]), signal.SIGKILL)
            return True
        return False

    def end(self, role: str, how: signal.Signals) -> None:
        """A signal to a part; SIGKILL goes to its children too."""
        pid = self.parts[role].pid
        with contextlib.suppress(ProcessLookupError):
            if how is signal.SIGKILL:
                os.killpg(pid, how)
            else:
                os.kill(pid, how)
        if how is signal.SIGKILL:
            self._gone(pid)

    def wait_gone(self, role: str, seconds: float) -> bool:
        """Whether a part that was asked to end did."""
        return self._gone(self.parts[role].pid, seconds)

    def revive(self) -> int:
        """Parts that ended by themselves, started again as `launchwatch up` does; how many."""
        dead = [part.role for part in list(self.parts.values()) if not _alive(part.pid)]
        for role in dead:
            self.ended[role] += 1
            self.start(role)
        return len(dead)

    def close(self) -> None:
        """Every part killed, the nursery ended."""
        for pid in self.born:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            what, *words = line.split() or [""]
            with self._news:
                if what == "up":
                    self._up = True
                elif what == "started":
                    pid = int(words[1])
                    self.born.append(pid)
                    self.parts[words[0]] = Part(words[0], pid, time.monotonic(), self._at_work.get(pid, 0.0))
                elif what == "ready":
                    self._at_work[int(words[1])] = time.monotonic()
                    if words[0] in self.parts and self.parts[words[0]].pid == int(words[1]):
                        self.parts[words[0]].ready = time.monotonic()
                else:
                    self.heard[line.strip()] += 1
                self._news.notify_all()

    def _wait(self, is_so: object, name: str) -> None:
        assert callable(is_so)
        with self._news:
            if not self._news.wait_for(is_so, PATIENCE):
                raise PartMissing(f"{name} did not come up; see {self.plan.log}")

    def _gone(self, pid: int, seconds: float = 10.0) -> bool:
        end = time.monotonic() + seconds
        while _alive(pid):
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True


@contextmanager
def nursery(plan: Plan, roles: Sequence[str]) -> Iterator[Nursery]:
    """An installation with its parts at work."""
    opened = Nursery(plan)
    try:
        opened.open()
        for role in roles:
            opened.start(role)
        for role in roles:
            opened._wait(lambda role=role: opened.parts[role].ready > 0, role)
        yield opened
    finally:
        opened.close()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

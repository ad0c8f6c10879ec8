"""Warm child processes in which hostile bytes are parsed: memory and CPU are limited, and a timer kills them.

Two lanes keep what is hard from holding up what is easy. One child reads quickly, one thing after another. What is large,
or comes from a host whose bytes took long before, is read by patient children, which get the CPU that nobody else wants.
Where the quick child is held up all the same, it joins the patient ones, and another takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, LifoQueue
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from crawlers import priority
from crawlers.limits import KIB, PARSE_CPU_SECONDS, PARSE_MEMORY_BYTES, PARSE_WALL_SECONDS
from crawlers.reading import Reading, Task

_ROOT = Path(__file__).resolve().parent.parent
_LENGTH = struct.Struct(">II")
_TASKS_PER_CHILD = 500
"""C libraries leak; a new child costs about 0.4 s."""
_LARGEST_ANSWER = 64 * 1024 * 1024
HELD_UP_SECONDS = 0.5
"""Who waits so long for a child gets another, and whose bytes take so long are read patiently: honest feeds take a tenth."""
LARGE_BYTES = 512 * KIB
"""Read patiently whoever sent it: most feeds and nearly all pages are smaller."""
REMEMBERED_SECONDS = 3600.0
"""How long a host is read patiently after its bytes took long."""
_MOST_HOSTS = 1_000
_PATIENCE = 10.0
"""Times the wall clock that a patient child has, since it runs when others let it; its CPU is limited as any."""
_READY = b"."
_START_SECONDS = 60.0
_IDLE_SECONDS = 1.0


class _Lane:
    """The children that take one kind of task, and the threads that wait for them."""

    def __init__(self, name: str, threads: int, patient: bool) -> None:
        self.threads = ThreadPoolExecutor(threads, f"cage-{name}")
        self.idle: LifoQueue[_Child] = LifoQueue()
        self.patient = patient


class Cage:
    """Up to `most` children, started when needed and again after they died or served their term. Threads may share it.

    Of a single child everything takes its turn. Close it, or use it as a context.
    """

    def __init__(self, wall_seconds: float = PARSE_WALL_SECONDS, most: int = 1) -> None:
        self._wall_seconds, self._most = wall_seconds, most
        self._patients = min(most // 2, max(1, (os.cpu_count() or 1) - 1))  # one core stays free of them
        self._quick = _Lane("quick", most, patient=False)
        self._patient = _Lane("patient", self._patients, patient=True) if self._patients else self._quick
        self._children: list[_Child] = []
        self._slow_hosts: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def read(self, task: Task, body: bytes) -> Reading:
        """The reading of some bytes; a child that dies of them is an error in words."""
        lane = self._lane_of(task, body)
        return await asyncio.get_running_loop().run_in_executor(lane.threads, self._read, lane, task, body)

    def read_now(self, task: Task, body: bytes) -> Reading:
        """As `read`, for callers without an event loop."""
        return self._read(self._lane_of(task, body), task, body)

    def close(self) -> None:
        """Ends the children, whatever they are at."""
        self._closed = True
        with self._lock:
            children = list(self._children)
        for child in children:
            child.kill()
        for lane in (self._quick, self._patient):
            lane.threads.shutdown(wait=True, cancel_futures=True)
        for child in self._children:
            child.stop()

    def _read(self, lane: _Lane, task: Task, body: bytes) -> Reading:
        child = self._take(lane)
        try:
            reading, seconds = child.read(task, body, self._wall_seconds)
        finally:
            (self._patient if child.is_patient else self._quick).idle.put(child)
        if seconds >= HELD_UP_SECONDS:
            self._remember(_host(task))
        return reading

    # which lane

    def _lane_of(self, task: Task, body: bytes) -> _Lane:
        with self._lock:
            slow_until = self._slow_hosts.get(_host(task), 0.0)
        return self._patient if len(body) >= LARGE_BYTES or time.monotonic() < slow_until else self._quick

    def _remember(self, host: str) -> None:
        """That a host's bytes take long; of many such hosts the latest."""
        if host:
            with self._lock:
                self._slow_hosts.pop(host, None)
                self._slow_hosts[host] = time.monotonic() + REMEMBERED_SECONDS
                if len(self._slow_hosts) > _MOST_HOSTS:
                    del self._slow_hosts[next(iter(self._slow_hosts))]

    # which child

    def _take(self, lane: _Lane) -> _Child:
        """A child of the lane that is free; a further one, where there may be one."""
        while not self._closed:
            with contextlib.suppress(Empty):
                return lane.idle.get_nowait()
            with self._lock:
                if self._may_grow(lane):
                    self._children.append(_Child(patient=lane.patient))
                    return self._children[-1]
            with contextlib.suppress(Empty):
                return lane.idle.get(timeout=HELD_UP_SECONDS)
        raise RuntimeError("the cage is closed")

    def _may_grow(self, lane: _Lane) -> bool:
        """Whether a lane gets another child; a quick one that is held up then leaves its lane."""
        own = [child for child in self._children if child.is_patient == lane.patient]
        if lane.patient:
            return len(own) < self._patients and len(self._children) < self._most
        if not all(child.is_held_up for child in own) or not self._has_room():
            return False
        for child in own:
            child.yield_to_others()
        return True

    def _has_room(self) -> bool:
        """Whether one more child may be: a patient one with nothing to do makes room."""
        if len(self._children) < self._most:
            return True
        if self._patient is self._quick or self._patient.idle.empty():
            return False
        with contextlib.suppress(Empty):
            idle = self._patient.idle.get_nowait()
            self._children.remove(idle)
            idle.stop()
            return True
        return False


def _host(task: Task) -> str:
    """Who is answerable for a task's bytes."""
    try:
        return urlsplit(task.url).netloc
    except ValueError:
        return ""


class _Child:
    """One child process, or the place for one."""

    def __init__(self, *, patient: bool) -> None:
        self.is_patient = patient
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._since: float | None = None

    def read(self, task: Task, body: bytes, wall_seconds: float) -> tuple[Reading, float]:
        """The reading of some bytes, or in words what the process died of; and the seconds of CPU that it took."""
        process = self._ready()
        self._since = time.monotonic()
        try:
            with _killing(process, wall_seconds * (_PATIENCE if self.is_patient else 1.0)):
                answer = _ask(process, task, body)
        finally:
            self._since = None
        self._served += 1
        if answer is None:
            return Reading(thing="hostile", error=self._bury(process)), HELD_UP_SECONDS
        words, milliseconds = answer
        return Reading.model_validate_json(words), milliseconds / 1000

    @property
    def is_held_up(self) -> bool:
        """Whether one task has kept it busy for long."""
        since = self._since
        return since is not None and time.monotonic() - since >= HELD_UP_SECONDS

    def yield_to_others(self) -> None:
        """From now on it gets the CPU that nobody else wants: no way leads back."""
        self.is_patient = True
        process = self._process
        if process is not None:
            priority.yield_to_others(process.pid)

    def kill(self) -> None:
        """Ends what it is at; who waits for its answer hears that it died."""
        process = self._process
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """Ends the process, and the pipes to it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def _ready(self) -> subprocess.Popen[bytes]:
        """A live process that has not served its term."""
        if self._process is not None and (self._served >= _TASKS_PER_CHILD or self._process.poll() is not None):
            self.stop()
        if self._process is None:
            self._process, self._served = _start(), 0
            if self.is_patient:
                self.yield_to_others()
            with _killing(self._process, _START_SECONDS):
                _wait_for(self._process)
        return self._process

    def _bury(self, process: subprocess.Popen[bytes]) -> str:
        """Why a process died, in words."""
        process.kill()
        code = process.wait()
        self.stop()
        what = "it took too long or too much memory to read" if code < 0 else f"its reader stopped with code {code}"
        return f"{what}, and was put aside"


def _start() -> subprocess.Popen[bytes]:
    # fixed words and no shell: our own interpreter on our own module
    return subprocess.Popen(
        [sys.executable, "-m", "crawlers.cage"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        start_new_session=True,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"},
    )


@contextlib.contextmanager
def _killing(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """Whatever is done within: after so long the process dies, which ends it."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    """Until it is warm: starting on a busy machine is not the next task's fault."""
    assert process.stdout is not None
    process.stdout.read(len(_READY))


def _ask(child: subprocess.Popen[bytes], task: Task, body: bytes) -> tuple[bytes, int] | None:
    """One question and its answer, with the milliseconds of CPU it took; None where the child dies of it."""
    assert child.stdin is not None
    assert child.stdout is not None
    words = task.model_dump_json().encode()
    try:
        child.stdin.write(_LENGTH.pack(len(words), len(body)))
        child.stdin.write(words)
        child.stdin.write(body)
        child.stdin.flush()
        head = _exactly(child.stdout, _LENGTH.size)
        size, milliseconds = _LENGTH.unpack(head) if head else (0, 0)
        answer = _exactly(child.stdout, size) if head and size <= _LARGEST_ANSWER else None
    except OSError:
        return None
    return None if answer is None else (answer, milliseconds)


def _exactly(pipe: IO[bytes], count: int) -> bytes | None:
    data = pipe.read(count)
    return data if len(data) == count else None


# ---- inside the child -----------------------------------------------------------------------------------------------


def _serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Reads tasks until the parent closes the pipe."""
    from crawlers import feeds, reading  # noqa: F401  # feeds are what is read most: warm before the first

    answers.write(_READY)
    answers.flush()
    if not select.select([questions], [], [], _IDLE_SECONDS)[0]:
        reading.warm("page")  # nobody asks yet: pages are read in half a second less from now on
    while head := questions.read(_LENGTH.size):
        words, size = _LENGTH.unpack(head)
        task = Task.model_validate_json(questions.read(words))
        body = questions.read(size)
        reading.warm(task.reader)
        _limit_cpu()
        began = time.process_time()
        try:
            answer = reading.read(task, body).model_dump_json().encode("utf-8", "replace")
        except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001  # the top of the child's job
            answer = _broken(error)
        answers.write(_LENGTH.pack(len(answer), int(1000 * (time.process_time() - began))) + answer)
        answers.flush()


def _broken(error: BaseException) -> bytes:
    """What is answered where a reader fails: a fault of ours, in words."""
    words = f"its reader failed on it ({type(error).__name__}: {str(error)[:200]})"
    return Reading(thing="hostile", error=words).model_dump_json().encode("utf-8", "replace")


def _limit_cpu() -> None:
    """Allows the next task its share of CPU time on top of what was used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + PARSE_CPU_SECONDS, resource.RLIM_INFINITY))


def _no_way_out(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: parsers connect to nothing, start nothing and write nothing."""
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.fork"):
        raise PermissionError(f"{event} is not for parsers")
    if event == "open" and isinstance(arguments[1], str) and any(letter in arguments[1] for letter in "wax+"):
        raise PermissionError("parsers write no file")


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (PARSE_MEMORY_BYTES, PARSE_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.dont_write_bytecode = True
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not answer for us
    sys.addaudithook(_no_way_out)
    _serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()

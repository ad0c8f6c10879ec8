"""Warm child processes in which hostile bytes are parsed: memory and CPU are limited, and a timer kills them.

One child does as a rule. While it is held up by something hard, others take its place, so that bytes made to take long
keep no honest feed waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
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

from crawlers.limits import PARSE_CPU_SECONDS, PARSE_MEMORY_BYTES, PARSE_WALL_SECONDS
from crawlers.reading import Reading, Task

_ROOT = Path(__file__).resolve().parent.parent
_LENGTH = struct.Struct(">II")
_TASKS_PER_CHILD = 500
"""C libraries leak; a new child costs about 0.4 s."""
_LARGEST_ANSWER = 64 * 1024 * 1024
HELD_UP_SECONDS = 0.5
"""Who waits so long for a child gets another: honest feeds take a tenth of it."""
_NICEST = 19
_READY = b"."
_START_SECONDS = 30.0


class Cage:
    """Up to `most` children, started when needed and again after they died or served their term. Threads may share it.

    Close it, or use it as a context.
    """

    def __init__(self, wall_seconds: float = PARSE_WALL_SECONDS, most: int = 1) -> None:
        self._wall_seconds, self._most = wall_seconds, most
        self._threads = ThreadPoolExecutor(most, "cage")
        self._idle: LifoQueue[_Child] = LifoQueue()
        self._children: list[_Child] = []
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
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read_now, task, body)

    def read_now(self, task: Task, body: bytes) -> Reading:
        """As `read`, for callers without an event loop."""
        child = self._take()
        try:
            return child.read(task, body, self._wall_seconds)
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """Ends the children, whatever they are at."""
        self._closed = True
        for child in self._children:
            child.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for child in self._children:
            child.stop()

    def _take(self) -> _Child:
        """A child that is free; a further one, where all others are held up."""
        while not self._closed:
            with self._lock:
                if len(self._children) < self._most and all(child.is_held_up for child in self._children):
                    for child in self._children:
                        child.yield_to_others()
                    self._children.append(_Child())
                    return self._children[-1]
            with contextlib.suppress(Empty):
                return self._idle.get(timeout=HELD_UP_SECONDS)
        raise RuntimeError("the cage is closed")


class _Child:
    """One child process, or the place for one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._since: float | None = None
        self._yields = False

    def read(self, task: Task, body: bytes, wall_seconds: float) -> Reading:
        """The reading of some bytes, or in words what the process died of."""
        process = self._ready()
        self._since = time.monotonic()
        try:
            with _killing(process, wall_seconds):
                answer = _ask(process, task, body)
        finally:
            self._since = None
        self._served += 1
        if answer is None:
            return Reading(thing="hostile", error=self._bury(process))
        return Reading.model_validate_json(answer)

    @property
    def is_held_up(self) -> bool:
        """Whether one task has kept it busy for long."""
        since = self._since
        return since is not None and time.monotonic() - since >= HELD_UP_SECONDS

    def yield_to_others(self) -> None:
        """From now on it gets the CPU that nobody else wants."""
        process = self._process
        if process is not None:
            self._yields = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICEST)

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
        """A live process that has not served its term; one that gave way cannot take it back, so it has an heir."""
        worn = self._served >= _TASKS_PER_CHILD or self._yields
        if self._process is not None and (worn or self._process.poll() is not None):
            self.stop()
        if self._process is None:
            self._process, self._served, self._yields = _start(), 0, False
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


def _ask(child: subprocess.Popen[bytes], task: Task, body: bytes) -> bytes | None:
    """One question and its answer; None where the child dies of it."""
    assert child.stdin is not None
    assert child.stdout is not None
    words = task.model_dump_json().encode()
    try:
        child.stdin.write(_LENGTH.pack(len(words), len(body)))
        child.stdin.write(words)
        child.stdin.write(body)
        child.stdin.flush()
        head = _exactly(child.stdout, 4)
        size = int.from_bytes(head or b"", "big")
        return _exactly(child.stdout, size) if head and size <= _LARGEST_ANSWER else None
    except OSError:
        return None


def _exactly(pipe: IO[bytes], count: int) -> bytes | None:
    data = pipe.read(count)
    return data if len(data) == count else None


# ---- inside the child -----------------------------------------------------------------------------------------------


def _serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Reads tasks until the parent closes the pipe."""
    from crawlers import feeds, reading  # noqa: F401  # feeds are what is read most: warm before the first

    answers.write(_READY)
    answers.flush()
    while head := questions.read(_LENGTH.size):
        words, size = _LENGTH.unpack(head)
        task = Task.model_validate_json(questions.read(words))
        body = questions.read(size)
        _limit_cpu()
        try:
            answer = reading.read(task, body).model_dump_json().encode("utf-8", "replace")
        except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001  # the top of the child's job
            answer = _broken(error)
        answers.write(len(answer).to_bytes(4, "big") + answer)
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

"""A warm child process in which hostile bytes are parsed: memory and CPU are limited, and a timer kills it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import struct
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from crawlers.limits import PARSE_CPU_SECONDS, PARSE_MEMORY_BYTES, PARSE_WALL_SECONDS
from crawlers.reading import Reading, Task

_ROOT = Path(__file__).resolve().parent.parent
_LENGTH = struct.Struct(">II")
_TASKS_PER_CHILD = 500
"""C libraries leak; a new child costs about 0.4 s."""
_LARGEST_ANSWER = 64 * 1024 * 1024


class Cage:
    """One child, started when first needed and again after it died or served its term. Safe to share between threads.

    Close it, or use it as a context.
    """

    def __init__(self, wall_seconds: float = PARSE_WALL_SECONDS) -> None:
        self._wall_seconds = wall_seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def read(self, task: Task, body: bytes) -> Reading:
        """The reading of some bytes; a child that dies of them is an error in words."""
        return await asyncio.to_thread(self.read_now, task, body)

    def read_now(self, task: Task, body: bytes) -> Reading:
        """As `read`, for callers without an event loop."""
        with self._lock:
            child = self._ready()
            timer = threading.Timer(self._wall_seconds, child.kill)
            timer.start()
            try:
                answer = _ask(child, task, body)
            finally:
                timer.cancel()
            self._served += 1
            if answer is None:
                return Reading(thing="hostile", error=self._bury(child))
            return Reading.model_validate_json(answer)

    def close(self) -> None:
        """Ends the child."""
        with self._lock:
            self._stop()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child is not None and (self._served >= _TASKS_PER_CHILD or self._child.poll() is not None):
            self._stop()
        if self._child is None:
            self._child, self._served = _start(), 0
        return self._child

    def _bury(self, child: subprocess.Popen[bytes]) -> str:
        """Why a child died, in words."""
        child.kill()
        code = child.wait()
        self._stop()
        what = "it took too long or too much memory to read" if code < 0 else f"its reader stopped with code {code}"
        return f"{what}, and was put aside"

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        child.wait()


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
    from crawlers import reading

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

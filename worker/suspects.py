"""What may kill its worker is tried where nothing is lost by it: a forked child for one document, a clock that no C code stops
for a batch, and a bound on memory for the process.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import select
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline import flow
from pipeline.lexicon import Lexicon
from pipeline.records import RawDocument

READ_SECONDS = 20.0
"""For one document in a child: a thousand times what reading takes."""

BATCH_SECONDS = 120.0
"""For a batch, as Celery's hard limit for a task: the process ends, and is started again, rather than hang for ever."""

MEMORY_BYTES = 3 * 1024**3
"""What a worker's process may hold: an order of magnitude above what it needs, and less than a machine has."""


class DeadlyDocument(Exception):
    """A document that kills whatever reads it."""

    def __init__(self, how: str) -> None:
        super().__init__(f"its reader {how}")


def rehearse(raw: RawDocument, lexicon: Lexicon) -> None:
    """Read a document in a child first. Raises DeadlyDocument where the child dies of it or takes too long.

    The child is a fork that touches no connection, no lock and no log: it reads, and ends.
    """
    ours, its = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads: the child uses nothing of theirs
        child = os.fork()
    if child == 0:
        _read_and_end(raw, lexicon, its)
    os.close(its)
    try:
        ended, _, _ = select.select([ours], [], [], READ_SECONDS)
        if not ended:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    finally:
        os.close(ours)
    if not ended:
        raise DeadlyDocument(f"did not end within {READ_SECONDS:.0f} s")
    if os.WIFSIGNALED(status):
        raise DeadlyDocument(f"was ended by {signal.Signals(os.WTERMSIG(status)).name}")


def _read_and_end(raw: RawDocument, lexicon: Lexicon, pipe: int) -> None:
    """In the child: an error of Python's is no death, the worker will meet it by itself."""
    try:
        os.set_inheritable(pipe, False)
        flow.read(raw, lexicon)
    finally:
        os._exit(0)


@contextmanager
def bounded(seconds: float = 0.0) -> Iterator[None]:
    """The process ends, its threads' stacks on standard error, where the block takes longer; C code does not stop this clock."""
    faulthandler.dump_traceback_later(seconds or BATCH_SECONDS, exit=True, file=2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def limit_memory() -> None:
    """From now on this process is refused memory beyond its bound: an error of one document, not the machine's end."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or hard > MEMORY_BYTES:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, hard))

"""Poison: stories whose words crash, fill or hang whatever reads them, as a fault in a parser's C code would."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from pipeline import flow

CRASH, FILL, HANG = "POISON-CRASH", "POISON-FILL", "POISON-HANG"
GIBIBYTE = 1 << 30


def arm() -> None:
    """From now on this process's reader heeds the words of poison."""
    read = flow.read

    def heeding(raw: Any, lexicon: Any) -> Any:
        if CRASH in raw.title:
            os.kill(os.getpid(), signal.SIGKILL)
        if FILL in raw.title:
            _fill(4 * GIBIBYTE)
        while HANG in raw.title:
            time.sleep(0.1)
        return read(raw, lexicon)

    flow.read = heeding


def _fill(size: int) -> None:
    held = bytearray(size)
    for place in range(0, size, 4096):
        held[place] = 1

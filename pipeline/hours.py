"""Times as people type them for a watch: a time of day, quiet hours, a zone, a moment of a trading day. Each says what it takes."""

from __future__ import annotations

import re
from datetime import time
from functools import cache
from typing import Annotated, Literal, NoReturn, get_args
from zoneinfo import available_timezones

from pydantic import AfterValidator

Market = Literal["shanghai", "hong_kong", "new_york"]
Moment = Literal["before_open", "midday", "after_close"]

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def clock(text: str) -> time:
    """The time of day of `08:00`."""
    return time.fromisoformat(text)


def quiet_hours(text: str) -> tuple[time, time] | None:
    """Beginning and end of `22:00-07:30`; None for none."""
    start, _, end = text.partition("-")
    return (clock(start), clock(end)) if text else None


def _is_clock(text: str) -> str:
    return text if _CLOCK.fullmatch(text) else _refuse(text, "a time of day such as 08:00")


def _are_hours(text: str) -> str:
    start, _, end = text.partition("-")
    is_fine = not text or (_CLOCK.fullmatch(start) and _CLOCK.fullmatch(end) and start != end)
    return text if is_fine else _refuse(text, "hours such as 22:00-07:30")


def _is_zone(text: str) -> str:
    return text if text in _zones() else _refuse(text, "a time zone such as Asia/Shanghai")


def _is_session(text: str) -> str:
    market, _, moment = text.partition(":")
    if market in get_args(Market) and moment in get_args(Moment):
        return text
    markets, moments = ", ".join(get_args(Market)), ", ".join(get_args(Moment))
    return _refuse(text, f"a market and a moment such as shanghai:before_open (markets: {markets}; moments: {moments})")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _refuse(text: str, wanted: str) -> NoReturn:
    raise ValueError(f"{text!r} is not {wanted}")


ClockTime = Annotated[str, AfterValidator(_is_clock)]
QuietHours = Annotated[str, AfterValidator(_are_hours)]
ZoneName = Annotated[str, AfterValidator(_is_zone)]
SessionName = Annotated[str, AfterValidator(_is_session)]

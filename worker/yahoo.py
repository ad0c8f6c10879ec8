"""Prices from Yahoo Finance by the library yfinance (extra `prices`): the same protocol as the CSV reader, over the net."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from logging import CRITICAL, getLogger
from pathlib import Path
from typing import Any

import yfinance
from yfinance.exceptions import YFException, YFTickerMissingError

from worker.prices import PricesUnreachable

SOURCE = "Yahoo Finance"

NOT_FOUND = 404

TIMEOUT = 20
"""Seconds for one answer; a digest asks once for each linked stock."""


class YahooPrices:
    """Daily closes of Yahoo Finance, adjusted for dividends and splits; each series is asked for once.

    `cache` is a folder where the library keeps cookies and time zones; `session` stands in for its own, as it documents.
    """

    source = SOURCE

    def __init__(self, name: Callable[[str], str], cache: Path, session: Any = None) -> None:
        cache.mkdir(parents=True, exist_ok=True)
        yfinance.set_tz_cache_location(str(cache))
        yfinance.config.debug.hide_exceptions = False
        getLogger("yfinance").setLevel(CRITICAL)  # what goes wrong is raised, and told once
        self._name = name
        self._session = session
        self._asked: dict[tuple[str, date, date], list[tuple[date, float]]] = {}

    def closes(self, security: str, since: date, until: date) -> Sequence[tuple[date, float]]:
        """Daily closes from one day to another, both included, oldest first; empty where Yahoo does not know it.

        Raises PricesUnreachable where the service does not answer or refuses.
        """
        asked = (security, since, until)
        if asked not in self._asked:
            self._asked[asked] = self._ask(*asked)
        return self._asked[asked]

    def called(self, security: str) -> str:
        """Its name in the knowledge base, or the id."""
        return self._name(security) or security

    def _ask(self, security: str, since: date, until: date) -> list[tuple[date, float]]:
        ticker = yfinance.Ticker(symbol(security), session=self._session)
        span = {"start": since.isoformat(), "end": (until + timedelta(days=1)).isoformat()}
        try:
            table = ticker.history(**span, interval="1d", actions=False, timeout=TIMEOUT)
        except YFTickerMissingError:
            return []
        except (YFException, OSError, ValueError) as error:
            if getattr(getattr(error, "response", None), "status_code", None) == NOT_FOUND:
                return []
            raise PricesUnreachable(SOURCE, security, str(error) or type(error).__name__) from error
        days = ((at.date(), float(close)) for at, close in table["Close"].dropna().items())
        return sorted((day, close) for day, close in days if since <= day <= until and close > 0)


def symbol(security: str) -> str:
    """What Yahoo calls a security: `603533.SS`, `0700.HK`, `NVDA`, `BRK-B`; what it does not know of is left as it is."""
    if ":" in security:
        return security.split(":")[1].replace(".", "-")
    code, _, market = security.rpartition(".")
    if market == "SH":
        return f"{code}.SS"
    if market == "HK":
        return f"{code.lstrip('0').zfill(4)}.HK"
    return security

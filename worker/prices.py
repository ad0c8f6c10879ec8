"""Prices, where an installation has them: a small protocol, and a reader of CSV files. Nothing needs them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

from pipeline.digest import Both, Period, Prices, Series

INDEX = "index"
"""What the column `index` is called among the securities: the index beside each close."""

YEAR = timedelta(days=370)
"""How far back closes are asked for: the recap draws a year."""


class PriceSource(Protocol):
    """Whatever gives daily closes: a file, a database, a data library wrapped in a few lines."""

    def closes(self, security: str, since: date, until: date) -> Sequence[tuple[date, float]]:
        """Daily closes of a security or an index, adjusted, oldest first; empty where it has none.

        Raises PricesUnreachable where it has to ask for them and gets no answer.
        """

    def called(self, security: str) -> str:
        """Its name for people, or its id."""

    @property
    def source(self) -> str:
        """Where the prices come from, as an issue tells it."""


class PricesBroken(ValueError):
    """A price file cannot be used: which line, and what is wrong with it."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path}, line {line}: {what}; give date,security,close and maybe index and name")
        self.path, self.line, self.what = path, line, what


class PricesUnreachable(Exception):
    """A service does not answer, or refuses: which, for what security, and why."""

    def __init__(self, source: str, security: str, why: str) -> None:
        super().__init__(f"{source} gives no prices of {security} now: {why}")
        self.source, self.security, self.why = source, security, why


class CsvPrices:
    """A CSV with the columns `date,security,close`, and maybe `index` (the market's close that day) and `name`.

    An index may as well be a security of its own: `2024-03-18,000300.SH,3603.53`.
    """

    def __init__(self, path: Path) -> None:
        """Read whole. Raises PricesBroken, or OSError where the file cannot be read."""
        self.source = path.name
        self._closes: dict[str, dict[date, float]] = {}
        self._names: dict[str, str] = {}
        self._differ = False
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                for number, row in enumerate(csv.DictReader(lines), start=2):
                    self._take(path, number, row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise PricesBroken(path, 1, f"is no CSV in UTF-8 ({error})") from error

    def closes(self, security: str, since: date, until: date) -> Sequence[tuple[date, float]]:
        """Daily closes from one day to another, both included, oldest first."""
        days = self._closes.get(security, {})
        return sorted((day, close) for day, close in days.items() if since <= day <= until)

    def called(self, security: str) -> str:
        """The name that the file gives, or the id."""
        return self._names.get(security, security)

    @property
    def has_index(self) -> bool:
        """Whether the file has one index beside every close of a day; stocks of two markets have two."""
        return INDEX in self._closes and not self._differ

    def _take(self, path: Path, number: int, row: dict[str, str]) -> None:
        try:
            day, security = date.fromisoformat(row["date"].strip()), row["security"].strip()
            self._closes.setdefault(security, {})[day] = _price(row["close"])
            if row.get(INDEX):
                index = _price(row[INDEX])
                self._differ |= self._closes.setdefault(INDEX, {}).setdefault(day, index) != index
            if row.get("name"):
                self._names[security] = row["name"].strip()
        except KeyError as error:
            raise PricesBroken(path, number, f"there is no column {error}") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise PricesBroken(path, number, str(error)) from error


def _price(text: str) -> float:
    price = float(text)
    if not 0 < price < float("inf"):
        raise ValueError(f"{text!r} is no price")
    return price


@dataclass(frozen=True)
class Quotes:
    """Prices for issues, and which of their names is the market's index, which the sector's."""

    source: PriceSource
    market: str
    sector: str | None = None

    def over(self, period: Period, securities: Iterable[str]) -> Prices | None:
        """What a digest takes: the closes of the indices and of linked stocks; None without the market's."""
        market = self._series(self.market, period.last_day - YEAR, period)
        if market is None:
            return None
        if self.market == INDEX:
            market = market.model_copy(update={"name": Both(zh="市场指数", en="the market index")})
        stocks = (self._series(security, period.first_day - YEAR, period) for security in sorted(set(securities)))
        return Prices(
            market=market,
            sector=self._series(self.sector, period.last_day - YEAR, period) if self.sector else None,
            stocks=tuple(one for one in stocks if one is not None),
        )

    def missing(self, period: Period) -> list[str]:
        """The indices of which the source has no close up to a period: mistyped, or of another time."""
        indices = (self.market, self.sector) if self.sector else (self.market,)
        return [name for name in indices if self._series(name, period.last_day - YEAR, period) is None]

    def _series(self, security: str, since: date, period: Period) -> Series | None:
        closes = tuple(self.source.closes(security, since, period.last_day))
        name = self.source.called(security)
        return (
            Series(id=security, name=Both(zh=name, en=name), source=self.source.source, closes=closes)
            if closes
            else None
        )

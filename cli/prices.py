"""Prices for a digest out of a file that a command names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cli.console import Refusal
from worker.prices import INDEX, CsvPrices, PricesBroken, Quotes


def read_quotes(path: Path | None, market: str, sector: str) -> Quotes | None:
    """The prices of a CSV file and which of them are the indices; None where no file is named."""
    if path is None:
        if market or sector:
            raise Refusal("--market and --sector name rows of a price file: give --prices FILE.csv too", code=2)
        return None
    try:
        held = CsvPrices(path)
    except PricesBroken as error:
        raise Refusal(str(error), code=2) from error
    except OSError as error:
        raise Refusal(f"{path}: cannot be read ({error.strerror})", code=2) from error
    for name in (market, sector):
        if name and not held.closes(name, date.min, date.max):
            raise Refusal(f"{path}: holds no prices of {name!r}", code=2)
    if not market and not held.has_index:
        raise Refusal(f"{path}: has no column index that is one for all: name the market's index with --market", code=2)
    return Quotes(held, market or INDEX, sector or None)

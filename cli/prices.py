"""Prices for a digest: out of a file that a command names, or from the net by a library that one may install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from cli.console import Refusal, read_knowledge
from settings import Settings
from worker.prices import INDEX, CsvPrices, PricesBroken, PriceSource, PricesUnreachable, Quotes

YAHOO = "yahoo"
"""What stands in the place of a file where prices come from Yahoo Finance."""


def read_quotes(path: Path | None, market: str, sector: str, settings: Settings) -> Quotes | None:
    """The prices of a CSV file, or of Yahoo Finance, and which of them are the indices; None where none are named."""
    if path is None:
        if market or sector:
            raise Refusal("--market and --sector name rows of a price file: give --prices FILE.csv too", code=2)
        return None
    if str(path) == YAHOO:
        if not market:
            raise Refusal(
                "--prices yahoo needs the index to measure against: --market 000300.SH, ^HSI or ^GSPC", code=2
            )
        return Quotes(_yahoo(settings), market, sector or None)
    return _of_file(path, market, sector)


@contextmanager
def reaching() -> Iterator[None]:
    """A price service that does not answer, told in one line."""
    try:
        yield
    except PricesUnreachable as error:
        raise Refusal(f"{error}; leave --prices out, or give a CSV") from error


def _yahoo(settings: Settings) -> PriceSource:
    if find_spec("yfinance") is None:
        raise Refusal("the price library is not installed; run: pip install 'launchwatch[prices]'")
    knowledge = read_knowledge(settings)

    def called(security: str) -> str:
        row = knowledge.securities.get(security)
        return (row.name_zh or row.name_en or "") if row else ""

    source: PriceSource = import_module("worker.yahoo").YahooPrices(called, settings.home / "prices")
    return source


def _of_file(path: Path, market: str, sector: str) -> Quotes:
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

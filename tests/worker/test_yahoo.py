"""Prices by the library: its requests answered by a server of our own, which speaks as the real one does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from pipeline.digest import Week
from worker.prices import PricesUnreachable, Quotes
from worker.yahoo import YahooPrices, symbol

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:yfinance", "ignore::DeprecationWarning:pandas")
"""The library calls what its own library will drop one day."""

DAYS = date(2024, 3, 14), date(2024, 3, 18)
CLOSES = {"2024-03-14": (20.0, 10.0), "2024-03-15": (22.0, 11.0), "2024-03-18": (24.0, 12.0)}
"""Of each day the close, and the close adjusted for a split of later."""


class Server(BaseHTTPRequestHandler):
    """Answers like Yahoo's chart endpoint: one series, an unknown symbol, and one for which it is out of order."""

    asked: list[str]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.asked.append(self.path)
        if path.endswith("/BROKEN"):
            self._say(200, "Will be right back")
        elif path.endswith("/300364.SZ"):
            self._say(200, json.dumps({"chart": {"result": [series()], "error": None}}))
        elif path in ("/", "/v1/test/getcrumb"):
            self._say(200, "crumb")
        else:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            part = "chart" if path.startswith("/v8/") else "quoteSummary"
            self._say(404, json.dumps({part: {"result": None, "error": error}}))

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words: object) -> None:
        pass


def series() -> dict[str, Any]:
    meta: dict[str, Any] = {"currency": "CNY", "symbol": "300364.SZ", "exchangeName": "SHZ", "instrumentType": "EQUITY"}
    meta |= {"exchangeTimezoneName": "Asia/Shanghai", "timezone": "CST", "gmtoffset": 28800, "dataGranularity": "1d"}
    meta |= {"validRanges": ["1d", "1y", "max"], "priceHint": 2, "regularMarketTime": 1710745200}
    stamps = [int(datetime.fromisoformat(f"{day}T01:30:00").replace(tzinfo=UTC).timestamp()) for day in CLOSES]
    close = [one for one, _ in CLOSES.values()]
    quote: dict[str, list[float]] = {
        "open": close,
        "high": close,
        "low": close,
        "close": close,
        "volume": [1000.0] * len(close),
    }
    adjusted = [{"adjclose": [one for _, one in CLOSES.values()]}]
    return {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote], "adjclose": adjusted}}


class ToLoopback(HTTPAdapter):
    """Sends every request to our own server, whatever host it names."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def send(self, request: requests.PreparedRequest, *given: Any, **options: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = urlunsplit(("http", f"127.0.0.1:{self.port}", str(parts.path), str(parts.query), ""))
        return super().send(request, *given, **options)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    Server.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server, requests.Session() as session:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        session.mount("https://", ToLoopback(server.server_address[1]))
        yield session
        server.shutdown()


@pytest.fixture
def prices(session: requests.Session, tmp_path: Path) -> YahooPrices:
    return YahooPrices({"300364.SZ": "中文在线"}.get, tmp_path, session)  # type: ignore[arg-type]  # None is no name


def test_adjusted_closes_come_by_day_and_are_asked_for_once(prices: YahooPrices) -> None:
    assert prices.closes("300364.SZ", *DAYS) == [(date.fromisoformat(day), own) for day, (_, own) in CLOSES.items()]
    asked = len(Server.asked)
    assert len(prices.closes("300364.SZ", *DAYS)) == 3
    assert len(Server.asked) == asked
    assert (prices.called("300364.SZ"), prices.called("NYSE:X"), prices.source) == (
        "中文在线",
        "NYSE:X",
        "Yahoo Finance",
    )


def test_a_symbol_that_is_not_known_has_no_prices(prices: YahooPrices) -> None:
    assert prices.closes("NASDAQ:NONE", *DAYS) == []


def test_a_service_that_is_out_of_order_is_told_and_not_taken_for_no_prices(prices: YahooPrices) -> None:
    with pytest.raises(PricesUnreachable, match="Yahoo Finance gives no prices of NASDAQ:BROKEN now"):
        prices.closes("NASDAQ:BROKEN", *DAYS)


def test_a_digest_takes_them_like_those_of_a_file(prices: YahooPrices) -> None:
    held = Quotes(prices, market="300364.SZ").over(Week.parse("2024-W12", "Asia/Shanghai"), ["NASDAQ:NONE"])
    assert held is not None
    assert held.market.closes[-1] == (date(2024, 3, 18), 12.0)
    assert held.stocks == ()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("300364.SZ", "300364.SZ"),
        ("603533.SH", "603533.SS"),
        ("000300.SH", "000300.SS"),
        ("00700.HK", "0700.HK"),
        ("09988.HK", "9988.HK"),
        ("NASDAQ:NVDA", "NVDA"),
        ("NYSE:BRK.B", "BRK-B"),
        ("^GSPC", "^GSPC"),
    ],
)
def test_securities_are_asked_for_by_yahoo_s_names(ours: str, theirs: str) -> None:
    assert symbol(ours) == theirs

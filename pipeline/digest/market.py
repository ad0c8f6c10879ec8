"""Prices in an issue, written only when an installation has them: the market recap, and what linked stocks did beyond the market."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipeline.digest.figures import plain
from pipeline.digest.ledger import Ledger
from pipeline.digest.period import Period
from pipeline.digest.shape import Both, Market, Prices, Sentence, Series, Stock

CHART_DAYS = 370


def recap(prices: Prices | None, period: Period, ledger: Ledger) -> Market | None:
    """The two indices' changes over the window; None without a close before and a close inside it."""
    if prices is None or prices.sector is None:
        return None
    told = [_told(series, period, ledger) for series in (prices.sector, prices.market)]
    sentences = tuple(s for s in told if s is not None)
    if len(sentences) < 2:
        return None
    beside = _beside(prices.sector, prices.market, period, ledger)
    sentences = (*sentences, beside) if beside else sentences
    return Market(sentences=sentences, sector=_year(prices.sector, period), market=_year(prices.market, period))


def with_moves(stocks: Sequence[Stock], prices: Prices | None, period: Period, ledger: Ledger) -> tuple[Stock, ...]:
    """The stocks with what their prices did over the window; those without closes as they are."""
    if prices is None:
        return tuple(stocks)
    held = {series.id: series for series in prices.stocks}
    return tuple(
        stock.model_copy(update={"move": _move(held[stock.security_id], prices.market, stock, period, ledger)})
        if stock.security_id in held
        else stock
        for stock in stocks
    )


def _move(own: Series, market: Series, stock: Stock, period: Period, ledger: Ledger) -> Sentence | None:
    """The change from the last close before the window to the last inside it, and less the market's between the same days."""
    ends = _ends(own, period)
    if ends is None:
        return None
    (_, old), (_, new) = ends
    own_percent = round((new / old - 1) * 100, 2)
    size = plain(abs(own_percent))
    shown = Both(zh=f"{size}%", en=f"{size}%")
    claims = [ledger.claim_computed("change", stock.name, shown, own_percent, (old, new), quote=own.source)]
    zh = f"{'上涨' if own_percent >= 0 else '下跌'}{size}%"
    en = f"{'rose' if own_percent >= 0 else 'fell'} {size}%"
    beyond = _excess(own, market, stock.name, period, ledger)
    if beyond:
        excess, more, claim = beyond
        claims.append(claim)
        zh += f"，较{market.name.zh}{'高' if excess >= 0 else '低'}{more}个百分点"
        en += f", {more} points {'more' if excess >= 0 else 'less'} than {market.name.en}"
    return Sentence(zh=zh, en=en, claims=tuple(claims))


def _excess(own: Series, market: Series, name: Both, period: Period, ledger: Ledger) -> tuple[float, str, int] | None:
    """A change less the market's between the same two days, in points: as a number, as shown, and as claimed."""
    ends = _ends(own, period)
    index = {day: close for day, close in market.closes if close}
    if ends is None or not all(day in index for day, _ in ends):
        return None
    (first, old), (last, new) = ends
    ledger.name(market.name.zh)
    ledger.name(market.name.en)
    excess = round((new / old - index[last] / index[first]) * 100, 2)
    more = plain(abs(excess))
    points = Both(zh=f"{more}个百分点", en=f"{more} points")
    inputs = (old, new, index[first], index[last])
    return excess, more, ledger.claim_computed("excess", name, points, excess, inputs, quote=own.source)


def _beside(sector: Series, market: Series, period: Period, ledger: Ledger) -> Sentence | None:
    """By how much the sector was ahead of the market, or behind it."""
    beyond = _excess(sector, market, sector.name, period, ledger)
    if beyond is None:
        return None
    excess, more, claim = beyond
    return Sentence(
        zh=f"{sector.name.zh}{'跑赢' if excess >= 0 else '跑输'}{market.name.zh}，{'超出' if excess >= 0 else '落后'}{more}个百分点。",
        en=f"{sector.name.en} {'outperformed' if excess >= 0 else 'underperformed'} {market.name.en} by {more} points.",
        claims=(claim,),
    )


def _ends(series: Series, period: Period) -> tuple[tuple[date, float], tuple[date, float]] | None:
    """The last close before the window and the last inside it."""
    before = [point for point in series.closes if point[0] < period.first_day]
    inside = [point for point in series.closes if period.first_day <= point[0] <= period.last_day]
    return (before[-1], inside[-1]) if before and inside and before[-1][1] else None


def change(series: Series, period: Period) -> tuple[float, float, float] | None:
    """The last close before the window, the last inside it, and the change in percent."""
    ends = _ends(series, period)
    if ends is None:
        return None
    (_, old), (_, new) = ends
    return old, new, round((new / old - 1) * 100, 2)


def _told(series: Series, period: Period, ledger: Ledger) -> Sentence | None:
    found = change(series, period)
    if found is None:
        return None
    old, new, percent = found
    size = plain(abs(percent))
    name = Both(zh=ledger.name(series.name.zh), en=ledger.name(series.name.en))
    shown = Both(zh=f"{size}%", en=f"{size}%")
    claim = ledger.claim_computed("change", name, shown, percent, (old, new), quote=series.source)
    verb_zh, verb_en = ("上涨", "rose") if percent >= 0 else ("下跌", "fell")
    return Sentence(
        zh=f"{name.zh}{verb_zh}{size}%，收于{plain(new)}。",
        en=f"{name.en} {verb_en} {size}%, closing at {plain(new)}.",
        claims=(claim,),
    )


def _year(series: Series, period: Period) -> Series:
    closes = tuple((d, c) for d, c in series.closes if 0 <= (period.last_day - d).days <= CHART_DAYS)
    return series.model_copy(update={"closes": closes})

"""The market recap, written only when an installation has prices: the week's change of sector and market, in points of percent."""

from __future__ import annotations

from pipeline.digest.figures import plain
from pipeline.digest.ledger import Ledger
from pipeline.digest.period import Period
from pipeline.digest.shape import Both, Market, Prices, Sentence, Series

CHART_DAYS = 370


def recap(prices: Prices | None, period: Period, ledger: Ledger) -> Market | None:
    """The two indices' changes over the window; None without a close before and a close inside it."""
    if prices is None:
        return None
    told = [_told(series, period, ledger) for series in (prices.sector, prices.market)]
    sentences = tuple(s for s in told if s is not None)
    if len(sentences) < 2:
        return None
    return Market(sentences=sentences, sector=_year(prices.sector, period), market=_year(prices.market, period))


def change(series: Series, period: Period) -> tuple[float, float, float] | None:
    """The last close before the window, the last inside it, and the change in percent."""
    before = [close for day, close in series.closes if day < period.first_day]
    inside = [close for day, close in series.closes if period.first_day <= day <= period.last_day]
    if not before or not inside or not before[-1]:
        return None
    return before[-1], inside[-1], round((inside[-1] / before[-1] - 1) * 100, 2)


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

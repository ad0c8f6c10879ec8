"""What linked stocks did in the window, beyond the market: told only from prices, and borne out by them."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.digest import FORMATS, Both, Digest, Prices, Series, compose, render, unsupported, unsupported_sentences
from tests.pipeline.founding_week import MADE_AT, WEEK, founding_week, knowledge

DAYS = (date(2024, 3, 15), date(2024, 3, 19), date(2024, 3, 22))


def series(id: str, *closes: float) -> Series:
    """Closes of the day before the week, of its Tuesday and of its Friday."""
    name = Both(zh="沪深300", en="CSI 300") if id == "market" else Both(zh=id, en=id)
    return Series(id=id, name=name, source="交易所", closes=tuple(zip(DAYS, closes, strict=False)))


def issue(*stocks: Series) -> Digest:
    """The founding week's issue with the market up by 1 % until Tuesday and by 2 % until Friday."""
    prices = Prices(market=series("market", 100.0, 101.0, 102.0), stocks=stocks)
    lens = knowledge().lenses["media"]
    return compose(WEEK, lens, founding_week(), [], knowledge(), MADE_AT, prices=prices)


def moves(digest: Digest) -> dict[str, tuple[str, str] | None]:
    return {s.security_id: (s.move.zh, s.move.en) if s.move else None for s in digest.stocks}


def test_a_stock_tells_its_week_and_what_went_beyond_the_market() -> None:
    digest = issue(series("300364.SZ", 20.0, 21.0, 22.5), series("603533.SH", 10.0, 10.0, 9.9))
    assert moves(digest) == {
        "300364.SZ": ("上涨12.5%，较沪深300高10.5个百分点", "rose 12.5%, 10.5 points more than CSI 300"),
        "603533.SH": ("下跌1%，较沪深300低3个百分点", "fell 1%, 3 points less than CSI 300"),
        "300133.SZ": None,
    }
    computed = [(c.rule, c.value, c.inputs) for c in digest.claims if c.rule in ("change", "excess")]
    assert computed[:2] == [("change", 12.5, (20.0, 22.5)), ("excess", 10.5, (20.0, 22.5, 100.0, 102.0))]


def test_a_halted_stock_is_held_against_the_market_of_its_own_days() -> None:
    digest = issue(series("300364.SZ", 20.0, 22.0))
    assert moves(digest)["300364.SZ"] == ("上涨10%，较沪深300高9个百分点", "rose 10%, 9 points more than CSI 300")


def test_a_stock_that_was_not_traded_tells_nothing() -> None:
    digest = issue(series("300364.SZ", 20.0))
    assert set(moves(digest).values()) == {None}
    assert digest.market is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_number_of_a_move_is_borne_out(language: str) -> None:
    digest = issue(series("300364.SZ", 19.37, 20.0, 22.51))
    assert unsupported_sentences(digest) == []
    for format in ("text", "md"):
        assert unsupported(digest, str(render(digest, format, language))) == []


def test_a_move_that_its_closes_do_not_give_is_found() -> None:
    digest = issue(series("300364.SZ", 20.0, 21.0, 22.5))
    wrong = [c.model_copy(update={"value": 11.5}) if c.rule == "excess" else c for c in digest.claims]
    assert unsupported_sentences(digest.model_copy(update={"claims": tuple(wrong)}))


def test_the_column_stands_only_where_there_are_prices() -> None:
    assert "本期涨跌" in str(render(issue(series("300364.SZ", 1.0, 1.0, 2.0)), "md"))
    assert "本期涨跌" not in str(render(issue(), "md"))


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_shows_the_move(format: str) -> None:
    assert render(issue(series("300364.SZ", 20.0, 21.0, 22.5)), format)

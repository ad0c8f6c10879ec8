"""Dates as sources write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawlers.dates import from_number, read_date, read_format

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2024, 3, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Mon, 18 Mar 2024 10:30:00 GMT", "2024-03-18T10:30"),
        ("Mon, 18 Mar 2024 10:30:00 +0800", "2024-03-18T02:30"),
        ("18 Mar 2024 10:30 EST", "2024-03-18T15:30"),
        ("Monday, 18-Mar-24 10:30:00 UTC", "2024-03-18T10:30"),
        ("2024-03-18T10:30:00Z", "2024-03-18T10:30"),
        ("2024-03-18T10:30:00.123+08:00", "2024-03-18T02:30"),
        ("2024-03-18 10:30:00", "2024-03-18T02:30"),
        ("2024/3/18 10:30", "2024-03-18T02:30"),
        ("2024年3月18日 10:30", "2024-03-18T02:30"),
        ("２０２４年３月１８日　１０：３０", "2024-03-18T02:30"),
        ("2024年03月18日10时30分", "2024-03-18T02:30"),
        ("发布时间：2024-03-18 10:30 来源：新华社", "2024-03-18T02:30"),
        ("Mar 18, 2024 10:30 AM PDT", "2024-03-18T17:30"),
        ("March 18, 2024, 1:30 p.m.", "2024-03-18T05:30"),
        ("Mon Mar 18 10:30:00 UTC 2024", "2024-03-18T10:30"),
        ("20240318T103000Z", "2024-03-18T10:30"),
        ("Mon, 18 Mar 2024 24:00:00 GMT", "2024-03-19T00:00"),
        ("Mon, 18 Mar 2024 23:59:60 GMT", "2024-03-19T00:00"),
        ("1710757800", "2024-03-18T10:30"),
        ("1710757800000", "2024-03-18T10:30"),
    ],
)
def test_a_time_is_read_to_utc(text: str, meant: str) -> None:
    moment, precision = read_date(text, SHANGHAI)
    assert moment == datetime.fromisoformat(meant).replace(tzinfo=UTC)
    assert precision == "time"


@pytest.mark.parametrize(
    "text",
    ["2024-03-18", "2024/03/18", "2024.3.18", "2024年3月18日", "March 18, 2024", "18th March 2024", "Mar. 18 2024",
     "20240318", "18. März 2024", "18 de marzo de 2024"],
)  # fmt: skip
def test_a_day_is_a_day_in_the_sources_zone(text: str) -> None:
    assert read_date(text, SHANGHAI) == (datetime(2024, 3, 17, 16, tzinfo=UTC), "day")


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2024", "March 2024", "2024-03", "2024-13-45", "31 Feb 2024", "03/04/2024", "v2024.1", "1.2.3",
     "99999", "Q1 2024", "x" * 500, "0000-00-00 00:00:00", "\x00"],
)  # fmt: skip
def test_what_names_no_day_stays_unknown(text: str) -> None:
    assert read_date(text) == (None, "unknown")


@pytest.mark.parametrize(
    ("text", "meant", "precision"),
    [
        ("3小时前", "2024-03-20T09:00", "time"),
        ("25 minutes ago", "2024-03-20T11:35", "time"),
        ("an hour ago", "2024-03-20T11:00", "time"),
        ("2天前", "2024-03-17T16:00", "day"),
        ("昨天", "2024-03-18T16:00", "day"),
        ("yesterday", "2024-03-18T16:00", "day"),
    ],
)
def test_relative_dates_need_to_know_the_time(text: str, meant: str, precision: str) -> None:
    assert read_date(text, SHANGHAI, NOW) == (datetime.fromisoformat(meant).replace(tzinfo=UTC), precision)
    assert read_date(text, SHANGHAI) == (None, "unknown")


def test_cst_is_china_for_a_source_in_asia_and_chicago_otherwise() -> None:
    text = "Mon, 18 Mar 2024 10:30:00 CST"
    assert read_date(text, SHANGHAI)[0] == datetime(2024, 3, 18, 2, 30, tzinfo=UTC)
    assert read_date(text)[0] == datetime(2024, 3, 18, 16, 30, tzinfo=UTC)


def test_a_future_date_is_kept_as_it_is() -> None:
    assert read_date("2041-01-01T00:00:00Z")[0] == datetime(2041, 1, 1, tzinfo=UTC)


def test_a_known_form_is_read_among_other_words() -> None:
    assert read_format("Posted on 18.03.2024 by Ann", "%d.%m.%Y", SHANGHAI) == (
        datetime(2024, 3, 17, 16, tzinfo=UTC),
        "day",
    )
    assert read_format("03/04/2024 08:15", "%m/%d/%Y %H:%M")[0] == datetime(2024, 3, 4, 8, 15, tzinfo=UTC)
    assert read_format("tomorrow", "%d.%m.%Y") == (None, "unknown")


@pytest.mark.parametrize("number", [0, 1, 12345, -5, 1e20])
def test_a_number_that_is_no_time_stays_unknown(number: float) -> None:
    assert from_number(number) == (None, "unknown")

"""Feeds out: read by feedparser and icalendar as any reader would, each opened by its own address alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import feedparser
import pytest
from icalendar import Calendar

from tests.api.conftest import KEY, House, TestClient
from tests.factories import make_raw

NOW = datetime.now(UTC)
AHEAD = (NOW + timedelta(days=20)).astimezone(ZoneInfo("Asia/Shanghai")).date()
HUB = "https://hub.example/"
TITLES = {
    "https://news.example/kimi": "月之暗面 Kimi 智能助手启动 200 万字无损上下文内测 <script>alert(1)</script>",
    "https://news.example/qwen": f"阿里通义千问 Qwen3 将于{AHEAD.year}年{AHEAD.month}月{AHEAD.day}日开源",
}


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    house.bring(
        *(make_raw(title, title, url=url, published_at=NOW, first_seen_at=NOW) for url, title in TITLES.items())
    )
    with replace(house, given={"public_url": "https://watch.example", "feed_hub": HUB}).client() as made:
        yield made


def given(client: TestClient, kind: str, subject: str = "", lang: str = "zh") -> dict[str, str]:
    answer = client.post(
        "/v1/feeds", params={"kind": kind, "subject": subject, "lang": lang}, headers={"Authorization": f"Bearer {KEY}"}
    )
    assert answer.status_code == 200, answer.text
    addresses: dict[str, str] = answer.json()
    return addresses


def read(client: TestClient, address: str) -> bytes:
    answer = client.get(urlsplit(address).path)
    assert answer.status_code == 200
    return answer.content


def test_a_company_s_feed_holds_its_events_with_facts_and_reasons(client: TestClient) -> None:
    parsed = feedparser.parse(read(client, given(client, "company", "moonshot-ai")["atom"]))
    assert not parsed.bozo
    (entry,) = parsed.entries
    assert "Kimi" in entry.title
    assert "200 万字" in entry.content[0].value
    assert "<script>" not in entry.content[0].value
    assert any(link.rel == "via" and link.href == "https://news.example/kimi" for link in entry.links)


def test_json_feed_says_the_same(client: TestClient) -> None:
    feed = json.loads(read(client, given(client, "company", "moonshot-ai")["json_feed"]))
    assert feed["version"].endswith("/1.1")
    assert [item["url"].startswith("https://watch.example/events/") for item in feed["items"]] == [True]
    assert feed["items"][0]["_launchwatch"]["stocks"]


@pytest.mark.parametrize(
    ("kind", "subject", "many"),
    [
        ("all", "", 2),
        ("product", "kimi", 1),
        ("security", "NYSE:BABA", 2),
        ("lens", "all", None),
        ("theme", "ext-long-context", None),
    ],
)
def test_each_kind_of_feed_opens(client: TestClient, kind: str, subject: str, many: int | None) -> None:
    parsed = feedparser.parse(read(client, given(client, kind, subject, "en")["atom"]))
    assert not parsed.bozo
    assert many is None or len(parsed.entries) == many


def test_coming_dates_are_a_calendar(client: TestClient) -> None:
    calendar = Calendar.from_ical(read(client, given(client, "all")["calendar"]))
    (entry,) = calendar.walk("VEVENT")
    assert entry.decoded("dtstart") == AHEAD
    assert "Qwen3" in str(entry["summary"])


def test_a_hub_is_named_where_there_is_one(client: TestClient) -> None:
    address = given(client, "all")["atom"]
    answer = client.get(urlsplit(address).path)
    assert f'<{HUB}>; rel="hub"' in answer.headers["Link"]
    assert {link.rel: link.href for link in feedparser.parse(answer.content).feed.links}["hub"] == HUB


def test_an_address_opens_its_feed_alone_until_it_is_withdrawn(client: TestClient) -> None:
    address = given(client, "company", "baidu")["atom"]
    assert given(client, "company", "baidu")["atom"] == address
    token = urlsplit(address).path.split("/")[-1].removesuffix(".atom")
    assert client.get("/feeds/guessed.atom").status_code == 404
    assert client.get("/v1/events", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert client.delete(f"/v1/feeds/{token}", headers={"Authorization": f"Bearer {KEY}"}).status_code == 204
    assert client.get(urlsplit(address).path).status_code == 404


@pytest.mark.parametrize(
    ("kind", "subject"), [("company", "nobody"), ("theme", "none"), ("watch", "w0"), ("product", "")]
)
def test_a_feed_of_nothing_is_refused(client: TestClient, kind: str, subject: str) -> None:
    asked = {"kind": kind, "subject": subject}
    answer = client.post("/v1/feeds", params=asked, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 404

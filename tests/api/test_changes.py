"""Incremental pulls, the stream, bulk tables, and the knowledge routes, over a real store."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet
import pytest

from api.stream import lines, read_mark
from pipeline.lexicon import Lexicon
from pipeline.records import Event
from tests.api.conftest import ADMIN, House, TestClient
from tests.factories import make_raw

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TITLES = ("Kimi 智能助手启动 200 万字无损上下文内测", "百度发布文心大模型 5.0", "OpenAI releases GPT-5 to all users")


class Web:
    """A web side and the worker beside it."""

    def __init__(self, client: TestClient, house: House) -> None:
        self.client, self.house = client, house

    def bring(self, number: int, at: datetime) -> None:
        title, url = TITLES[number], f"https://n.example/{number}"
        self.house.bring(make_raw(title, title, url=url, published_at=at, first_seen_at=at))

    def get(self, path: str) -> dict[str, object]:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path, lexicon: Lexicon) -> Iterator[Web]:
    house = House(tmp_path, lexicon)
    with house.client(headers=ADMIN) as client:
        yield Web(client, house)


def titles(found: dict[str, object]) -> list[str]:
    return [event["title_zh"] or event["title_en"] for event in found["events"]]  # type: ignore[attr-defined]


def test_each_pull_brings_what_came_since_the_last(web: Web) -> None:
    web.bring(0, NOW)
    first = web.get("/v1/changes?since=2024-03-18T00:00:00Z")
    assert titles(first) == [TITLES[0]]
    web.bring(1, NOW + HOUR)
    web.bring(2, NOW + 2 * HOUR)
    second = web.get(f"/v1/changes?since={first['next']}".replace("+", "%2B"))
    assert titles(second) == list(TITLES[1:])
    assert titles(web.get(f"/v1/changes?since={second['next']}".replace("+", "%2B"))) == []


def test_a_page_never_cuts_through_what_came_at_one_time(web: Web) -> None:
    for number in range(3):
        web.bring(number, NOW)
    assert len(titles(web.get("/v1/changes?since=2024-03-18T00:00:00Z&limit=1"))) == 3


def test_the_stream_brings_what_was_missed_and_what_happens(web: Web) -> None:
    web.bring(0, NOW)

    async def listen() -> list[str]:
        heard: list[str] = []
        desk, since = web.client.app.state.desk, read_mark("2024-03-18T00:00:00+00:00~x")  # type: ignore[attr-defined]
        told = lines(desk, since, "event", Event.model_dump_json)
        async for message in told:
            heard.append(message)
            if len(heard) == 2:
                await asyncio.to_thread(web.bring, 1, datetime.now(UTC))
            if sum("event: event" in one for one in heard) == 2:
                break
        await told.aclose()
        return heard

    heard = asyncio.run(asyncio.wait_for(listen(), 20))
    assert heard[0].startswith("retry:")
    assert TITLES[0] in heard[1]
    assert TITLES[1] in heard[-1]
    assert all("\nid: " in f"\n{one}" for one in heard if "event: event" in one)


def test_bulk_tables_hold_a_row_an_event_and_stock(web: Web) -> None:
    web.bring(0, NOW)
    table = web.client.get("/v1/export?from=2024-03-18&to=2024-03-19")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert rows
    assert all(row["reason_zh"] and row["evidence"] and row["first_seen_at"] for row in rows)
    packed = web.client.get("/v1/export?from=2024-03-18&to=2024-03-19&format=parquet")
    assert pyarrow.parquet.read_table(io.BytesIO(packed.content)).num_rows == len(rows)
    assert web.client.get("/v1/export?from=2024-03-19&to=2024-03-18").status_code == 422


def test_facts_of_a_kind_come_with_their_sentence(web: Web) -> None:
    web.bring(0, NOW)
    (found,) = web.client.get("/v1/facts?kind=context_length&product=kimi").json()
    assert (found["fact"]["value"], "200 万字" in found["fact"]["quote"]) == (2_000_000, True)
    assert web.client.get("/v1/facts?kind=nothing").status_code == 422


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/products?company=moonshot-ai", 200),
        ("/v1/products/kimi", 200),
        ("/v1/products/none", 404),
        ("/v1/themes", 200),
        ("/v1/themes/ext-long-context?as_of=2024-03-25", 200),
        ("/v1/themes/none", 404),
        ("/v1/changes?since=yesterday", 422),
    ],
)
def test_what_is_known_is_answered_and_the_rest_refused(web: Web, path: str, status: int) -> None:
    assert web.client.get(path).status_code == status

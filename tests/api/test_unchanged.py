"""What has not changed is not sent again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.api.conftest import ADMIN, House, TestClient, kimi

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    house.bring(kimi(NOW))
    with house.client(headers=ADMIN) as made:
        yield made


def paths(client: TestClient) -> list[str]:
    event = client.get("/v1/events").json()["events"][0]
    return [
        "/v1/events",
        f"/v1/events/{event['id']}",
        f"/v1/documents/{event['reports'][0]['document_id']}",
        "/v1/digests/2024-W12?format=md",
    ]


def test_who_shows_the_tag_is_told_that_nothing_has_changed(client: TestClient) -> None:
    for path in paths(client):
        tag = client.get(path).headers["etag"]
        for shown in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = client.get(path, headers={"If-None-Match": shown})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag), path
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_what_has_changed_has_another_tag(client: TestClient, house: House) -> None:
    before = client.get("/v1/events").headers["etag"]
    house.bring(
        kimi(NOW, "新的一句").model_copy(update={"url": "https://example.com/kimi-2", "title": "Kimi 上线新版"})
    )
    answer = client.get("/v1/events", headers={"If-None-Match": before})
    assert (answer.status_code, answer.headers["etag"] == before) == (200, False)


def test_an_error_has_no_tag(client: TestClient) -> None:
    assert "etag" not in client.get("/v1/events/none").headers

"""Watches and alerts over the API: kept, changed, tried on the past, never showing a destination's secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.records import Watch
from storage import outbox, watches
from tests.api.conftest import ADMIN, House, TestClient, kimi

KEY = "lw_test-key"
ROBOT = "wecom://12345678-secret"
SECRET = "webhook+https://hooks.example.com/path?token=hidden#whsec_" + "A" * 32


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    at = datetime.now(UTC) - timedelta(hours=2)
    with house.desk() as desk, desk.store.writing() as session:
        standing = Watch(id="standing", name="standing", companies=("moonshot-ai",), destinations=(ROBOT,))
        watches.save(session, standing)
    house.bring(kimi(at))
    with house.desk() as desk, desk.store.writing() as session:
        (delivery,) = outbox.claim(session, at, timedelta(minutes=1))
        outbox.finish(session, delivery, "failed", "errcode 93000", at)
    with house.client(headers=ADMIN) as made:
        yield made


def put(client: TestClient, **given: Any) -> dict[str, Any]:
    asked = {"name": "Kimi 长文本", "companies": ["moonshot-ai"], "destinations": [SECRET, ROBOT], **given}
    answer = client.post("/v1/watches", json=asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_watch_is_kept_changed_and_removed_and_never_shows_its_secrets(client: TestClient) -> None:
    made = put(client, owner="bo", quiet="22:00-07:30")
    assert made["id"] == "kimi-长文本"
    assert client.post("/v1/watches", json={"name": "Kimi 长文本"}).status_code == 409
    assert [w["id"] for w in client.get("/v1/watches", params={"owner": "bo"}).json()] == [made["id"]]
    shown = client.get(f"/v1/watches/{made['id']}").text
    assert "hidden" not in shown
    assert "secret" not in shown
    changed = {**made, "words": ["长文本"], "destinations": [*made["destinations"], "mailto:a@example.com"]}
    assert client.put(f"/v1/watches/{made['id']}", json=changed).json()["words"] == ["长文本"]
    with client.app.state.desk.store.reading() as session:  # type: ignore[attr-defined]
        kept = watches.get(session, made["id"])
    assert kept is not None
    assert kept.destinations == (SECRET, ROBOT, "mailto:a@example.com")
    assert client.delete(f"/v1/watches/{made['id']}").status_code == 204
    assert client.delete(f"/v1/watches/{made['id']}").status_code == 404
    assert client.get(f"/v1/watches/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"companies": ["月之暗面"]}, "did you mean moonshot-ai?"),
        ({"quiet": "nights"}, "hours such as 22:00-07:30"),
        ({"destinations": ["carrier-pigeon://loft"]}, "no channel for"),
        ({"weather": "fine"}, "weather"),
    ],
)
def test_a_watch_that_is_not_sound_is_refused_in_words(client: TestClient, given: dict[str, Any], said: str) -> None:
    for path in ("/v1/watches", "/v1/watches/dry-run"):
        asked = given if path == "/v1/watches" else {**given, "destinations": []}
        answer = client.post(path, json={"name": "x", **asked})
        if "destinations" not in given or path == "/v1/watches":
            assert answer.status_code == 422
            assert said in answer.text


def test_a_dry_run_shows_what_would_have_been_told_and_keeps_nothing(client: TestClient) -> None:
    answer = client.post("/v1/watches/dry-run", json={"name": "x", "words": ["内测"]}).json()
    assert [alert["title"] for alert in answer["alerts"]] == ["Kimi 智能助手启动 200 万字无损上下文内测"]
    assert sum(answer["per_day"].values()) == answer["messages"] == 1
    assert client.get("/v1/watches/x").status_code == 404


def test_alerts_are_found_by_watch_state_and_words_and_a_dead_delivery_is_sent_again(client: TestClient) -> None:
    page = client.get("/v1/alerts", params={"watch": "standing", "state": "dead", "text": "200 万"}).json()
    [told] = page["alerts"]
    assert page["next"] is None
    assert told["deliveries"][0]["destination"] == "wecom://…"
    assert client.get("/v1/alerts", params={"state": "sent"}).json()["alerts"] == []
    assert client.get("/v1/alerts", params={"cursor": "rubbish"}).status_code == 422
    whole = client.get(f"/v1/alerts/{told['alert']['id']}").json()
    assert [attempt["answer"] for attempt in whole["attempts"]] == ["errcode 93000"]
    number = told["deliveries"][0]["id"]
    assert client.post(f"/v1/deliveries/{number}/replay").status_code == 202
    assert client.post(f"/v1/deliveries/{number}/replay").status_code == 409
    assert client.get("/v1/alerts/nothing").status_code == 404


def test_destinations_that_look_alike_are_not_mixed_up(client: TestClient, tmp_path: Path) -> None:
    made = put(client, name="two robots", destinations=["wecom://11111111-a", "wecom://22222222-b"])
    one = {**made, "destinations": ["wecom://…"]}
    assert "look alike" in client.put("/v1/watches/two-robots", json=one).text
    both = client.put("/v1/watches/two-robots", json=made)
    assert both.status_code == 200
    assert len(both.json()["destinations"]) == 2

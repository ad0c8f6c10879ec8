"""Keys with scopes: who may do what, revoked, paced, and written down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.keys import COOKIE, Pace, scope_needed
from tests.api.conftest import ADMIN, House, TestClient


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    with house.client() as made:
        yield made


def made(client: TestClient, scope: str) -> tuple[str, dict[str, str]]:
    answer = client.post("/v1/keys", json={"name": "a test", "owner": "li", "scope": scope}, headers=ADMIN)
    assert answer.status_code == 201
    return answer.json()["key"]["id"], {"Authorization": f"Bearer {answer.json()['secret']}"}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/events", "read"),
        ("POST", "/v1/feeds", "write"),
        ("DELETE", "/v1/watches/x", "write"),
        ("GET", "/v1/keys", "admin"),
        ("GET", "/v1/audit", "admin"),
        ("POST", "/mcp", "read"),
    ],
)
def test_reading_takes_any_key_and_keys_the_admin_s(method: str, path: str, scope: str) -> None:
    assert scope_needed(method, path) == scope


def test_a_key_reaches_as_far_as_its_scope(client: TestClient) -> None:
    _, read = made(client, "read")
    _, write = made(client, "write")
    assert client.get("/v1/events", headers=read).status_code == 200
    refused = client.post("/v1/feeds?kind=all", headers=read)
    assert (refused.status_code, refused.json()["detail"]) == (403, "this needs a key of scope write; yours is read")
    assert client.post("/v1/feeds?kind=all", headers=write).status_code == 200
    assert client.get("/v1/keys", headers=write).status_code == 403


def test_a_revoked_key_opens_nothing(client: TestClient) -> None:
    key_id, held = made(client, "read")
    assert client.delete(f"/v1/keys/{key_id}", headers=ADMIN).status_code == 204
    assert client.get("/v1/events", headers=held).status_code == 401
    assert client.delete(f"/v1/keys/{key_id}", headers=ADMIN).status_code == 404


def test_secrets_are_told_once(client: TestClient) -> None:
    _, held = made(client, "read")
    secret = held["Authorization"].removeprefix("Bearer ")
    assert secret not in client.get("/v1/keys", headers=ADMIN).text


def test_a_change_is_written_down_with_who_made_it(client: TestClient) -> None:
    key_id, held = made(client, "write")
    client.post("/v1/feeds?kind=all", headers=held)
    newest = client.get("/v1/audit", headers=ADMIN).json()[0]
    assert (newest["key_id"], newest["owner"], newest["did"], newest["status"]) == (key_id, "li", "POST /v1/feeds", 200)


def test_a_cookie_alone_changes_nothing(client: TestClient) -> None:
    client.cookies.set(COOKIE, "lw_test-key")
    try:
        assert client.get("/v1/events").status_code == 200
        assert client.post("/v1/feeds?kind=all").status_code == 403
    finally:
        client.cookies.clear()


def test_errors_are_problems(client: TestClient) -> None:
    for path, status in (("/v1/nothing", 404), ("/v1/events?limit=many", 422), ("/v1/events/none", 404)):
        answer = client.get(path, headers=ADMIN)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path
        assert answer.json()["detail"]


def test_logging_in_is_paced_and_tells_nothing(client: TestClient) -> None:
    answers = [client.post("/key", data={"key": f"lw_wrong{n}"}) for n in range(12)]
    assert {answer.status_code for answer in answers[:10]} == {403}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_pace_lets_so_many_through_and_then_says_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("api.keys.time.monotonic", lambda: clock[0])
    pace = Pace(per_minute=60, at_once=3)
    assert [pace.wait("a") for _ in range(4)] == [0, 0, 0, 1]
    assert pace.wait("b") == 0
    clock[0] += 1
    assert pace.wait("a") == 0


def test_nobody_sees_or_changes_another_s_watches_and_alerts(client: TestClient) -> None:
    def made_for(owner: str) -> dict[str, str]:
        answer = client.post("/v1/keys", json={"name": owner, "owner": owner, "scope": "write"}, headers=ADMIN)
        return {"Authorization": f"Bearer {answer.json()['secret']}"}

    li, wang = made_for("li"), made_for("wang")
    asked = {"id": "li-kimi", "name": "Kimi", "owner": "wang", "companies": ["moonshot-ai"]}
    asked["destinations"] = ["mailto:li@desk.example"]
    kept = client.post("/v1/watches", json=asked, headers=li)
    assert (kept.status_code, kept.json()["owner"]) == (201, "li")
    assert [watch["id"] for watch in client.get("/v1/watches", headers=li).json()] == ["li-kimi"]
    assert client.get("/v1/watches?owner=li", headers=wang).json() == []
    matrix = [("GET", None), ("PUT", asked), ("DELETE", None)]
    for method, body in matrix:
        assert client.request(method, "/v1/watches/li-kimi", json=body, headers=wang).status_code == 404, method
    assert client.get("/v1/alerts?watch=li-kimi", headers=wang).json()["alerts"] == []
    feed = {"kind": "watch", "subject": "li-kimi"}
    assert client.post("/v1/feeds", params=feed, headers=wang).status_code == 404
    assert client.post("/v1/feeds", params=feed, headers=li).status_code == 200
    assert "li-kimi" in client.get("/v1/feeds", headers=li).text
    assert "li-kimi" not in client.get("/v1/feeds", headers=wang).text
    assert client.post("/v1/deliveries/1/replay", headers=wang).status_code == 404
    assert client.delete("/v1/watches/li-kimi", headers=li).status_code == 204

"""The web side over a real store: closed by default, the same answers as the command line, pages that say what is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from api import pages
from api.app import create_app
from settings import Settings
from tests.api.conftest import KEY, House, TestClient, kimi

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
OPEN = {"/healthz", "/readyz", "/key"}
"""Routes that need no key; a new one must be listed here, or be closed."""


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    house.bring(kimi(NOW, "<script>alert(1)</script>"))
    with house.client() as made:
        yield made


@pytest.fixture
def keyed(client: TestClient) -> Iterator[TestClient]:
    client.headers["Authorization"] = f"Bearer {KEY}"
    client.cookies.set("launchwatch_key", KEY)
    yield client
    del client.headers["Authorization"]
    client.cookies.clear()


def test_every_route_but_the_listed_ones_is_closed(client: TestClient) -> None:
    routes = [(path, method) for path, methods in client.app.openapi()["paths"].items() for method in methods]  # type: ignore[attr-defined]
    routes += [(r.path, m) for r in pages.router.routes if isinstance(r, APIRoute) for m in r.methods or ()]
    routes += [("/v1/openapi.json", "GET"), ("/docs", "GET"), ("/nothing", "GET"), ("/v1/nothing", "DELETE")]
    closed = [(path, method) for path, method in routes if path not in OPEN]
    assert len(closed) >= 18
    for path, method in closed:
        answer = client.request(method, path)
        assert answer.status_code == (401 if path.startswith("/v1/") else 303), (method, path)


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x"])
def test_another_key_opens_nothing(client: TestClient, shown: str) -> None:
    assert client.get("/v1/events", headers={"Authorization": shown}).status_code == 401


def test_events_come_with_their_page_and_one_comes_whole(keyed: TestClient) -> None:
    page = keyed.get("/v1/events", params={"company": "moonshot-ai"}).json()
    assert [e["title_zh"] for e in page["events"]] == ["Kimi 智能助手启动 200 万字无损上下文内测"]
    whole = keyed.get(f"/v1/events/{page['events'][0]['id']}").json()
    assert whole["links"]
    assert whole["scores"]
    assert keyed.get("/v1/events/nothing").status_code == 404
    assert keyed.get("/v1/events", params={"cursor": "rubbish"}).status_code == 422
    assert keyed.get("/v1/events", params={"company": "openai"}).json()["events"] == []


def test_search_finds_two_character_words(keyed: TestClient) -> None:
    assert len(keyed.get("/v1/search", params={"q": "内测"}).json()["events"]) == 1


@pytest.mark.parametrize("path", ["/", "/?week=2024-W12&lens=all", "/events", "/search?q=Kimi", "/sources", "/alerts"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_opens_in_both_languages(keyed: TestClient, path: str, lang: str) -> None:
    answer = keyed.get(path, params={"lang": lang} if "?" not in path else None)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_an_event_s_page_shows_reasons_and_never_runs_what_a_feed_wrote(keyed: TestClient) -> None:
    event_id = keyed.get("/v1/events").json()["events"][0]["id"]
    page = keyed.get(f"/events/{event_id}").text
    assert "200万字" in page.replace(" ", "")
    assert "←" in page
    assert "<script>alert" not in page


def test_the_week_s_digest_is_served_in_every_format(keyed: TestClient) -> None:
    for form, start in (("text", b""), ("md", b""), ("html", b"<!"), ("json", b"{"), ("docx", b"PK"), ("pdf", b"%PDF")):
        answer = keyed.get("/v1/digests/2024-W12", params={"format": form})
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(start)
    assert keyed.get("/v1/digests/2999-W01").status_code == 422
    assert "Kimi" in keyed.get("/digests/2024-W12").text


def test_the_key_s_page_lets_in_who_knows_it(client: TestClient) -> None:
    assert client.get("/").headers["location"] == "/key"
    assert client.post("/key", content="key=wrong").status_code == 403
    answer = client.post("/key", content=f"key={KEY}")
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    client.cookies.clear()


def test_a_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    create_app(Settings(home=tmp_path)).state.desk.store.close()
    path = tmp_path / "admin.key"
    assert path.stat().st_mode & 0o777 == 0o600
    first = path.read_text()
    create_app(Settings(home=tmp_path)).state.desk.store.close()
    assert path.read_text() == first


def test_readiness_means_the_store_answers(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.get("/healthz").json() == {"status": "alive"}


def test_a_chosen_language_stays_chosen(keyed: TestClient) -> None:
    keyed.get("/events", params={"lang": "en"})
    assert "Older events" in keyed.get("/events").text or 'lang="en"' in keyed.get("/events").text
    keyed.get("/events", params={"lang": "zh"})
    assert 'lang="zh-CN"' in keyed.get("/events").text

"""The hubs' callback: open, since a hub knows no key, and good for nothing but what it is for."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.app import create_app
from api.routes.websub import MOST_BYTES
from settings import Settings
from storage import queue, sources, subscriptions
from storage.engine import Store, open_store
from storage.subscriptions import Subscription

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
TOKEN, TOPIC = "t" * 43, "https://acme.example/feed"
PATH = f"/websub/{TOKEN}"
ASKED = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "say-this", "hub.lease_seconds": "86400"}


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url)
    with opened.writing() as session:
        subscriptions.save(
            session,
            Subscription(
                source_id="acme", hub="https://hub", topic=TOPIC, token=TOKEN, secret="s", state="asked", next_due=NOW
            ),
        )
    yield opened
    opened.close()


@pytest.fixture
def client(store: Store, sqlite_url: str, tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path, admin_key="lw_test-key", database_url=sqlite_url)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000", follow_redirects=False) as made:
        yield made


def state(store: Store) -> Subscription:
    with store.reading() as session:
        found = subscriptions.get(session, "acme")
    assert found is not None
    return found


def test_a_hub_s_question_is_answered_for_the_topic_that_we_asked_for(client: TestClient, store: Store) -> None:
    answer = client.get(PATH, params=ASKED)
    assert (answer.status_code, answer.text) == (200, "say-this")
    assert answer.headers["content-type"].startswith("text/plain")
    found = state(store)
    assert found.state == "verified"
    assert found.lease_until is not None
    half = (found.lease_until - found.next_due).total_seconds()
    assert half == pytest.approx(43_200, abs=1)


@pytest.mark.parametrize(
    "changed",
    [
        {"hub.topic": "https://evil.example/"},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
        {"hub.challenge": ""},
        {"hub.challenge": "x" * 5_000},
    ],
)
def test_what_we_did_not_ask_for_is_not_confirmed(client: TestClient, store: Store, changed: dict[str, str]) -> None:
    assert client.get(PATH, params={**ASKED, **changed}).status_code == 404
    assert state(store).state == "asked"


def test_an_unknown_token_learns_nothing_and_leaves_nothing(client: TestClient, store: Store) -> None:
    other = "/websub/" + "u" * 43
    assert client.get(other, params=ASKED).status_code == 404
    assert client.post(other, content=b"<rss/>").status_code == 410
    assert client.get("/websub/").status_code == 404
    with store.reading() as session:
        assert queue.due(session, [subscriptions.PUSH], NOW) == []


def test_a_denied_subscription_is_noted_with_its_reason(client: TestClient, store: Store) -> None:
    said = {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "no more room"}
    assert client.get(PATH, params=said).status_code == 200
    assert (state(store).state, state(store).reason) == ("denied", "no more room")


def test_a_push_is_kept_with_its_work_and_nothing_is_read_here(client: TestClient, store: Store) -> None:
    headers = {"x-hub-signature": "sha256=abc", "content-type": "application/atom+xml"}
    assert client.post(PATH, content=b"\xff\x00 not even text", headers=headers).status_code == 202
    with store.reading() as session:
        ((kind, number),) = queue.due(session, [subscriptions.PUSH], datetime.now(UTC))
        push = subscriptions.push(session, int(number))
    assert kind == subscriptions.PUSH
    assert push is not None
    assert (push.body, push.signature, push.content_type) == (
        b"\xff\x00 not even text",
        "sha256=abc",
        "application/atom+xml",
    )


def test_a_push_beyond_the_cap_is_refused(client: TestClient, store: Store) -> None:
    assert client.post(PATH, content=b"x" * (MOST_BYTES + 1)).status_code == 413
    with store.reading() as session:
        assert subscriptions.push(session, 1) is None


def test_collect_now_needs_the_key_and_a_source_that_is_known(client: TestClient, store: Store) -> None:
    with store.writing() as session:
        sources.save_state(session, sources.SourceState(source_id="acme"))
    assert client.post("/v1/sources/acme/collect").status_code == 401
    key = {"Authorization": "Bearer lw_test-key"}
    assert client.post("/v1/sources/nothing/collect", headers=key).status_code == 404
    assert client.post("/v1/sources/acme/collect", headers=key).status_code == 202
    with store.reading() as session:
        assert queue.due(session, [sources.VISIT], datetime.now(UTC)) == [(sources.VISIT, "acme")]

"""A change that is sent again under its Idempotency-Key is made once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api import repeats
from api.repeats import HEADER, REPLAYED
from storage import answers
from tests.api.conftest import ADMIN, House, TestClient

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
WANTED = {"name": "a reader", "owner": "li", "scope": "read"}


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    with house.client(headers=ADMIN) as made:
        yield made


def made_keys(client: TestClient) -> int:
    return len(client.get("/v1/keys").json())


def test_the_same_request_is_done_once_and_answered_the_same(client: TestClient) -> None:
    before, deeds = made_keys(client), len(client.get("/v1/audit").json())
    first, again = (client.post("/v1/keys", json=WANTED, headers={HEADER: "one"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (first.headers.get(REPLAYED), again.headers[REPLAYED]) == (None, "true")
    assert (made_keys(client) - before, len(client.get("/v1/audit").json()) - deeds) == (1, 1)


def test_another_request_under_a_used_key_is_refused(client: TestClient) -> None:
    before = made_keys(client)
    client.post("/v1/keys", json=WANTED, headers={HEADER: "two"})
    other = client.post("/v1/keys", json=WANTED | {"name": "another"}, headers={HEADER: "two"})
    assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")
    assert made_keys(client) == before + 1


def test_each_key_holder_has_keys_of_their_own(client: TestClient) -> None:
    secrets = [client.post("/v1/keys", json=WANTED | {"scope": "write"}).json()["secret"] for _ in range(2)]
    told = [
        client.post("/v1/feeds?kind=all", headers={"Authorization": f"Bearer {secret}", HEADER: "mine"})
        for secret in secrets
    ]
    assert [(one.status_code, REPLAYED in one.headers) for one in told] == [(200, False), (200, False)]


def test_what_is_refused_stays_refused_and_an_empty_answer_is_one(client: TestClient) -> None:
    gone = [client.delete("/v1/keys/nobody", headers={HEADER: "three"}) for _ in range(2)]
    assert [(one.status_code, one.headers["content-type"]) for one in gone] == [(404, "application/problem+json")] * 2
    key_id = client.post("/v1/keys", json=WANTED).json()["key"]["id"]
    gone = [client.delete(f"/v1/keys/{key_id}", headers={HEADER: "four"}) for _ in range(2)]
    assert [(one.status_code, one.content) for one in gone] == [(204, b"")] * 2


def test_while_the_first_is_being_answered_the_second_is_told_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, at_work, go_on = repeats._keep, threading.Event(), threading.Event()

    def slowly(*given: Any) -> None:
        at_work.set()
        go_on.wait(10)
        keep(*given)

    before = made_keys(client)
    with client.app.state.desk.store.writing() as session:  # type: ignore[attr-defined]
        answers.claim(session, "admin", "five", "somebody else's", datetime.now(UTC))
    assert client.post("/v1/keys", json=WANTED, headers={HEADER: "five"}).status_code == 422
    monkeypatch.setattr(repeats, "_keep", slowly)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.post, "/v1/keys", json=WANTED, headers={HEADER: "six"})
        assert at_work.wait(10)
        second = client.post("/v1/keys", json=WANTED, headers={HEADER: "six"})
        go_on.set()
    assert (second.status_code, first.result().status_code) == (409, 201)
    assert made_keys(client) == before + 1


@pytest.mark.parametrize("name", ["", "a b", "x" * 256])
def test_a_key_that_is_none_is_refused(client: TestClient, name: str) -> None:
    assert client.post("/v1/keys", json=WANTED, headers={HEADER: name}).status_code == 422


def test_answers_are_sealed_and_forgotten_after_a_day(client: TestClient) -> None:
    secret = client.post("/v1/keys", json=WANTED, headers={HEADER: "seven"}).json()["secret"]
    store = client.app.state.desk.store  # type: ignore[attr-defined]
    with store.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT body FROM answers").scalars().all()
    assert secret.encode() not in b"".join(kept)
    with store.writing() as session:
        assert answers.claim(session, "admin", "seven", "x", datetime.now(UTC)) is not None
        assert answers.claim(session, "admin", "seven", "x", datetime.now(UTC) + answers.KEPT) is None
        assert len(session.connection().exec_driver_sql("SELECT 1 FROM answers").all()) == 1


def test_what_was_never_answered_may_be_asked_again_when_its_process_is_gone(client: TestClient) -> None:
    with client.app.state.desk.store.writing() as session:  # type: ignore[attr-defined]
        assert answers.claim(session, "k", "eight", "x", NOW) is None
        assert answers.claim(session, "k", "eight", "x", NOW + timedelta(minutes=1)) is not None
        assert answers.claim(session, "k", "eight", "x", NOW + answers.GIVEN_UP + timedelta(seconds=1)) is None


def test_too_long_a_request_is_refused_before_it_is_read(client: TestClient) -> None:
    assert client.post("/v1/keys", content=b"x" * 1_048_577).status_code == 413
    assert client.post("/v1/keys", content=iter([b"x"])).status_code == 413

"""Every route with every kind of credential: as listed, and none that is not listed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from pipeline.lexicon import Lexicon
from storage import keys
from tests.api.conftest import ADMIN, House, TestClient
from tests.api.inventory import BODIES, OTHER, OWNER, STREAMS, Listed, Stocked, routes, stock

HOLDERS = ("none", "read", "write", "admin", "other")
REFUSED = {
    "read": {"none"},
    "write": {"none", "read"},
    "own": {"none", "other"},
    "admin": {"none", "read", "write", "other"},
}
REFUSED |= {"open": set(), "token": set()}


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, lexicon: Lexicon) -> Stocked:
    return stock(House(tmp_path_factory.mktemp("listed"), lexicon, {"api_per_minute": 1_000_000.0}))


@pytest.fixture(scope="module")
def client(stocked: Stocked) -> Iterator[TestClient]:
    with stocked.house.client() as made:
        yield made


@pytest.fixture(scope="module")
def shown(stocked: Stocked) -> dict[str, dict[str, str]]:
    """What each holder shows."""
    owners = {"read": OWNER, "write": OWNER, "other": OTHER}
    with stocked.house.desk() as desk, desk.store.writing() as session:
        made = {
            holder: keys.make(session, holder, owner, "read" if holder == "read" else "write", datetime.now(UTC))[1]
            for holder, owner in owners.items()
        }
    return {"none": {}, "admin": ADMIN} | {h: {"Authorization": f"Bearer {secret}"} for h, secret in made.items()}


def test_every_route_is_listed_and_nothing_else(client: TestClient) -> None:
    app: Any = client.app
    there = {
        f"{m} {c.path}"
        for c in iter_route_contexts(app.routes)
        for m in (c.methods or ["GET" if c.path == "/static" else "POST"])
        if m != "HEAD"
    }
    assert there == {route.name for route in routes()}


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.name)
def test_each_holder_is_let_in_as_listed(
    route: Listed, stocked: Stocked, client: TestClient, shown: dict[str, dict[str, str]]
) -> None:
    told: dict[str, str] = {}
    for holder in HOLDERS:
        if route.path in STREAMS[:2] and holder not in REFUSED[route.need]:
            continue  # it never ends; tests of the stream read it
        if route.changes:
            stocked.restock()
        answer = client.request(
            route.method, stocked.address(route), headers=shown[holder], json=BODIES.get(route.name)
        )
        assert answer.status_code < 500, (route.name, holder, answer.text)
        told[holder] = "in" if _let_in(route, answer.status_code, answer.headers.get("location", "")) else "out"
    wanted = {holder: "out" if holder in _refused(route) else "in" for holder in told}
    assert told == wanted


def _refused(route: Listed) -> set[str]:
    """Who is to be kept out; a thing that is another's is changed with a key that may change, if it were one's own."""
    refused = set(REFUSED[route.need])
    return refused | {"read"} if route.need == "own" and route.changes else refused


def _let_in(route: Listed, status: int, location: str) -> bool:
    is_gone = status == 404 and route.need == "own"
    is_login = status == 303 and location == "/key" and route.path not in ("/leave", "/key")
    return not (status in (401, 403) and route.name != "POST /key") and not is_gone and not is_login

"""The API's description: every route with an example that its own schema allows, and the problems that it may tell of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.api.conftest import ADMIN, House

NO_BODY = {"204"}


@pytest.fixture(scope="module")
def api(house: House) -> Iterator[dict[str, Any]]:
    with house.client(headers=ADMIN) as client:
        found: dict[str, Any] = client.get("/v1/openapi.json").json()
        yield found


def operations(api: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_route_has_an_example_of_what_it_is_asked_and_answers(api: dict[str, Any]) -> None:
    lacking = []
    for name, operation in operations(api):
        answer = next((code, one) for code, one in operation["responses"].items() if code.startswith("2"))
        answered = [media.get("example") for media in answer[1].get("content", {}).values()]
        asked = [media.get("example") for media in operation.get("requestBody", {}).get("content", {}).values()]
        if (answer[0] not in NO_BODY and not any(answered)) or not all(asked):
            lacking.append(name)
    assert lacking == []


def test_every_example_is_one_that_its_schema_allows(api: dict[str, Any]) -> None:
    checked = 0
    for name, operation in operations(api):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media_type, media in [pair for body in bodies for pair in body.get("content", {}).items()]:
            if media_type == "application/json" and "example" in media and "schema" in media:
                whole = media["schema"] | {"components": api["components"]}
                errors = list(jsonschema.Draft202012Validator(whole).iter_errors(media["example"]))
                assert errors == [], (name, errors[0].message if errors else "")
                checked += 1
    assert checked >= 30


def test_every_route_of_the_api_tells_its_problems_and_its_scope(api: dict[str, Any]) -> None:
    assert set(api["components"]["schemas"]["Problem"]["required"]) == {"type", "title", "status", "detail"}
    for name, operation in operations(api):
        if " /v1/" not in name:
            continue
        problems = {
            code for code, one in operation["responses"].items() if "application/problem+json" in one.get("content", {})
        }
        assert problems >= {"401", "403", "404", "422", "429"}, name
        assert operation["x-scope"] in ("read", "write", "admin")
        if not name.startswith("GET"):
            assert "idempotency-key" in {one["name"] for one in operation["parameters"]}, name


def test_no_example_shows_a_secret(api: dict[str, Any]) -> None:
    made = dict(operations(api))["POST /v1/keys"]["responses"]["201"]["content"]["application/json"]["example"]
    assert made["secret"] == "lw_..."

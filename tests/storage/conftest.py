"""Every test of the store that asks for `store` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.engine import Store, open_store


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a new store, of each kind in turn."""
    address: str = request.getfixturevalue(f"{request.param}_url")
    return address


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store, of each kind in turn."""
    opened = open_store(store_url)
    yield opened
    opened.close()

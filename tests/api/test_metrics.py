"""Figures for Prometheus behind the key, and a readiness that tells outsiders no more than that."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from api.app import create_app
from settings import Settings
from storage import documents, queue
from storage.engine import open_store
from tests.factories import make_raw

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

KEY = "lw_test-key"
SHOWN = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    settings = Settings(home=home, admin_key=KEY)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000", follow_redirects=False) as made:
        yield made


def test_the_figures_are_prometheus_text_and_need_the_key(client: TestClient, home: Path) -> None:
    store = open_store(f"sqlite:///{home}/launchwatch.db")
    with store.writing() as session:
        documents.receive(session, [make_raw("a title")], datetime.now(UTC) - timedelta(minutes=1))
    store.close()
    refused = client.get("/metrics")
    assert refused.status_code in (303, 401)
    assert "launchwatch_" not in refused.text
    answer = client.get("/metrics", headers=SHOWN)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {family.name: family.samples for family in families(answer.text)}
    (work,) = found["launchwatch_work"]
    assert (work.labels, work.value) == ({"kind": "document", "state": "ready"}, 1)
    assert found["launchwatch_work_age_seconds"][0].value >= 60
    assert {sample.labels["stage"] for sample in found["launchwatch_delay_documents"]} == {
        "collect",
        "process",
        "deliver",
    }


def test_not_ready_tells_its_reason_and_the_whole_of_it_to_the_key_alone(client: TestClient, home: Path) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}
    store = open_store(f"sqlite:///{home}/launchwatch.db")
    with store.writing() as session:
        queue.beat(session, "collect", datetime.now(UTC) - timedelta(hours=1))
    store.close()
    outside, inside = client.get("/readyz"), client.get("/readyz", headers=SHOWN)
    assert (outside.status_code, inside.status_code) == (503, 503)
    assert outside.json()["reasons"] == ["a part is silent"]
    assert "collect has been silent since" in inside.json()["reasons"][0]
    assert client.get("/healthz").status_code == 200

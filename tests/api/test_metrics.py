"""Figures for Prometheus behind the key, and a readiness that tells outsiders no more than that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from storage import documents, queue
from storage.engine import open_store
from tests.api.conftest import ADMIN, House, TestClient
from tests.factories import make_raw


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    with house.client() as made:
        yield made


def test_the_figures_are_prometheus_text_and_need_the_key(client: TestClient, house: House) -> None:
    store = open_store(f"sqlite:///{house.home}/launchwatch.db")
    with store.writing() as session:
        documents.receive(session, [make_raw("a title")], datetime.now(UTC) - timedelta(minutes=1))
    store.close()
    refused = client.get("/metrics")
    assert refused.status_code in (303, 401)
    assert "launchwatch_" not in refused.text
    answer = client.get("/metrics", headers=ADMIN)
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


def test_not_ready_tells_its_reason_and_the_whole_of_it_to_the_key_alone(client: TestClient, house: House) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}
    store = open_store(f"sqlite:///{house.home}/launchwatch.db")
    with store.writing() as session:
        queue.beat(session, "collect", datetime.now(UTC) - timedelta(hours=1))
    store.close()
    outside, inside = client.get("/readyz"), client.get("/readyz", headers=ADMIN)
    assert (outside.status_code, inside.status_code) == (503, 503)
    assert outside.json()["reasons"] == ["a part is silent"]
    assert "collect has been silent since" in inside.json()["reasons"][0]
    assert client.get("/healthz").status_code == 200

"""What companies, securities and events look like as of a day: nothing that was learned later."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run


def company(run: Run, name: str, *words: str) -> dict[str, Any]:
    rows = [json.loads(line) for line in run("companies", name, "--json", *words).out.splitlines()]
    return next(row for row in rows if row["id"] == name)


def test_a_company_shows_the_ties_of_a_day(run: Run) -> None:
    early, late = (
        {r["security"] for r in company(run, "moonshot-ai", "--as-of", day)["relations"]}
        for day in ("2024-03-01", "2024-03-25")
    )
    assert early < late
    assert "300738.SZ" in late - early
    assert "09988.HK" in early


def test_a_company_shows_its_own_listings_apart(run: Run) -> None:
    found = company(run, "alibaba", "--as-of", "2024-03-25")
    assert set(found["listings"]) == {"09988.HK", "NYSE:BABA"}
    assert not {r["kind"] for r in found["relations"]} & {"is_listed_as"}
    assert "09988.HK, NYSE:BABA" in run("companies", "alibaba", "--as-of", "2024-03-25").out


@pytest.fixture
def event_id(run: Run, tmp_path: Path) -> str:
    news = {"title": "Kimi 智能助手启动 200 万字无损上下文内测", "date": "2024-03-18", "id": "k"}
    (tmp_path / "news.jsonl").write_text(json.dumps(news, ensure_ascii=False), "utf-8")
    run("ingest", str(tmp_path / "news.jsonl"))
    return str(json.loads(run("events", "--json").out)["id"])


def test_an_event_shows_what_was_here_by_a_day(run: Run, event_id: str) -> None:
    now = datetime.now(UTC) + timedelta(days=1)
    whole = json.loads(run("events", event_id, "--json").out)
    known = json.loads(run("events", event_id, "--json", "--as-of", f"{now:%Y-%m-%d}").out)
    assert whole["links"]
    assert known["links"] == whole["links"]
    assert known["reports"] == whole["reports"]
    before = run("events", event_id, "--as-of", "2024-03-25")
    assert before.code == 1
    assert "was first seen later" in before.err


def test_a_search_and_a_digest_look_back_to_what_was_here(run: Run, event_id: str) -> None:
    later = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    found = [run("search", "Kimi", "--as-of", day, "--json").out for day in ("2024-03-25", later)]
    assert ["200 万字" in out for out in found] == [False, True]
    before, after = (run("digest", "--week", "2024-W12", "--as-of", day) for day in ("2024-03-25", later))
    assert ["200万字" in "".join(ran.out.split()) for ran in (before, after)] == [False, True]
    assert "1 events of 2024-W12 stand now" in before.err
    assert not after.err
    assert run("digest", "--week", "2024-W12", "--as-of", later, "--save").code == 2


def test_a_list_of_events_takes_no_as_of(run: Run, event_id: str) -> None:
    ran = run("events", "--as-of", "2024-03-25")
    assert ran.code == 2
    assert "--as-of" in ran.err

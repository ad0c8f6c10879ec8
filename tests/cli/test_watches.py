"""`launchwatch watches` and `alerts`, as a person types them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.cli.conftest import Run


def test_a_watch_is_tried_edited_paused_and_shown(run: Run, tmp_path: Path) -> None:
    document = {"id": "k1", "title": "Kimi 智能助手启动 200 万字无损上下文内测", "text": "月之暗面宣布。"}
    news = tmp_path / "news.jsonl"
    news.write_text(json.dumps({**document, "published_at": datetime.now(UTC).isoformat()}))
    assert run("ingest", str(news)).code == 0
    tried = run("watches", "try", "--company", "moonshot-ai", "--cadence", "daily")
    assert "1 alerts in 1 messages" in tried.out
    assert "company: moonshot-ai" in tried.out or "公司：moonshot-ai" in tried.out
    added = run("watches", "add", "Kimi", "--company", "moonshot-ai", "--to", "mailto:alice@example.com")
    assert "1 alerts in 1 messages" in added.err
    assert run("watches", "add", "Kimi", "--yes").code == 2
    assert run("watches", "edit", "kimi", "--session", "shanghai:before_open", "--clear", "company", "--yes").code == 0
    assert run("watches", "pause", "kimi").code == 0
    [kept] = [json.loads(line) for line in run("watches", "list", "--json").out.splitlines()]
    assert (kept["companies"], kept["cadence"], kept["paused"]) == ([], "sessions", True)
    assert "alice" not in run("watches", "show", "kimi").out
    assert run("watches", "resume", "kimi").code == 0
    assert "paused" not in run("watches").out


def test_a_test_message_shows_what_each_destination_answered(run: Run) -> None:
    run("watches", "add", "Mail", "--to", "mailto:a@example.com", "--yes")
    ran = run("watches", "test", "mail")
    assert ran.code == 1
    assert "no mail server is set" in ran.out


def test_alerts_are_found_and_dead_ones_sent_again(run: Run) -> None:
    assert run("alerts", "list", "--state", "dead", "--since", "2024-01-01", "--text", "Kimi", "--json").out == ""
    assert run("alerts", "list", "--state", "lost").code == 2
    assert run("alerts", "replay").code == 2
    assert run("alerts", "replay", "--dead").code == 0
    assert run("alerts", "replay", "7").code == 1
    assert run("alerts", "show", "nothing").code == 1

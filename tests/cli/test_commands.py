"""The commands that scripts rely on: what goes in, what comes out, in the same order."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import COMMANDS
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
KIMI = {
    "id": "k1",
    "title": "Kimi 智能助手启动 200 万字无损上下文内测",
    "text": "月之暗面宣布 Kimi 智能助手启动 200 万字无损上下文内测。",
    "date": "2024-03-18",
    "lang": "zh",
}
GROK = {
    "id": "g1",
    "title": "xAI open-sources Grok-1",
    "text": "xAI released the weights of Grok-1, a 314B parameter model, under Apache 2.0.",
    "published_at": "2024-03-18T03:00:00+08:00",
    "language": "en",
}


def lines(*rows: dict[str, str]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def news(tmp_path: Path) -> str:
    path = tmp_path / "news.jsonl"
    path.write_text(lines(KIMI, GROK), "utf-8")
    return str(path)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    assert "Usage" in ran.out


def test_tag_answers_each_document_in_order_with_quotes(run: Run) -> None:
    ran = run("tag", stdin=lines(KIMI, GROK))
    first, second = (json.loads(line) for line in ran.out.splitlines())
    assert (first["id"], second["id"]) == ("k1", "g1")
    assert first["companies"][0]["id"] == "moonshot-ai"
    assert first["companies"][0]["quote"] in KIMI["title"] + KIMI["text"]
    assert {"kind": "context_length", "value": 2000000, "unit": "characters"}.items() <= first["facts"][0].items()
    assert any(f["kind"] == "parameters" and f["value"] == 314_000_000_000 for f in second["facts"])
    assert all(s["reason"]["zh"] and s["reason"]["en"] and s["evidence"] and s["as_of"] for s in first["securities"])


def test_commands_that_only_think_start_without_what_logs_or_stores() -> None:
    code = (
        "import sys; from importlib import import_module; from cli.main import COMMANDS, LOGS_NOTHING\n"
        "for name in LOGS_NOTHING - {'parse'}: import_module(COMMANDS[name])\n"
        "print(sorted({'structlog', 'twisted', 'sqlalchemy', 'celery', 'aiohttp'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout == "[]\n"


def test_tag_explains_each_tag(run: Run) -> None:
    ran = run("tag", "--explain", stdin=lines(KIMI))
    told = [line.split("\t") for line in ran.out.splitlines()]
    assert {(len(cells), cells[0]) for cells in told} == {(5, "k1")}
    assert any(cells[1] == "company moonshot-ai (actor)" and int(cells[2]) > 50 and cells[4] for cells in told)
    assert any(cells[1] == "fact context_length 2,000,000 characters" and "Kimi" in cells[3] for cells in told)


def test_a_screen_shows_what_stands_in_brackets_and_one_line_a_heading(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.tag.on_terminal", lambda: True)
    monkeypatch.setattr("cli.console.on_terminal", lambda: True)
    ran = run("tag", "--explain", stdin=lines(GROK | {"title": "[bold]xAI[/bold] open-sources\nGrok-1"}))
    assert "g1 [bold]xAI[/bold] open-sources Grok-1" in ran.out


def test_cluster_joins_two_reports_and_keeps_a_third_apart(run: Run) -> None:
    again = KIMI | {"id": "k2", "title": "月之暗面 Kimi 开启 200 万字无损上下文内测", "date": "2024-03-19"}
    ran = run("cluster", stdin=lines(KIMI, GROK, again))
    events = {row["id"]: row["event_id"] for row in map(json.loads, ran.out.splitlines())}
    assert list(events) == ["k1", "g1", "k2"]
    assert events["k1"] == events["k2"] != events["g1"]


def test_companies_tell_every_name(run: Run) -> None:
    rows = [json.loads(line) for line in run("companies", "--json").out.splitlines()]
    kimi = next(row for row in rows if row["id"] == "moonshot-ai")
    assert {"Moonshot AI", "月之暗面"} <= set(kimi["names"])


def test_securities_show_relations_as_of_a_day(run: Run) -> None:
    before, after = (
        run("securities", "300364.SZ", "--as-of", day, "--json").out for day in ("2024-03-01", "2024-03-25")
    )
    assert "moonshot-ai" not in before
    assert "moonshot-ai" in after


def test_ingest_twice_adds_nothing(run: Run, news: str) -> None:
    first, second = run("ingest", news), run("ingest", news)
    assert "2 new, 0 known" in first.out
    assert "2 done" in first.out
    assert "0 new, 2 known" in second.out
    assert len(run("events", "--json").out.splitlines()) == 2


def test_ingest_reads_a_feed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(
        '<rss version="2.0"><channel><title>t</title><item><title>xAI open-sources Grok-1</title>'
        "<link>https://x.ai/blog/grok-os</link><description>xAI released Grok-1.</description>"
        "<pubDate>Sun, 17 Mar 2024 19:00:00 GMT</pubDate></item></channel></rss>"
    )
    assert "1 new" in run("ingest", str(tmp_path / "feed.xml")).out
    (event,) = (json.loads(line) for line in run("events", "--json").out.splitlines())
    assert event["published_at"] == "2024-03-17T19:00:00Z"


def test_search_finds_by_words_of_either_language_and_by_filter(run: Run, news: str) -> None:
    run("ingest", news)
    assert "Kimi" in run("search", "无损上下文").out
    assert "Grok" in run("search", "grok").out
    assert "Grok" in run("search", "--company", "xai").out
    assert run("search", "无此词").out == ""


def test_an_event_shows_its_facts_links_and_reports(run: Run, news: str) -> None:
    run("ingest", news)
    event_id = json.loads(run("search", "Kimi", "--json").out)["id"]
    told = run("events", event_id).out
    assert "200" in told
    assert "security" in told
    assert "report" in told


def test_digest_names_the_week_s_events(run: Run, news: str) -> None:
    run("ingest", news)
    text = run("digest", "--week", "2024-W12").out
    assert "Kimi" in text
    assert "Grok-1" in text
    body = json.loads(run("digest", "--week", "2024-W12", "--format", "json").out)
    assert body["period"]["label"] == "2024-W12"


def test_export_has_a_row_for_each_event_and_security(run: Run, news: str) -> None:
    run("ingest", news)
    rows = list(csv.DictReader(io.StringIO(run("export", "--from", "2024-03-11", "--to", "2024-04-01").out)))
    assert rows
    assert all(row["reason_zh"] and row["reason_en"] and row["evidence"] and row["as_of"] for row in rows)


def test_a_watch_is_added_listed_and_removed(run: Run) -> None:
    assert run("watches", "add", "Kimi", "--company", "moonshot-ai", "--to", "mailto:a@example.com").code == 0
    assert json.loads(run("watches", "--json").out)["companies"] == ["moonshot-ai"]
    assert run("watches", "remove", "kimi").code == 0
    assert run("watches", "--json").out == ""


def test_a_watch_on_an_unknown_company_is_refused(run: Run) -> None:
    ran = run("watches", "add", "Nobody", "--company", "no-such-company")
    assert ran.code == 2
    assert "no-such-company" in ran.err


def test_the_bundled_knowledge_and_sources_are_sound(run: Run) -> None:
    ran = run("check")
    assert ran.code == 0, ran.out
    assert ran.out.startswith("0 errors")


def test_sources_are_listed_with_their_health(run: Run) -> None:
    rows = [json.loads(line) for line in run("sources", "--json").out.splitlines()]
    assert len(rows) >= 300
    assert {row["health"] for row in rows} == {"unknown"}


def test_doctor_finds_nothing_wrong_with_a_new_installation(run: Run) -> None:
    ran = run("doctor")
    assert ran.code == 0, ran.out
    assert "BAD" not in ran.out


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LAUNCHWATCH_DIGEST_TO", "mailto:desk@example.com,wecom://SECRET-K!", "robot's address"),
        ("LAUNCHWATCH_DIGEST_TO", "pigeon://roof", "no channel for 'pigeon'"),
        ("LAUNCHWATCH_DIGEST_LENS", "games", "no lens is called 'games'; there are"),
    ],
)
def test_a_wrong_address_for_digests_is_found_and_nothing_starts_with_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    found = run("doctor")
    assert found.code == 1
    assert any(line.startswith("BAD") and name in line and words in line for line in found.out.splitlines())
    for part in ("up", "worker"):
        refused = run(part)
        assert (refused.code, refused.out) == (2, "")
        assert name in refused.err
        assert "SECRET-K" not in refused.err


def test_migrate_says_where_the_store_stands(run: Run) -> None:
    assert "version" in run("migrate").out


def test_parse_answers_every_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html><title>502</title></html>")
    ran = run("parse", "--json", str(tmp_path / "page.html"), "nowhere.xml")
    first, second = (json.loads(line) for line in ran.out.splitlines())
    assert first["error"]
    assert second["error"]


def test_replay_raw_says_what_it_read_again_and_refuses_what_it_does_not_know(run: Run) -> None:
    ran = run("replay", "--raw")
    assert ran.code == 0, ran.err
    assert "0 answers read again: 0 new, 0 known already" in ran.out
    assert run("replay", "--raw", "--source", "nobody").code == 2
    assert "no day like" in run("replay", "--raw", "--since", "soon").err
    assert "0 pieces of work again" in run("replay", "--aside").out

"""Sources from the command line: found behind a page, shown before they are saved, exchanged as OPML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import cli.sources
from crawlers.guard import Guard
from sample.site import Site
from tests.cli.conftest import Run


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The sample's site, with a guard that lets just it be reached."""
    with Site() as served:
        host, port = served.base_url.removeprefix("http://").split(":")
        monkeypatch.setattr(cli.sources, "Guard", lambda: Guard(allow=[(host, int(port))]))
        yield served


def test_a_feed_is_found_shown_and_saved_on_yes(run: Run, site: Site, tmp_path: Path) -> None:
    ran = run("sources", "add", f"{site.base_url}/sample-xai/feed.xml", "--tier", "1", "--company", "xai", "--yes")
    assert ran.code == 0, ran.err
    assert "Grok" in ran.out
    assert (tmp_path / "home" / "sources.yaml").exists()
    rows = [json.loads(line) for line in run("sources", "list", "127-0-0-1", "--json").out.splitlines()]
    assert [(row["company"], row["tier"]) for row in rows] == [("xai", 1)]


def test_nothing_is_saved_on_no(run: Run, site: Site, tmp_path: Path) -> None:
    ran = run("sources", "add", f"{site.base_url}/sample-xai/feed.xml", stdin="n\n")
    assert ran.code == 1
    assert not (tmp_path / "home" / "sources.yaml").exists()


def test_a_local_address_is_refused_by_the_guard(run: Run) -> None:
    ran = run("sources", "add", "http://127.0.0.1:1/feed.xml", "--yes")
    assert ran.code == 1
    assert "Traceback" not in ran.err


def test_sources_go_out_and_come_back_as_opml(run: Run, tmp_path: Path) -> None:
    path = str(tmp_path / "sources.opml")
    assert run("sources", "export", "-o", path).code == 0
    ran = run("sources", "import", path)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("0 new")
    (tmp_path / "mine.opml").write_text(
        '<opml version="2.0"><body><outline type="rss" text="A" xmlUrl="https://a.example.org/feed"/></body></opml>'
    )
    assert run("sources", "import", str(tmp_path / "mine.opml")).out.startswith("1 new")
    assert "a.example.org" in run("sources", "list", "a.example.org", "--json").out


def test_a_file_that_is_no_opml_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "no.opml").write_text("<html></html>")
    ran = run("sources", "import", str(tmp_path / "no.opml"))
    assert ran.code == 2
    assert "no.opml" in ran.err

"""Sources from the command line: found behind a page, shown before they are saved, exchanged as OPML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

import cli.sources
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from sample.site import Site
from tests.cli.conftest import Run
from tests.site.misdeeds import PAGES
from tests.site.server import Answer, Asked, Misdeed
from tests.site.server import Site as HostileSite


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


def test_an_address_is_saved_once_and_an_unknown_company_never(run: Run, site: Site, tmp_path: Path) -> None:
    ran = run("sources", "add", f"{site.base_url}/sample-xai/feed.xml", "--company", "Open AI", "--yes")
    assert (ran.code, "Open AI" in ran.err) == (2, True)
    assert not (tmp_path / "home" / "sources.yaml").exists()
    assert run("sources", "add", f"{site.base_url}/sample-xai/feed.xml", "--yes").code == 0
    again = run("sources", "add", f"{site.base_url}/sample-xai/feed.xml", "--yes")
    assert (again.code, "already" in again.err) == (1, True)


def test_a_feed_never_takes_the_id_of_another(run: Run, tmp_path: Path) -> None:
    for name in ("one", "other"):
        outline = f'<outline type="rss" text="News" xmlUrl="https://{name}.example.org/feed"/>'
        (tmp_path / name).write_text(f'<opml version="2.0"><body>{outline}</body></opml>')
        assert run("sources", "import", str(tmp_path / name)).out.startswith("1 new")
    rows = [json.loads(line) for line in run("sources", "list", ".example.org", "--json").out.splitlines()]
    assert len({row["id"] for row in rows}) == 2


def test_a_source_that_was_not_tried_yet_says_how_far_its_address_was_checked(run: Run) -> None:
    assert "not tried; address: live-checked" in run("sources", "list", "openai-news").out


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


LISTING = "".join(
    f"<li class=post><a href=/article?{n}><h3>新模型发布第{n}号：长文本能力提升</h3></a><time>2024-03-{n}</time></li>"
    for n in range(18, 22)
)


def test_a_list_of_articles_is_shown_with_the_selectors_that_pick_them(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with HostileSite({**PAGES, "/news": says(f"<html><body><ul>{LISTING}</ul></body></html>")}) as served:
        monkeypatch.setattr(cli.sources, "Guard", lambda: Guard(allow=served.allow))
        monkeypatch.setattr(cli.sources, "Fetcher", partial(Fetcher, delay=0.0))
        ran = run("sources", "add", f"{served.base}/news", "--yes")
        assert ran.code == 0, ran.err
        assert "item: li.post" in ran.out
        assert "2024-03-21" in ran.out
        path = tmp_path / "home" / "sources.yaml"
        (row,) = yaml.safe_load(path.read_text())["sources"]
        assert row["selectors"] == {"item": "li.post", "title": "h3", "date": "time"}

        del row["selectors"]
        path.write_text(yaml.safe_dump([row | {"id": "by-shape", "pages": "never"}]))
        ran = run("sources", "test", "by-shape")
        assert ran.code == 0, ran.err
        assert "bring 4 of 4, 4 with a date" in ran.err
        assert "item: li.post" in ran.out


def says(page: str) -> Misdeed:
    """A page that is always the same."""

    async def answer(_: Asked, answer: Answer) -> None:
        await answer.send(page)

    return answer

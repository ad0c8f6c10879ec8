"""What was fetched is read again: an entry and its page find each other, however late the page came."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.answer import Fetched, Validators
from crawlers.archive import Archive
from crawlers.cage import Cage
from crawlers.sources import Source
from storage import documents
from tests.site.misdeeds import rss
from worker.desk import Desk
from worker.reread import read_again

START = datetime(2024, 3, 20, 12, tzinfo=UTC)
FEED, PAGE = "http://e.org/feed", "http://example.org/0"
WORDS = "Acme released a language model with 7B parameters under the Apache licence, and described how it was trained."
ARTICLE = f"<html><head><title>A model</title></head><body><article><h1>A model</h1>{f'<p>{WORDS}</p>' * 6}</article>"


def answer(url: str, body: str, kind: str) -> Fetched:
    return Fetched(url, url, 200, {"content-type": kind}, body.encode(), Validators())


@pytest.mark.parametrize("hours", [0.1, 5.0, 50.0])
def test_a_page_that_came_late_is_found_by_its_entry(desk: Desk, tmp_path: Path, hours: float) -> None:
    archive = Archive(tmp_path / "archive")
    archive.keep("acme", answer(FEED, rss("A model", "Another"), "text/xml"), START)
    for hour in (1, 2, 3):
        later = answer(f"{FEED}?{hour}", rss("Third", start=9), "text/xml")
        archive.keep("acme", later, START + timedelta(hours=hour))
    archive.keep("acme", answer(PAGE, ARTICLE, "text/html"), START + timedelta(hours=hours), is_page=True)
    assert WORDS in texts(desk, archive)["A model"]


def test_a_page_is_read_even_where_the_answer_that_named_it_is_gone(desk: Desk, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    archive.keep("acme", answer(PAGE, ARTICLE, "text/html"), START, is_page=True)
    assert WORDS in texts(desk, archive)["A model"]


def texts(desk: Desk, archive: Archive) -> dict[str, str]:
    """What stands in the store after the archive was read again, by title."""
    acme = Source.model_validate(
        {"id": "acme", "name": "Acme", "url": FEED, "kind": "rss", "tier": 1, "language": "en"}
    )
    with Cage() as cage:
        read_again(replace(desk, sources={"acme": acme}), archive, cage, START + timedelta(days=9))
    with desk.store.reading() as session:
        raws = [documents.raw(session, key) for key in documents.ids(session)]
    return {raw.title: raw.text for raw in raws}

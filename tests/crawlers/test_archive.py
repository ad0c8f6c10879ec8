"""What was fetched can be read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawlers.answer import Fetched, Validators
from crawlers.archive import Archive, KeepingFetcher
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.reading import Task
from tests.crawlers.conftest import with_fetcher
from tests.site.server import Site

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)


def fetched(number: int, size: int = 0, status: int = 200) -> Fetched:
    url = f"https://e.org/{number}"
    body = f"body {number} ".encode() + bytes(range(256)) * (size // 256)
    return Fetched(url, url, status, {"content-type": "text/xml; charset=gbk"}, body, Validators())


def test_answers_come_back_as_they_came(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for number in range(3):
        archive.keep("acme", fetched(number), NOW + timedelta(hours=number))
    kept = list(archive.read())
    assert [k.body for k in kept] == [b"body 0 ", b"body 1 ", b"body 2 "]
    assert (kept[0].source_id, kept[0].url, kept[0].content_type) == (
        "acme",
        "https://e.org/0",
        "text/xml; charset=gbk",
    )
    assert kept[2].fetched_at == NOW + timedelta(hours=2)


def test_a_time_and_a_source_can_be_asked_for(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.keep("a", fetched(1), NOW)
    archive.keep("b", fetched(2), NOW + timedelta(hours=1))
    assert [k.url for k in archive.read(since=NOW + timedelta(minutes=1))] == ["https://e.org/2"]
    assert [k.url for k in archive.read(source_id="a")] == ["https://e.org/1"]


def test_an_unchanged_answer_is_not_kept(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.keep("a", fetched(1, status=304), NOW)
    assert list(archive.read()) == []


def test_files_are_rotated_and_the_oldest_make_room(tmp_path: Path) -> None:
    archive = Archive(tmp_path, total_bytes=4_000, file_bytes=1_000)
    for number in range(40):
        archive.keep("a", fetched(number, 2_048), NOW + timedelta(seconds=number))
    files = list(tmp_path.glob("*.warc.gz"))
    assert len(files) > 1
    assert sum(path.stat().st_size for path in files) < 6_000
    assert [k.url for k in archive.read()][-1] == "https://e.org/39"
    assert "https://e.org/0" not in [k.url for k in archive.read()]


def test_a_record_torn_by_a_crash_spoils_no_other(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for number in range(3):
        archive.keep("a", fetched(number, 4_096), NOW)
    path = next(tmp_path.glob("*.warc.gz"))
    path.write_bytes(path.read_bytes()[:-40])
    assert [k.url for k in archive.read()][:2] == ["https://e.org/0", "https://e.org/1"]


def test_what_a_crawl_fetched_is_read_again_by_a_reader(site: Site, cage: Cage, tmp_path: Path) -> None:
    archive = Archive(tmp_path)

    async def work(fetcher: Fetcher) -> None:
        await KeepingFetcher(fetcher, archive).get(f"{site.base}/gbk-called-gb2312", source_id="acme")

    with_fetcher(site, work)
    kept = next(iter(archive.read()))
    reading = cage.read_now(Task(reader="feed", url=kept.url, content_type=kept.content_type), kept.body)
    assert reading.entries[0].title == "月之暗面发布二百万字长文本模型"

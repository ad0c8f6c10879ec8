"""Hostile bytes are parsed in a child that can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from crawlers.cage import LARGE_BYTES, Cage
from crawlers.limits import PARSE_CPU_SECONDS
from crawlers.reading import Reading, Task
from tests.crawlers.conftest import cpu_seconds
from tests.site.misdeeds import GOOD, rss

FEED = Task(reader="feed")
PAGE = Task(reader="page", url="http://example.org/a")


def test_a_feed_comes_back_as_entries(cage: Cage) -> None:
    reading = cage.read_now(FEED, GOOD.encode())
    assert reading.entries[0].title == "First model released"
    assert reading.error is None


def test_what_is_no_feed_comes_back_as_words(cage: Cage) -> None:
    reading = cage.read_now(FEED, b"<html><title>Oops</title>")
    assert (reading.entries, reading.thing) == ((), "html")
    assert reading.error


def test_one_child_serves_many(cage: Cage) -> None:
    cage.read_now(FEED, GOOD.encode())
    process = cage._children[0]._process
    for _ in range(10):
        cage.read_now(FEED, GOOD.encode())
    assert cage._children[0]._process is process
    assert len(cage._children) == 1


def test_a_feed_or_a_page_is_told_by_itself(cage: Cage) -> None:
    words = " ".join(f"Sentence {n} of this article says one more thing." for n in range(20))
    page = f"<html><head><title>A long title of it</title></head><body><article><p>{words}</p></article></body></html>"
    task = Task(reader="any", url="http://example.org/a")
    assert len(cage.read_now(task, GOOD.encode()).entries) == 3
    assert "Sentence 7" in cage.read_now(task, page.encode()).entries[0].text
    assert cage.read_now(task, b"<html><title>404</title><p>gone").error


def test_too_much_time_kills_the_child_and_the_next_task_has_another() -> None:
    with Cage(wall_seconds=0.6) as cage:
        cage.read_now(FEED, GOOD.encode())
        slow = ("<rss><channel>" + "<item>" + "&lt;" * 1_500_000 + "<a>" * 300).encode()
        started = time.monotonic()
        reading = cage.read_now(FEED, slow)
        assert time.monotonic() - started < PARSE_CPU_SECONDS
        assert reading.thing in ("hostile", "")
        for _ in range(3):
            assert cage.read_now(FEED, GOOD.encode()).entries


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>" + b"<div>" * 100_000,
        b"<html><body>" + b"<b><i>" * 60_000,
        b"<html><body>" + b"<br>" * 250_000,
        b"<html><body><p " + b"a=1 " * 100_000 + b">text",
        b"<html><body>" + b"<table><tr><td>" * 20_000,
    ],
    ids=["deep", "mixed", "breaks", "attributes", "tables"],
)
def test_a_page_that_attacks_the_extractor_ends_soon(cage: Cage, body: bytes) -> None:
    cage.read_now(PAGE, b"<p>Any page, so that the extractor is there.</p>")
    before = cpu_seconds(cage)
    cage.read_now(PAGE, body + b"<p>The words that matter stand here.</p>")
    assert cpu_seconds(cage) - before < 5


def test_a_feed_of_entities_and_depth_ends_soon(cage: Cage) -> None:
    before = cpu_seconds(cage)
    cage.read_now(FEED, rss("<a>" * 50_000).encode())
    cage.read_now(FEED, ('<!DOCTYPE r [<!ENTITY a "' + "x" * 50_000 + '">]><rss>' + "&a;" * 50_000).encode())
    assert cpu_seconds(cage) - before < 5


def test_too_much_memory_is_an_answer_and_not_an_end(cage: Cage) -> None:
    reading = cage.read_now(Task(reader="json"), b"[" + b"[1]," * 1_200_000 + b"[1]]")
    assert reading.entries == ()
    assert cage.read_now(FEED, GOOD.encode()).entries


def test_parsers_reach_nothing_outside() -> None:
    from crawlers.cage import _no_way_out

    for event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"):
        with pytest.raises(PermissionError):
            _no_way_out(event, (None, None))
    with pytest.raises(PermissionError):
        _no_way_out("open", ("/tmp/x", "wb", 0))
    _no_way_out("open", ("/etc/hosts", "rb", 0))


def test_the_child_ends_with_its_cage() -> None:
    with Cage() as cage:
        cage.read_now(FEED, GOOD.encode())
        child = cage._children[0]._process
        assert child is not None
    assert child.poll() is not None
    assert not os.path.exists(f"/proc/{child.pid}/status")  # noqa: PTH110  # a process, not a file


def test_many_may_ask_at_once(cage: Cage) -> None:
    async def go() -> list[int]:
        readings = await asyncio.gather(*(cage.read(FEED, GOOD.encode()) for _ in range(8)))
        return [len(reading.entries) for reading in readings]

    assert asyncio.run(go()) == [3] * 8


def test_bytes_that_take_long_keep_no_honest_feed_waiting_and_their_host_is_known_for_it() -> None:
    hard = Task(reader="feed", url="http://hard.example.org/feed")

    async def go(cage: Cage, child: int) -> Reading:
        os.kill(child, signal.SIGSTOP)  # as good as a reader that does not come back
        held_up = asyncio.create_task(cage.read(hard, GOOD.encode()))
        await asyncio.sleep(0.05)
        reading = await cage.read(FEED, GOOD.encode())
        assert not held_up.done()
        assert len(reading.entries) == 3
        os.kill(child, signal.SIGKILL)  # as the clock would in the end
        return await held_up

    with Cage(wall_seconds=30, most=2) as cage:
        cage.read_now(FEED, GOOD.encode())
        process = cage._children[0]._process
        assert process is not None
        assert asyncio.run(go(cage, process.pid)).thing == "hostile"
        assert [child.is_patient for child in cage._children] == [True, False]
        assert cage._lane_of(hard, b"small") is cage._patient
        assert cage._lane_of(Task(reader="feed", url="http://good.example.org/feed"), b"small") is cage._quick


def test_what_is_large_is_read_with_the_cpu_that_nobody_else_wants() -> None:
    large = rss(*(f"Item {number} of a large feed" for number in range(20)), extra=" " * LARGE_BYTES).encode()
    with Cage(most=2) as cage:
        assert len(cage.read_now(FEED, large).entries) == 20
        (child,) = cage._children
        assert child._process is not None
        _yields_to_others(child._process.pid)
        cage.read_now(FEED, GOOD.encode())
        assert [child.is_patient for child in cage._children] == [True, False]


def _yields_to_others(pid: int) -> None:
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    assert os.getsid(pid) == pid  # what it uses is not its fellows' share
    group = Path(f"/proc/{pid}/autogroup")
    assert not group.exists() or "nice 10" in group.read_text()


def test_an_ordinary_crowd_needs_one_child() -> None:
    async def go(cage: Cage) -> None:
        await asyncio.gather(*(cage.read(FEED, GOOD.encode()) for _ in range(20)))

    with Cage(most=4) as cage:
        cage.read_now(FEED, GOOD.encode())
        asyncio.run(go(cage))
        assert len(cage._children) == 1

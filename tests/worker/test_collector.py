"""The collector over a real store and a site that misbehaves: what is due is done, and nothing is missed in silence."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from crawlers.archive import Archive
from crawlers.cage import Cage
from crawlers.crawl import FetchState
from crawlers.guard import Guard
from crawlers.manners import Manners
from crawlers.reading import Reading, Task
from crawlers.sources import Source
from pipeline.records import State
from storage import documents, queue, sources, subscriptions
from tests.crawlers.test_guard import Says
from tests.site.misdeeds import PAGES, XML, rss
from tests.site.server import Answer, Asked, Misdeed, Site
from worker import jobs
from worker.collect import UNREAD_PAGE, Visit
from worker.collector import Collector
from worker.desk import Desk
from worker.reread import read_again

START = datetime(2024, 3, 20, 12, tzinfo=UTC)
ARTICLE = (
    "<html><head><title>{0}</title></head><body><article><h1>{0}</h1>" + "<p>{1}</p>" * 6 + "</article></body></html>"
)
WORDS = "Acme released a language model with 7B parameters under the Apache licence, and described how it was trained."


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def answers(body: str, kind: str = XML) -> Misdeed:
    async def page(_: Asked, answer: Answer) -> None:
        await answer.send(body, kind=kind)

    return page


def source(site: Site, path: str, **given: object) -> Source:
    fields = {"id": "acme", "name": "Acme", "kind": "rss", "tier": 1, "language": "en", "pages": "never"}
    return Source.model_validate({**fields, "url": site.base + path, **given})


def run(desk: Desk, site: Site, clock: Clock, *known: Source, **given: object) -> list[Visit]:
    """One round over the site."""
    desk = replace(desk, sources={one.id: one for one in known})
    collector = Collector(desk, Guard(allow=site.allow), clock, delay=0.0, **given)  # type: ignore[arg-type]
    return asyncio.run(collector.run(lambda: True))


def titles(desk: Desk) -> list[str]:
    with desk.store.reading() as session:
        return sorted(d.title for d in documents.several(session, documents.ids(session)))


def with_pages(**pages: Misdeed) -> Mapping[str, Misdeed]:
    return {
        **PAGES,
        **{
            "/" + name.replace("__", "/").replace("_xml", ".xml").replace("_txt", ".txt"): p
            for name, p in pages.items()
        },
    }


def test_a_source_is_visited_when_it_is_due_and_not_before(desk: Desk) -> None:
    clock = Clock()
    with Site(with_pages(feed=answers(rss("One", "Two")))) as site:
        assert [v.new for v in run(desk, site, clock, source(site, "/feed"))] == [2]
        assert run(desk, site, clock, source(site, "/feed")) == []
        clock.now += timedelta(hours=25)
        assert [v.new for v in run(desk, site, clock, source(site, "/feed"))] == [0]


def test_collect_now_is_a_row_that_the_collector_takes_within_seconds(desk: Desk) -> None:
    clock = Clock()
    with Site(with_pages(feed=answers(rss("One")))) as site:
        acme = source(site, "/feed")
        run(desk, site, clock, acme)
        stop = time.monotonic() + 20
        asked: list[float] = []

        async def go() -> float:
            collector = Collector(replace(desk, sources={"acme": acme}), Guard(allow=site.allow), clock, delay=0.0)
            running = asyncio.create_task(
                collector.run(lambda: time.monotonic() < stop and len(asked) < 2, forever=True)
            )
            await asyncio.sleep(0.3)
            began = time.monotonic()
            with desk.store.writing() as session:
                sources.ask(session, "acme", clock())
            while site.paths().count("/feed") < 2 and time.monotonic() < stop:
                await asyncio.sleep(0.02)
            took = time.monotonic() - began
            asked.extend([0, 0])
            await running
            return took

        assert asyncio.run(go()) < 8  # a second or two on a quiet machine
        with desk.store.reading() as session:
            assert queue.depth(session, clock()) == [d for d in queue.depth(session, clock()) if d.kind == "document"]


def test_two_collectors_never_visit_one_source_together(desk: Desk) -> None:
    clock = Clock()
    with desk.store.writing() as session:
        first = sources.claim(session, START, ["a", "b"], timedelta(minutes=10))
        second = sources.claim(session, START, ["a", "b"], timedelta(minutes=10))
        later = sources.claim(session, START + timedelta(minutes=11), ["a", "b"], timedelta(minutes=10))
    assert (first, second, later) == (["a", "b"], [], ["a", "b"])
    assert clock() == START


def test_sources_that_do_not_answer_keep_no_hand_from_those_that_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty silent servers and twenty good ones, all due at once, the silent first; hands for eight."""
    monkeypatch.setattr("worker.collector.AT_ONCE", 8)
    monkeypatch.setattr("worker.collector.SLOW_SECONDS", 0.2)
    monkeypatch.setattr("worker.collector.LOOK_SECONDS", 0.2)
    clock, began = Clock(), time.monotonic()
    with Site(with_pages(feed=answers(rss("One")))) as site:
        silent = [f"http://silent-{n}.example:{site.port}/silent" for n in range(40)]
        good = [f"http://good-{n}.example:{site.port}/feed" for n in range(20)]
        known = {
            f"s{n:02d}": source(site, "", id=f"s{n:02d}", url=url, kind="hf-org" if "silent" in url else "rss")
            for n, url in enumerate(silent + good)
        }
        guard = Guard(allow=site.allow, resolver=Says(["127.0.0.1"]))
        done = 0

        async def go() -> None:
            nonlocal done
            collector = Collector(replace(desk, sources=known), guard, clock, delay=0.0)
            running = asyncio.create_task(collector.run(lambda: True, forever=True))
            while done < 20 and time.monotonic() - began < 25:
                await asyncio.sleep(0.1)
                done = sum(asked.path == "/feed" for asked in site.asked)
            running.cancel()
            await asyncio.gather(running, *collector._under_way, return_exceptions=True)

        asyncio.run(go())
        assert done == 20
        assert time.monotonic() - began < 25  # 40 silent ones through 8 hands take 150 s


def test_robots_are_read_once_over_many_rounds(desk: Desk) -> None:

    clock, manners = Clock(), Manners()
    with Site(with_pages(feed=answers(rss("One")))) as site:
        for _ in range(3):
            run(desk, site, clock, source(site, "/feed"), manners=manners)
            clock.now += timedelta(hours=25)
        assert site.paths().count("/robots.txt") == 1
        assert site.paths().count("/feed") == 3


# ---- gaps -----------------------------------------------------------------------------------------------------------


def test_what_came_and_went_between_two_visits_is_found_in_the_sitemap(desk: Desk) -> None:
    clock = Clock()

    async def feed(asked: Asked, answer: Answer) -> None:
        start = 0 if asked.count == 1 else 9
        items = [(n, f"News number {n} of the week at length") for n in range(start, start + 4)]
        body = "".join(
            f"<item><title>{t}</title><link>http://127.0.0.1:{asked.port}/news/{n}</link><guid>news-{n:05d}</guid></item>"
            for n, t in items
        )
        await answer.send(f"<rss version='2.0'><channel><title>N</title>{body}</channel></rss>", kind=XML)

    async def sitemap(asked: Asked, answer: Answer) -> None:
        rows = "".join(
            f"<url><loc>http://127.0.0.1:{asked.port}/news/{n}</loc><lastmod>2024-03-20T{12 + n // 4:02d}:30:00Z</lastmod></url>"
            for n in (*range(-8, -4), *range(13))
        )
        rows += f"<url><loc>http://127.0.0.1:{asked.port}/about/us</loc><lastmod>2024-03-20T13:00:00Z</lastmod></url>"
        await answer.send(
            f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{rows}</urlset>", kind="text/xml"
        )

    async def robots(asked: Asked, answer: Answer) -> None:
        await answer.send(f"Sitemap: http://127.0.0.1:{asked.port}/sitemap.xml\n", kind="text/plain")

    with Site(with_pages(feed=feed, sitemap_xml=sitemap, robots_txt=robots)) as site:
        acme = source(site, "/feed", cadence_hours=1)
        run(desk, site, clock, acme)
        clock.now += timedelta(hours=5)
        (visit,) = run(desk, site, clock, acme)
        found = {entry.url.rpartition("/")[2] for entry in visit.crawled.entries if entry.url}
        assert found == {str(n) for n in range(4, 13)}
        (notice,) = (n for n in _notices(desk) if n.kind == "gap")
        assert "5 found in its archive" in notice.text


def _notices(desk: Desk) -> list[sources.Notice]:
    with desk.store.reading() as session:
        return sources.notices(session)


# ---- pages that cannot be read --------------------------------------------------------------------------------------


def listing(asked: Asked) -> str:
    return rss("A model is released today").replace("http://example.org/0", f"http://127.0.0.1:{asked.port}/article")


async def feed_of_one(asked: Asked, answer: Answer) -> None:
    await answer.send(listing(asked), kind=XML)


def test_a_page_that_failed_is_read_later_and_its_document_made_again(desk: Desk) -> None:
    clock = Clock()

    async def article(asked: Asked, answer: Answer) -> None:
        if asked.count == 1:
            return await answer.send("busy", 502)
        return await answer.send(ARTICLE.format("A model is released today", WORDS))

    with Site(with_pages(feed=feed_of_one, article=article)) as site:
        quick = source(site, "/feed", pages="always")
        with desk.store.writing() as session:  # not its first visit, whose history is not worth another try
            sources.save_state(session, sources.SourceState(source_id="acme", state=_visited_before()))
        run(desk, site, clock, quick)
        jobs.process_due(desk, clock())
        clock.now += timedelta(minutes=11)
        run(desk, site, clock, quick)
        jobs.process_due(desk, clock())
        with desk.store.reading() as session:
            (document,) = documents.several(session, documents.ids(session))
            assert WORDS in document.text
            fate = documents.fate(session, document.id)
            assert fate is not None
            assert fate.state in (State.DONE, State.REJECTED)


def _visited_before() -> str:

    at = START - timedelta(days=1)
    return FetchState(first_success=at, last_success=at, last_full=at).model_dump_json()


class DyingCage:
    """A cage whose child dies of pages, as of one built to kill it."""

    def __init__(self, dies: Callable[[], bool]) -> None:

        self.inner, self.dies = Cage(), dies

    def __enter__(self) -> DyingCage:
        return self

    def __exit__(self, *_: object) -> None:
        self.inner.close()

    async def read(self, task: Task, body: bytes) -> Reading:
        if task.reader == "page" and self.dies():
            return Reading(thing="hostile", error="it took too long or too much memory to read, and was put aside")
        return await self.inner.read(task, body)


def test_a_page_that_kills_its_reader_three_times_is_set_aside_and_can_be_replayed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, deadly = Clock(), [True]
    monkeypatch.setattr("worker.collector.Cage", lambda most: DyingCage(lambda: deadly[0]))
    with Site(with_pages(feed=feed_of_one, article=answers(ARTICLE.format("T", WORDS), "text/html"))) as site:
        quick = source(site, "/feed", pages="always")
        with desk.store.writing() as session:
            sources.save_state(session, sources.SourceState(source_id="acme", state=_visited_before()))
        for _ in range(5):
            run(desk, site, clock, quick)
            clock.now += timedelta(minutes=11)
        with desk.store.reading() as session:
            (work,) = queue.quarantined(session)
        assert (work.kind, work.attempts) == (UNREAD_PAGE, queue.STRIKES)
        assert "too much memory" in work.reason
        assert titles(desk) == ["A model is released today"]  # the item itself is kept all the same
        deadly[0] = False
        with desk.store.writing() as session:
            assert queue.replay(session, clock(), UNREAD_PAGE) == 1
        run(desk, site, clock, quick)
        with desk.store.reading() as session:
            assert queue.quarantined(session) == []
            assert WORDS in documents.raw(session, work.subject).text


# ---- the archive ----------------------------------------------------------------------------------------------------


def test_what_was_fetched_is_read_again_as_history_and_tells_nobody(desk: Desk, tmp_path: Path) -> None:
    clock, archive = Clock(), Archive(tmp_path / "archive")

    with Site(with_pages(feed=feed_of_one, article=answers(ARTICLE.format("T", WORDS), "text/html"))) as site:
        quick = source(site, "/feed", pages="always")
        run(desk, site, clock, quick, archive=archive)
        knowing = replace(desk, sources={"acme": quick})
        with Cage() as cage:
            made = read_again(knowing, archive, cage, clock())
            assert (made.answers, made.new, made.known, made.unread) == (2, 0, 1, [])
            with desk.store.writing() as session:
                (gone,) = documents.ids(session)

                session.execute(text("DELETE FROM raw_documents"))
                session.execute(text("DELETE FROM document_keys"))
                session.execute(text("DELETE FROM documents"))
            made = read_again(knowing, archive, cage, clock())
        assert (made.new, made.known) == (1, 0)
        with desk.store.reading() as session:
            raw = documents.raw(session, gone)
        assert raw.history
        assert WORDS in raw.text


# ---- hubs -----------------------------------------------------------------------------------------------------------


def test_a_feed_that_names_a_hub_is_subscribed_to_and_renewed_before_the_lease_ends(desk: Desk) -> None:
    clock = Clock()
    hub_asked: list[str] = []

    async def feed(asked: Asked, answer: Answer) -> None:
        at = f"http://127.0.0.1:{asked.port}"
        links = f'<link rel="hub" href="{at}/hub" xmlns="http://www.w3.org/2005/Atom"/>'
        links += f'<link rel="self" href="{at}/feed" xmlns="http://www.w3.org/2005/Atom"/>'
        await answer.send(rss("One").replace("<title>News</title>", f"<title>News</title>{links}"), kind=XML)

    async def hub(asked: Asked, answer: Answer) -> None:
        hub_asked.append(asked.method)
        await answer.send("", 202)

    with Site(with_pages(feed=feed, hub=hub)) as site:
        acme, public = source(site, "/feed"), "https://watch.example.org"
        run(desk, site, clock, acme)
        assert _subscription(desk) is None  # nobody could reach us
        clock.now += timedelta(days=1)
        run(desk, site, clock, acme, public_url=public)
        run(desk, site, clock, acme, public_url=public)
        wanted = _subscription(desk)
        assert wanted is not None
        assert (wanted.state, wanted.topic, hub_asked) == ("asked", f"{site.base}/feed", ["POST"])
        with desk.store.writing() as session:
            assert not subscriptions.confirm(session, wanted.token, "http://other/topic", 3600, clock())
            assert subscriptions.confirm(session, wanted.token, wanted.topic, 86_400, clock())
        run(desk, site, clock, acme, public_url=public)
        assert len(hub_asked) == 1
        clock.now += timedelta(hours=12, minutes=1)
        run(desk, site, clock, acme, public_url=public)
        renewed = _subscription(desk)
        assert len(hub_asked) == 2
        assert renewed is not None
        assert (renewed.state, renewed.token) == ("verified", wanted.token)


def _subscription(desk: Desk) -> subscriptions.Subscription | None:
    with desk.store.reading() as session:
        return subscriptions.get(session, "acme")


def test_a_push_is_read_when_its_hub_signed_it_and_dropped_when_not(desk: Desk) -> None:

    clock = Clock()
    with Site(with_pages(feed=answers(rss("Known")))) as site:
        acme = source(site, "/feed")
        run(desk, site, clock, acme)
        subscribed = subscriptions.Subscription(
            source_id="acme", hub="h", topic=acme.url, token="t" * 40, secret="s" * 40, next_due=START
        )
        body = rss("Pushed news", start=7).encode()
        good = "sha256=" + hmac.new(b"s" * 40, body, hashlib.sha256).hexdigest()
        with desk.store.writing() as session:
            subscriptions.save(session, subscribed)
            assert subscriptions.keep_push(session, "t" * 40, "sha256=" + "0" * 64, XML, rss("Forged").encode(), START)
            assert subscriptions.keep_push(session, "t" * 40, good, XML, body, START)
            assert not subscriptions.keep_push(session, "x" * 40, good, XML, body, START)
        asked = len(site.asked)
        run(desk, site, clock, acme)
        assert titles(desk) == ["Known", "Pushed news"]
        assert len(site.asked) == asked  # no need to ask the feed
        with desk.store.reading() as session:
            assert subscriptions.push(session, 1) is subscriptions.push(session, 2) is None
        after = _subscription(desk)
        assert after is not None
        assert after.last_push_at == START


def test_a_push_waits_for_no_look(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.collector.LOOK_SECONDS", 60.0)
    body = rss("Pushed news", start=7).encode()
    signed = "sha256=" + hmac.new(b"s" * 40, body, hashlib.sha256).hexdigest()
    subscribed = {"source_id": "acme", "hub": "h", "topic": "http://acme/feed", "token": "t" * 40, "secret": "s" * 40}

    async def pushed(collector: Collector) -> None:
        running = asyncio.create_task(collector.run(lambda: True, forever=True))
        await asyncio.sleep(0.5)  # its first look is over
        with desk.store.writing() as session:
            subscriptions.save(session, subscriptions.Subscription(**subscribed, next_due=START + timedelta(days=9)))
            assert subscriptions.keep_push(session, "t" * 40, signed, XML, body, START)
        for _ in range(200):
            if titles(desk):
                break
            await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with Site(PAGES) as site:
        acme = replace(desk, sources={"acme": source(site, "/feed").model_copy(update={"enabled": False})})
        asyncio.run(
            pushed(Collector(acme, Guard(allow=site.allow), Clock(), delay=0.0, public_url="https://w.example"))
        )
    assert titles(desk) == ["Pushed news"]


def test_a_push_that_nobody_can_read_is_set_aside_after_three_strikes(desk: Desk) -> None:

    clock, body = Clock(), b"<html>no feed</html>"
    with Site(with_pages(feed=answers(rss("Known")))) as site:
        acme = source(site, "/feed")
        run(desk, site, clock, acme)
        subscribed = subscriptions.Subscription(
            source_id="acme", hub="h", topic=acme.url, token="t" * 40, secret="s" * 40, next_due=START
        )
        with desk.store.writing() as session:
            subscriptions.save(session, subscribed)
            signed = "sha1=" + hmac.new(b"s" * 40, body, hashlib.sha1).hexdigest()
            subscriptions.keep_push(session, "t" * 40, signed, XML, body, START)
        for _ in range(4):
            run(desk, site, clock, acme)
            clock.now += timedelta(minutes=11)
        with desk.store.reading() as session:
            (work,) = queue.quarantined(session)
        assert work.kind == subscriptions.PUSH
        assert "what the hub of acme pushed" in work.reason


def test_a_flooded_callback_keeps_a_few_pushes_and_makes_the_source_due(desk: Desk) -> None:
    subscribed = subscriptions.Subscription(
        source_id="acme", hub="h", topic="t", token="t" * 40, secret="s" * 40, next_due=START
    )
    with desk.store.writing() as session:
        subscriptions.save(session, subscribed)
        for _ in range(subscriptions.WAITING + 5):
            assert subscriptions.keep_push(session, "t" * 40, "", "", b"x", START)
        waiting = {d.kind: d.count for d in queue.depth(session, START)}
    assert waiting == {subscriptions.PUSH: subscriptions.WAITING, sources.VISIT: 1}

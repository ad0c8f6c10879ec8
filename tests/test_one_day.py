"""The sample's weeks from feeds to digest, through the real fetch path: what a reader would see at the end of the day."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cli.demo import CLOCK
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from knowledge.load import load
from pipeline import digest
from pipeline.lexicon import Lexicon
from pipeline.records import Document, Event, Link, State
from sample.site import Site
from sample.week import SampleDocument
from storage import documents, events
from storage.engine import open_store
from worker.collect import collect
from worker.desk import Desk
from worker.digests import write
from worker.jobs import process_due


class Day:
    """The store after the sample was collected and processed."""

    def __init__(self, desk: Desk, given: list[SampleDocument], base: str) -> None:
        self.desk = desk
        with desk.store.reading() as session:
            ids = documents.ids(session, limit=10_000)
            self.documents: dict[str, Document] = {d.id: d for d in documents.several(session, ids)}
            fates = {i: documents.fate(session, i) for i in ids}
            self.events: dict[str, Event] = {e.id: e for e in events.recent(session, 10_000)}
            self.links: dict[str, list[Link]] = events.links_of_all(session, list(self.events))
        self.fates = {i: fate for i, fate in fates.items() if fate is not None}
        by_url = {d.url: d.id for d in self.documents.values()}
        self.sample = {by_url[f"{base}/{d.source}/{d.id}.html"]: d for d in given}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('day')}/store.db")
    with Site() as site:
        sources = site.sources()
        desk = Desk(store, Lexicon(load()), {s.id: s for s in sources}, ZoneInfo("Asia/Shanghai"))
        host, port = site.base_url.removeprefix("http://").split(":")

        async def visit() -> None:
            with Cage() as cage:
                async with Fetcher(Guard(allow=[(host, int(port))]), delay=0.0, per_host=8) as fetcher:
                    await collect(desk, sources, fetcher, cage, lambda: CLOCK)

        asyncio.run(visit())
        while process_due(desk, CLOCK, limit=1000):
            pass
        yield Day(desk, site.documents(), site.base_url)
    store.close()


def test_every_document_is_collected_and_ends_in_exactly_one_state(day: Day) -> None:
    assert len(day.sample) == len(day.documents) >= 60
    states = Counter(fate.state for fate in day.fates.values())
    assert states[State.PENDING] == states[State.FAILED] == 0
    assert states[State.DONE] > 40
    assert all(fate.reason for fate in day.fates.values() if fate.state is not State.DONE)


def test_off_topic_items_are_rejected_and_nothing_else_is(day: Day) -> None:
    rejected = {i for i, fate in day.fates.items() if fate.state is State.REJECTED}
    off_topic = {i for i, d in day.sample.items() if "off_topic" in d.flags}
    assert rejected == off_topic, [day.sample[i].title for i in rejected ^ off_topic]


def test_copies_are_duplicates(day: Day) -> None:
    for i, given in day.sample.items():
        if given.copy_of is not None:
            twins = [i, *(j for j, other in day.sample.items() if other.id == given.copy_of)]
            states = Counter(day.fates[twin].state for twin in twins)
            assert states == {State.DONE: 1, State.DUPLICATE: 1}, given.id


def test_reports_of_one_happening_are_one_event(day: Day) -> None:
    """Pairs of documents by our label of the happening: at most a few are told apart, hardly any joined wrongly."""
    placed = {i: fate.event_id for i, fate in day.fates.items() if fate.state is State.DONE}
    same = joined = right = 0
    ordered = sorted(placed)
    for position, one in enumerate(ordered):
        for other in ordered[position + 1 :]:
            is_same = day.sample[one].event == day.sample[other].event
            is_joined = placed[one] == placed[other]
            same, joined, right = same + is_same, joined + is_joined, right + (is_same and is_joined)
    assert right / joined >= 0.93, "precision"
    assert right / same >= 0.8, "recall"


def test_an_old_item_under_a_new_date_is_no_news_of_the_week(day: Day) -> None:
    re_dated = [i for i, d in day.sample.items() if "re_dated" in d.flags]
    assert re_dated
    week = digest.Week.parse("2024-W12", "Asia/Shanghai")
    for i in re_dated:
        fate = day.fates[i]
        if fate.state is State.DONE:
            assert fate.event_id is not None
            assert not week.holds(day.events[fate.event_id].when)
        else:
            assert fate.state is State.DUPLICATE


def test_every_link_has_reason_evidence_and_date(day: Day) -> None:
    links = [link for found in day.links.values() for link in found]
    assert links
    assert all(link.reason.zh and link.reason.en and link.evidence and link.as_of for link in links)
    for found in day.links.values():
        kinds = [link.direct for link in found]
        assert kinds == sorted(kinds, reverse=True), "direct links come first"


def test_every_quote_stands_in_a_report_of_its_event(day: Day) -> None:
    texts: dict[str, str] = defaultdict(str)
    for i, fate in day.fates.items():
        if fate.event_id:
            texts[fate.event_id] += day.documents[i].title + "\n" + day.documents[i].text
    for event in day.events.values():
        quotes = [c.quote for c in event.companies] + [p.quote for p in event.products] + [f.quote for f in event.facts]
        for quote in quotes:
            assert quote in texts[event.id], (event.id, quote)


def test_the_digest_of_the_week_is_led_by_kimi_and_open_sora(day: Day) -> None:
    desk = day.desk
    week = digest.Week.parse("2024-W12", "Asia/Shanghai")
    made = write(desk, week, desk.lexicon.knowledge.lenses["media"], CLOCK)
    first, second = (day.events[item.event_id] for item in made.items[:2])
    assert first.companies[0].id == "moonshot-ai"
    assert second.companies[0].id == "hpc-ai"
    assert {"text"} <= set(first.modalities.output)
    assert {"video"} <= set(second.modalities.output)
    text = digest.render(made, "text", "zh")
    assert isinstance(text, str)
    assert "200万字" in text.replace(" ", "")
    assert "Open-Sora 1.0" in text


def test_a_rumour_is_told_only_in_its_own_section(day: Day) -> None:
    desk = day.desk
    week = digest.Week.parse("2024-W12", "Asia/Shanghai")
    made = write(desk, week, desk.lexicon.knowledge.lenses["media"], CLOCK)
    told = {item.event_id for item in made.items}
    assert not any(day.events[event_id].certainty == "rumour" for event_id in told)


def test_nothing_of_the_sample_is_left_in_the_checkout() -> None:
    root = Path(__file__).parent.parent
    assert not list(root.glob("*.db*"))

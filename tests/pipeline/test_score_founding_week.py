"""The sample of the founding week, from documents to order: what a media analyst and what anybody should read first."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from knowledge.load import load
from pipeline import cluster, flow, link, score
from pipeline.lexicon import Lexicon
from pipeline.records import Event, RawDocument, State
from pipeline.shelf import Shelf
from sample.week import SampleDocument, load_documents

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY, SUNDAY = date(2024, 3, 18), date(2024, 3, 24)


def raw(document: SampleDocument, published: datetime) -> RawDocument:
    return RawDocument(
        id=document.id,
        source_id=document.source,
        tier=2,
        url=f"https://{document.source}.example/{document.id}",
        title=document.title,
        text=document.text,
        language=document.language,
        published_at=published,
        published_precision="time",
        first_seen_at=published + timedelta(minutes=5),
    )


def published(document: SampleDocument) -> datetime | None:
    at = document.published
    if at is None:
        return None
    moment = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


@pytest.fixture(scope="module")
def order() -> dict[str, list[str]]:
    """By lens, the happenings of the week as a person named them, most important first."""
    knowledge = load()
    lexicon = Lexicon(knowledge)
    shelf = Shelf()
    events: dict[str, Event] = {}
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    dated = [(at, document) for document in load_documents() if (at := published(document))]
    for at, document in sorted(dated, key=lambda it: (it[0], it[1].id)):
        reading = flow.read(raw(document, at), lexicon)
        if document.copy_of or flow.fate(reading, ())[0] is not State.DONE:
            continue
        placement = flow.place(reading, shelf.candidates(reading.sketch), lexicon)
        events[placement.event_id] = cluster.merge(
            events.get(placement.event_id), placement, reading.document, reading.tags, reading.facts
        )
        shelf.keep(cluster.remember(reading.sketch, placement, shelf.get(placement.event_id)))
        told[placement.event_id][document.event or "off topic"] += 1
    week = [event for event in events.values() if MONDAY <= event.when.astimezone(ZONE).date() <= SUNDAY]
    linked = [(event, link.link(event, knowledge, SUNDAY)) for event in week]
    return {
        lens.id: [
            told[event.id].most_common(1)[0][0]
            for event, links in sorted(
                linked,
                key=lambda it: -score.score(it[0], it[1], lens, knowledge).total,
            )
        ]
        for lens in knowledge.lenses.values()
    }


def test_a_media_analyst_reads_first_of_kimis_context_and_then_of_open_sora(order: dict[str, list[str]]) -> None:
    assert order["media"][:2] == ["kimi-2m", "open-sora-1"]


def test_the_competition_was_there(order: dict[str, list[str]]) -> None:
    assert {"blackwell", "grok-1", "sv3d", "mistral-7b-v02", "stability-ceo"} <= set(order["media"])


def test_seen_without_a_sector_hardware_and_robots_stand_higher(order: dict[str, list[str]]) -> None:
    assert order["all"].index("blackwell") < order["media"].index("blackwell")
    assert order["all"].index("gr00t") < order["media"].index("gr00t")
    assert "blackwell" in order["all"][:5]

"""Shelf: a stream in memory finds what the store finds, in the same rank, and so makes the same events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from knowledge.load import load
from pipeline import flow
from pipeline.lexicon import Lexicon
from pipeline.records import RawDocument, Sketch, State
from pipeline.shelf import CANDIDATES, PER_KEY, WINDOW, Shelf
from sample.week import load_documents
from storage import documents, events
from storage.engine import Store, open_store
from tests.factories import MOMENT, make_event, make_raw, make_report
from worker import jobs
from worker.desk import Desk


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


def sample_week() -> list[RawDocument]:
    """The sample's documents in order of time."""
    found = []
    for given in load_documents():
        if not isinstance(given.published, datetime):
            continue
        at = given.published.astimezone(UTC)
        found.append(
            make_raw(given.title, given.text, source_id=given.source, id=given.id, published_at=at, first_seen_at=at)
        )
    return sorted(found, key=lambda raw: (raw.published_at or MOMENT, raw.title))


def test_the_sample_makes_the_same_events_in_a_store_and_in_a_stream(store: Store) -> None:
    lexicon = Lexicon(load())
    desk = Desk(store=store, lexicon=lexicon, sources={}, zone=ZoneInfo("Asia/Shanghai"))
    placed: list[tuple[RawDocument, str, str]] = []
    for raw in sample_week():
        now = raw.first_seen_at
        (document_id,) = jobs.receive(desk, [raw], now).ids or ("",)
        while jobs.process_due(desk, now):
            pass
        with store.reading() as session:
            fate = documents.fate(session, document_id) if document_id else None
            if fate is not None and fate.state is State.DONE:
                placed.append((documents.raw(session, document_id), document_id, fate.event_id or ""))
    assert len({event for _, _, event in placed}) < len(placed), "some documents join an event"
    streamed = list(flow.stream([raw for raw, _, _ in placed], lexicon))
    assert streamed == [(document_id, event_id) for _, document_id, event_id in placed]


def test_candidates_come_in_the_same_rank_from_the_store_and_the_shelf(store: Store) -> None:
    random = Random(7)
    shelf = Shelf()
    kept = sorted((_sketch(f"e{n:04}", random) for n in range(900)), key=lambda sketch: sketch.when)
    with store.writing() as session:
        for sketch in kept:
            shelf.keep(sketch)
            at = sketch.when
            event = make_event(id=sketch.event_id, reports=[make_report(sketch.event_id, at=at)], first_seen_at=at)
            events.save(session, event, sketch)
    end = kept[-1].when
    asked = [_sketch(f"q{n}", random).model_copy(update={"when": end}) for n in range(40)]
    with store.reading() as session:
        for sketch in asked:
            found = events.candidates(session, sketch.keys, sketch.when, WINDOW, CANDIDATES)
            assert [s.event_id for s in found] == [s.event_id for s in shelf.candidates(sketch)]
    assert any(len(shelf.candidates(sketch)) == CANDIDATES for sketch in asked)


def test_an_event_whose_keys_changed_is_found_under_the_new_ones_alone() -> None:
    shelf = Shelf()
    sketch = _sketch("e1", Random(1)).model_copy(update={"keys": ("old",)})
    shelf.keep(sketch)
    shelf.keep(sketch.model_copy(update={"keys": ("new",)}))
    ask = sketch.model_copy(update={"event_id": "q"})
    assert shelf.candidates(ask) == []
    assert [s.event_id for s in shelf.candidates(ask.model_copy(update={"keys": ("new",)}))] == ["e1"]


def test_of_a_common_key_only_the_newest_events_are_looked_at() -> None:
    shelf = Shelf(limit=10 * PER_KEY)
    base = _sketch("e", Random(1)).model_copy(update={"keys": ("common",)})
    for n in range(3 * PER_KEY):
        shelf.keep(base.model_copy(update={"event_id": f"e{n:04}", "when": MOMENT + timedelta(minutes=n)}))
    found = shelf.candidates(base.model_copy(update={"when": MOMENT + timedelta(hours=12)}))
    assert [s.event_id for s in found] == [f"e{n:04}" for n in reversed(range(2 * PER_KEY, 3 * PER_KEY))]


def _sketch(event_id: str, random: Random) -> Sketch:
    """A sketch within two months, under keys of which low ones are common: `k0` far more than `k99`."""
    keys = {f"k{int(100 * random.random() ** 2)}" for _ in range(12)}
    when = MOMENT + timedelta(minutes=random.randrange(60 * 24 * 60))
    return Sketch(
        event_id=event_id,
        document_id=f"d-{event_id}",
        when=when,
        language="en",
        title=event_id,
        keys=tuple(sorted(keys)),
    )

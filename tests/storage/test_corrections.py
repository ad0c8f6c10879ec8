"""Corrections on record, and events kept and restored to the row, the same in both stores."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.records import ByHand
from storage import corrections, documents, events, tables
from storage.corrections import Correction, Kept
from storage.engine import Store
from tests.factories import make_event
from tests.storage.factories import DAY, NOW, finish, make_link, make_raw, make_score, make_sketch, take

TABLES = ("documents", "events", "sketches", "event_keys", "event_tags", "links", "scores", "event_aliases")


def rows(session: Session) -> dict[str, Any]:
    return {n: sorted(map(tuple, session.execute(select(tables.metadata.tables[n]))), key=repr) for n in TABLES}


def fill(session: Session, event_id: str = "e1", number: int = 1) -> str:
    taken = take(session, make_raw(number))
    events.save(session, make_event("openai", id=event_id), make_sketch(event_id, "k1", "k2"))
    events.save_links(session, event_id, [make_link(event_id, "NASDAQ:NVDA"), make_link(event_id, "NASDAQ:AMD")], NOW)
    events.save_links(session, event_id, [make_link(event_id, "NASDAQ:NVDA")], NOW + DAY)
    events.save_scores(session, [make_score(event_id, "all", 12.5)])
    finish(session, taken, event_id=event_id)
    return taken.document.id


def put_down(session: Session, *event_ids: str, kept: tuple[Kept, ...] = ()) -> Correction:
    return corrections.save(session, "merge", event_ids, {"zh": "题"}, "anna", "why", NOW, kept, kept)


def test_an_event_that_was_kept_comes_back_to_the_row(store: Store) -> None:
    with store.writing() as session:
        document = fill(session)
        fill(session, "e2", 2)
        before = rows(session)
        kept = corrections.keep(session, "e1")
        documents.seat(session, [document], "e2")
        events.remove(session, "e1", leads_to="e2")
        assert rows(session) != before
        corrections.restore(session, kept)
        assert rows(session) == before


def test_the_id_of_an_event_that_is_gone_leads_on_however_far(store: Store) -> None:
    with store.writing() as session:
        for number, event_id in enumerate(("e1", "e2", "e3")):
            fill(session, event_id, number)
        events.remove(session, "e1", leads_to="e2")
        events.remove(session, "e2", leads_to="e3")
        found = events.get(session, "e1")
        assert found is not None
        assert found.id == "e3"
        assert events.aliases(session) == {"e1": "e2", "e2": "e3"}
        assert events.get(session, "e0") is None


def test_follow_ups_of_an_event_that_is_gone_are_those_of_its_survivor(store: Store) -> None:
    with store.writing() as session:
        for event in (make_event(id="e1"), make_event(id="e2"), make_event(id="e3", follows="e2")):
            events.save(session, event)
        events.remove(session, "e2", leads_to="e1")
        assert [event.id for event in events.follow_ups(session, "e1")] == ["e3"]


def test_noise_is_on_no_list_but_is_found_by_its_id(store: Store) -> None:
    noise = make_event("openai", id="e1", by_hand=ByHand(mark="noise"))
    with store.writing() as session:
        events.save(session, make_event("openai", id="e1"))
        events.save(session, noise)
        assert events.recent(session) == []
        assert events.between(session, NOW - DAY, NOW + DAY) == []
        assert events.page(session, company="openai").events == ()
        assert events.get(session, "e1") == noise
        events.save(session, make_event("openai", id="e1"))
        assert [event.id for event in events.page(session, company="openai").events] == ["e1"]


def test_a_correction_says_who_when_why_and_what_was_before(store: Store) -> None:
    with store.writing() as session:
        fill(session)
        kept = corrections.keep(session, "e1")
        made = put_down(session, "e1", "e2", kept=(kept, Kept(event_id="e2")))
    with store.reading() as session:
        (found,) = corrections.recent(session)
        assert corrections.before_and_after(session, made.id)[0] == (kept, Kept(event_id="e2"))
        (told,) = corrections.told(session)
    assert found == made
    assert (made.event_ids, made.detail, made.made_by, made.made_at, made.why) == (
        ("e1", "e2"),
        {"zh": "题"},
        "anna",
        NOW,
        "why",
    )
    assert told.before == (kept.seats,)


def test_an_undone_correction_stays_on_record_and_its_number_is_not_used_again(store: Store) -> None:
    with store.writing() as session:
        first = put_down(session, "e1")
        corrections.undo(session, first.id, "ben", "mistake", NOW + DAY)
        second = put_down(session, "e1")
        assert second.id == first.id + 1
        assert corrections.standing(session) == [second]
        undone = corrections.get(session, first.id)
    assert undone is not None
    assert (undone.undone_by, undone.undone_why, undone.undone_at) == ("ben", "mistake", NOW + DAY)

"""Which id each event of a replay keeps, and what is told of the difference."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from pipeline.records import State
from pipeline.replay import Seat, changes, heir, keep_ids
from tests.factories import make_event


def test_an_event_made_new_takes_the_id_of_the_founding_document_in_it() -> None:
    assert keep_ids({"e1": "a"}, {"a": "new", "b": "new"}) == ({"new": "e1"}, {})


def test_of_two_events_that_became_one_the_second_leads_to_the_first() -> None:
    assert keep_ids({"e1": "a", "e2": "b"}, {"a": "new", "b": "new"}) == ({"new": "e1"}, {"e2": "e1"})
    assert keep_ids({"e1": "a", "e2": "b"}, {"a": "e1", "b": "e1"}) == ({}, {"e2": "e1"})


def test_an_event_of_another_time_is_never_renamed() -> None:
    assert keep_ids({"e1": "a"}, {"a": "e9"}, held={"e9"}) == ({}, {"e1": "e9"})


NAMES = st.sampled_from([f"e{n}" for n in range(5)] + [f"n{n}" for n in range(5)])


@given(
    founders=st.dictionaries(st.sampled_from([f"e{n}" for n in range(5)]), st.sampled_from("abcdef")),
    seats=st.dictionaries(st.sampled_from("abcdef"), NAMES),
    held=st.sets(NAMES),
)
def test_no_two_events_ever_get_one_id(founders: dict[str, str], seats: dict[str, str], held: set[str]) -> None:
    named, leads_to = keep_ids(founders, seats, held)
    made = {*seats.values(), *held}
    final = [named.get(event_id, event_id) for event_id in made]
    assert len(final) == len(set(final))
    assert not held & named.keys()
    assert not leads_to.keys() & set(final)
    for old, founder in founders.items():
        if founder in seats and old not in final:
            assert leads_to[old] in final


def test_an_event_without_its_founding_document_leads_where_most_of_its_documents_went() -> None:
    assert heir(["a", "b", "c"], {"b": "e3", "c": "e3", "x": "e1"}) == "e3"
    assert heir(["a"], {}) is None


def test_the_difference_names_documents_events_and_fields() -> None:
    one, two = make_event("openai", id="e1"), make_event(id="e2")
    other = make_event("openai", id="e1", event_type="funding")
    seats = {"d1": Seat(state=State.DONE, event_id="e1"), "d2": Seat(state=State.DONE, event_id="e2")}
    after = seats | {"d2": Seat(state=State.REJECTED)}
    found = changes({"e1": one, "e2": two}, {"e1": other}, seats, after, {}, {"d2": "A title"})
    assert [(m.document_id, m.title, m.after.state) for m in found.moved] == [("d2", "A title", "rejected")]
    assert [(d.event_id, d.fields) for d in found.differ] == [("e1", {"event_type": ("model_release", "funding")})]
    assert [gone.event_id for gone in found.vanish] == ["e2"]
    assert (found.documents, found.events_before, found.events_after) == (2, 2, 1)

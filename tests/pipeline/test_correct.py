"""What follows when a person corrects events: who sits where, what stands, and what it teaches."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pipeline.correct import CorrectionRefused, anchors, mark, merge, move, pairs, pins, respect, retitle, split
from pipeline.records import ByHand, Seats, Sketch, Told
from tests.factories import MOMENT, make_event

ONE, TWO = Seats(event_id="e1", documents=("a", "b")), Seats(event_id="e2", documents=("c",))
DOCUMENTS = st.sets(st.sampled_from("abcdefgh"), min_size=2).map(lambda found: tuple(sorted(found)))


def sketch(event_id: str, *documents: str, **given: object) -> Sketch:
    founding, *others = [
        Sketch(event_id=event_id, document_id=d, when=MOMENT, language="en", title=d) for d in documents
    ]
    return founding.model_copy(update={"others": tuple(others), **given})


def test_a_merged_event_keeps_the_first_ones_word_and_takes_a_title_that_it_lacks() -> None:
    named = TWO.model_copy(update={"by_hand": ByHand(title_zh="题", title_en="Title", mark="noise")})
    first = ONE.model_copy(update={"by_hand": ByHand(title_en="First")})
    (merged,) = merge(first, named).events
    assert merged.documents == ("a", "b", "c")
    assert merged.by_hand == ByHand(title_zh="题", title_en="First")
    assert merge(first, named).leads_to == {"e2": "e1"}


@given(documents=DOCUMENTS, data=st.data())
def test_splitting_loses_no_document_and_doubles_none(documents: tuple[str, ...], data: st.DataObject) -> None:
    away = data.draw(st.sets(st.sampled_from(documents), min_size=1, max_size=len(documents) - 1))
    rest, new = split(Seats(event_id="e1", documents=documents), away, "e9").events
    assert sorted((*rest.documents, *new.documents)) == sorted(documents)
    assert set(new.documents) == away


def test_moving_the_last_document_lets_its_event_lead_after_it() -> None:
    plan = move("c", TWO, ONE)
    assert [seats.documents for seats in plan.events] == [("a", "b", "c")]
    assert plan.leads_to == {"e2": "e1"}


def test_a_correction_that_says_nothing_new_is_refused() -> None:
    said = ONE.model_copy(update={"by_hand": ByHand(title_zh="题", mark="rumour")})
    with pytest.raises(CorrectionRefused):
        mark(said, "rumour")
    for titles in (("题", None), ("", None), (None, None)):
        with pytest.raises(CorrectionRefused):
            retitle(said, *titles)


def test_a_persons_word_stands_over_the_documents() -> None:
    event = make_event(title_en="As reported", title_zh="如报道")
    told = respect(event, ByHand(title_en="By hand", mark="denial"))
    assert (told.title_en, told.title_zh, told.certainty) == ("By hand", "如报道", "denial")
    assert respect(event, ByHand()) == event


def test_noise_keeps_how_sure_the_documents_are() -> None:
    told = respect(make_event(certainty="rumour"), ByHand(mark="noise"))
    assert (told.certainty, told.is_noise) == ("rumour", True)


def test_a_merged_events_documents_are_compared_beside_their_own_founding_one() -> None:
    one, two = sketch("e1", "a", "b"), sketch("e2", "c", "d")
    assert anchors([one, two], ["a", "b", "c", "d", "x"]) == [["a", "b", "x"], ["c", "d"]]
    kept = one.model_copy(update={"merged": (two,)})
    assert anchors([kept], ["b", "c", "d"]) == [["b"], ["c", "d"]]
    assert anchors([], ["a", "b"]) == [["a", "b"]]


def test_what_was_joined_or_parted_holds_and_the_last_word_counts() -> None:
    joined = Seats(event_id="e1", documents=("a", "b", "c"))
    parted = (joined.model_copy(update={"documents": ("a", "c")}), Seats(event_id="e9", documents=("b",)))
    told = [
        Told(kind="merge", before=(ONE, TWO), after=(joined,)),
        Told(kind="split", before=(joined,), after=parted),
        Told(kind="retitle", before=(parted[1],), after=(parted[1],)),
    ]
    assert pins(told, {"e2": "e1"}) == {"a": "e1", "c": "e1", "b": "e9"}
    assert pins(told, {"e9": "e8", "e8": "e7"})["b"] == "e7"
    assert {(p.one, p.other): p.same for p in pairs(told)} == {("a", "b"): False, ("a", "c"): True, ("b", "c"): False}


def test_a_marked_event_is_held_by_its_founding_document_alone() -> None:
    assert pins([Told(kind="mark", before=(ONE,), after=(ONE,))], {}) == {"a": "e1"}

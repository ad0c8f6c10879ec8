"""People's edits outlive a new draft, and say so when the facts under them have moved."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipeline.digest import (
    Digest,
    EditInvalid,
    Ranked,
    carried,
    compose,
    conflicts,
    edited,
    places,
    read_sheet,
    render,
    sheet,
    unsupported_sentences,
    with_edits,
)
from pipeline.records import Event
from tests.pipeline.founding_week import MADE_AT, WEEK, founding_week, kimi, knowledge, open_sora, ranked

LATER = datetime(2024, 3, 26, 2, tzinfo=UTC)
OPENING = "ev-kimi.fact-1"
BEFORE = "ev-kimi.comparison-1"


def written(events: list[Ranked] | None = None, at: datetime = MADE_AT) -> Digest:
    """An issue of the founding week."""
    given = founding_week() if events is None else events
    return compose(WEEK, knowledge().lenses["media"], given, [], knowledge(), at)


def another_past(event: Event, value: int, words: str) -> Event:
    """The event with another figure for what held before."""
    old = [f if not f.as_of else f.model_copy(update={"value": value, "quote": words}) for f in event.facts]
    return event.model_copy(update={"facts": tuple(old)})


def test_every_sentence_has_an_id_of_its_own() -> None:
    found = places(written())
    assert {"headline", "summary-1", OPENING, BEFORE, "ev-kimi.headline", "risk-1"} <= set(found)
    assert found[BEFORE].zh == "此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍。"


def test_an_edit_shows_in_every_format_and_only_in_its_language() -> None:
    made = with_edits(written(), {OPENING: "3月18日，Kimi启动内测。"}, "zh", "李雷", LATER)
    for form in ("text", "md", "html", "json"):
        assert "3月18日，Kimi启动内测。" in str(render(made, form, "zh"))
    assert render(made, "md", "en") == render(written(), "md", "en")


def test_an_edit_is_kept_when_the_draft_is_written_anew() -> None:
    old = with_edits(written(), {OPENING: "3月18日，Kimi启动内测。"}, "zh", "李雷", LATER)
    fresh = carried(written([ranked(kimi(), 90), ranked(open_sora(), 80)], LATER), old)
    assert places(edited(fresh))[OPENING].zh == "3月18日，Kimi启动内测。"
    assert conflicts(fresh) == []
    assert (fresh.edits[0].by, fresh.edits[0].at) == ("李雷", LATER)


def test_an_edit_follows_its_sentence_to_another_place() -> None:
    plain = kimi().model_copy(update={"facts": tuple(f for f in kimi().facts if not f.as_of)})
    rivals = "ev-kimi.comparison-1"
    old = with_edits(written([ranked(plain, 90)]), {rivals: "同业长度均不及。"}, "zh", "李雷", LATER)
    fresh = carried(written([ranked(kimi(), 90)]), old)
    assert conflicts(fresh) == []
    assert places(edited(fresh))["ev-kimi.comparison-2"].zh == "同业长度均不及。"
    assert "20万字" in places(edited(fresh))[rivals].zh


def test_a_conflict_is_shown_when_the_facts_under_an_edit_changed() -> None:
    old = with_edits(written(), {BEFORE: "五个月内提升十倍。"}, "zh", "李雷", LATER)
    fresh = carried(written([ranked(another_past(kimi(), 400_000, "当时支持40万字"), 90)]), old)
    (conflict,) = conflicts(fresh)
    assert (conflict.place, conflict.words) == (BEFORE, "五个月内提升十倍。")
    assert "20万字" in conflict.base
    assert "40万字" in conflict.now
    assert "> CONFLICT: the facts now give: " + conflict.now in sheet(fresh, "zh")


def test_deciding_a_conflict_ends_it() -> None:
    old = with_edits(written(), {BEFORE: "五个月内提升十倍。"}, "zh", "李雷", LATER)
    fresh = carried(written([ranked(another_past(kimi(), 400_000, "当时支持40万字"), 90)]), old)
    decided = with_edits(fresh, {BEFORE: "较此前提升五倍。"}, "zh", "韩梅梅", LATER)
    assert conflicts(decided) == []
    assert [e.by for e in decided.edits] == ["韩梅梅"]


def test_an_edit_of_an_event_that_is_gone_is_kept_as_a_conflict_and_told_nowhere() -> None:
    old = with_edits(written(), {OPENING: "3月18日，Kimi启动内测。"}, "zh", "李雷", LATER)
    fresh = carried(written([ranked(open_sora(), 80)]), old)
    assert [c.now for c in conflicts(fresh)] == [""]
    assert "Kimi启动内测" not in str(render(fresh, "md", "zh"))


def test_an_emptied_sentence_is_left_out_and_the_next_keeps_its_place() -> None:
    made = with_edits(written(), {BEFORE: ""}, "zh", "李雷", LATER)
    text = str(render(made, "text", "zh")).replace("\n", "")
    assert "本次为其10倍。" not in text
    assert "Claude-100k约8万字" in text


def test_what_is_handed_back_unchanged_is_no_edit() -> None:
    made = written()
    assert with_edits(made, read_sheet(sheet(made, "zh")), "zh", "李雷", LATER) == made


def test_going_back_to_the_facts_words_undoes_an_edit() -> None:
    made = written()
    changed = with_edits(made, {OPENING: "别的话。"}, "zh", "李雷", LATER)
    assert with_edits(changed, {OPENING: places(made)[OPENING].zh}, "zh", "李雷", LATER) == made


@pytest.mark.parametrize(
    ("place", "words", "why"), [("ev-none.fact-1", "x", "no such sentence"), ("headline", " ", "emptied")]
)
def test_an_edit_of_nothing_or_of_a_headline_to_nothing_is_refused(place: str, words: str, why: str) -> None:
    with pytest.raises(EditInvalid, match=why):
        with_edits(written(), {place: words}, "zh", "李雷", LATER)


def test_a_number_that_a_person_adds_is_found_to_have_no_support() -> None:
    made = edited(with_edits(written(), {OPENING: "Kimi支持9999万字。"}, "zh", "李雷", LATER))
    assert [x.partition(" in: ")[0] for x in unsupported_sentences(made)] == ["9999万"]


def test_the_same_facts_keep_the_time_of_writing_and_the_bytes() -> None:
    old = Digest.model_validate_json(written().model_dump_json())
    again = carried(written(at=LATER), old)
    assert render(again, "md", "zh") == render(written(), "md", "zh")
    other = carried(written([ranked(kimi(), 90)], LATER), old)
    assert other.made_at == LATER


def test_json_says_who_changed_what() -> None:
    body = json.loads(str(render(with_edits(written(), {OPENING: "别的话。"}, "zh", "李雷", LATER), "json")))
    assert [(e["place"], e["by"], e["words"]) for e in body["edits"]] == [(OPENING, "李雷", "别的话。")]

"""An issue's life from draft to lock, and digests that write themselves once when their hour has come."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import digest
from pipeline.digest import Digest, Week
from pipeline.score import lens_stamp
from storage import digests, events, outbox
from storage.digests import DigestLocked
from tests.pipeline.founding_week import founding_week, kimi
from tests.worker.test_delivery import Vendor
from worker.delivery import deliver_due
from worker.desk import Desk
from worker.digests import NotReviewed, StillOpen, edit, frozen, issue, keep, lock, review, stored, write, write_due
from worker.schedule import latest_slot

NOW = datetime(2024, 3, 25, 1, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
WEEK = Week.parse("2024-W12", "Asia/Shanghai")
ROBOT = "wecom://0123456789abcdef"
OPENING = "ev-kimi.fact-1"


@pytest.fixture
def told(desk: Desk) -> Desk:
    """A desk whose store holds the founding week under the media lens."""
    with desk.store.writing() as session:
        for one in founding_week():
            events.save(session, one.event)
            events.save_links(session, one.event.id, one.links, NOW)
            events.save_scores(session, [one.score])
    return desk


@pytest.fixture
def swift(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locking writes one plain format only, where a test asks for none of the files."""
    monkeypatch.setattr("pipeline.digest.FORMATS", ("text",))


def as_it_stands(desk: Desk, now: datetime = NOW) -> Digest:
    return issue(desk, WEEK, desk.lexicon.knowledge.lenses["media"], "zh", now)


def locked(desk: Desk) -> Digest:
    """The week's issue, reviewed and locked by two people."""
    lens = desk.lexicon.knowledge.lenses["media"]
    made = edit(desk, as_it_stands(desk), {OPENING: "3月18日，Kimi启动内测。"}, "zh", "李雷", NOW)
    review(desk, made, "zh", "韩梅梅", NOW)
    lock(desk, WEEK, lens, "zh", "韩梅梅", NOW)
    return made


def state(desk: Desk) -> digests.SavedDigest:
    kept = stored(desk, WEEK, desk.lexicon.knowledge.lenses["media"], "zh")
    assert kept is not None
    return kept


@pytest.mark.usefixtures("swift")
def test_a_locked_issue_is_given_again_byte_for_byte_whatever_comes_in(told: Desk) -> None:
    made = locked(told)
    with told.store.writing() as session:
        events.save(session, kimi().model_copy(update={"id": "ev-late", "title_zh": "月之暗面Kimi另启动500万字内测"}))
    again = as_it_stands(told, LATER)
    for form in ("text", "html", "docx", "pdf"):
        assert digest.render(again, form, "zh") == digest.render(made, form, "zh")


def test_a_later_version_that_writes_otherwise_hands_out_the_files_that_were_sent(
    told: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, lens = locked(told), told.lexicon.knowledge.lenses["media"]
    sent = {form: digest.render(made, form, "zh") for form in digest.FORMATS}
    monkeypatch.setattr("pipeline.digest.render", lambda *_: "laid out otherwise")
    assert {form: frozen(told, WEEK, lens, "zh", form) for form in digest.FORMATS} == sent


def test_before_the_lock_there_is_no_file_to_hand_out(told: Desk) -> None:
    lens = told.lexicon.knowledge.lenses["media"]
    review(told, as_it_stands(told), "zh", "韩梅梅", NOW)
    assert frozen(told, WEEK, lens, "zh", "pdf") is None


def test_without_fonts_an_issue_stays_reviewed_and_the_reason_is_said(
    told: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lens = told.lexicon.knowledge.lenses["media"]
    review(told, as_it_stands(told), "zh", "韩梅梅", NOW)

    def refuse(*_: object) -> str:
        raise digest.FontsMissing

    monkeypatch.setattr("pipeline.digest.render", refuse)
    with pytest.raises(digest.FontsMissing):
        lock(told, WEEK, lens, "zh", "韩梅梅", NOW)
    assert state(told).state == "reviewed"


@pytest.mark.usefixtures("swift")
def test_a_locked_issue_keeps_its_inputs_its_knowledge_and_who_did_what(told: Desk) -> None:
    made = locked(told)
    kept = state(told)
    assert [(step.state, step.by) for step in kept.history] == [
        ("edited", "李雷"),
        ("reviewed", "韩梅梅"),
        ("locked", "韩梅梅"),
    ]
    body = json.loads(kept.body)
    assert body["inputs"] == list(made.inputs)
    assert body["inputs"]
    assert body["knowledge_version"] == told.lexicon.knowledge.version


@pytest.mark.usefixtures("swift")
def test_a_locked_issue_takes_no_edit_no_draft_and_no_second_lock(told: Desk) -> None:
    made = locked(told)
    with pytest.raises(DigestLocked):
        edit(told, made, {OPENING: "别的话。"}, "zh", "李雷", LATER)
    with pytest.raises(DigestLocked):
        keep(told, made, "zh", "李雷", LATER)
    with pytest.raises(DigestLocked):
        lock(told, WEEK, told.lexicon.knowledge.lenses["media"], "zh", "李雷", LATER)
    assert len(state(told).history) == 3


def test_nothing_is_locked_that_nobody_reviewed(told: Desk) -> None:
    lens = told.lexicon.knowledge.lenses["media"]
    with pytest.raises(NotReviewed, match="not kept"):
        lock(told, WEEK, lens, "zh", "李雷", NOW)
    keep(told, as_it_stands(told), "zh", "李雷", NOW)
    with pytest.raises(NotReviewed, match="draft"):
        lock(told, WEEK, lens, "zh", "李雷", NOW)


def test_an_issue_with_an_undecided_conflict_is_not_reviewed(told: Desk) -> None:
    edit(told, as_it_stands(told), {OPENING: "3月18日，Kimi启动内测。"}, "zh", "李雷", NOW)
    with told.store.writing() as session:
        events.save(session, kimi().model_copy(update={"title_zh": "月之暗面Kimi智能助手开启200万字长文内测"}))
    with pytest.raises(StillOpen, match=OPENING):
        review(told, as_it_stands(told, LATER), "zh", "韩梅梅", LATER)
    assert state(told).state == "edited"


def test_an_edit_after_the_review_asks_for_another_one(told: Desk) -> None:
    review(told, as_it_stands(told), "zh", "韩梅梅", NOW)
    edit(told, as_it_stands(told), {OPENING: "3月18日，Kimi启动内测。"}, "zh", "李雷", LATER)
    assert state(told).state == "edited"


# ---- on schedule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "slot"),
    [("day", "2024-03-26T00:00"), ("week", "2024-03-25T00:00"), ("month", "2024-03-01T00:00")],
)
def test_a_slot_is_eight_in_the_morning_of_its_first_day(desk: Desk, kind: str, slot: str) -> None:
    wanted = datetime.fromisoformat(slot).replace(tzinfo=UTC)
    assert latest_slot(kind, datetime(2024, 3, 26, 0, 0, tzinfo=UTC), desk.zone) == wanted
    if kind == "day":
        before = datetime(2024, 3, 25, 23, 59, tzinfo=UTC)
        assert latest_slot(kind, before, desk.zone) == wanted - timedelta(days=1)


def test_each_slot_writes_once_and_tells_each_destination_once(told: Desk) -> None:
    made = write_due(told, NOW, ("week",), (ROBOT,))
    assert {one.id for one in made} >= {"2024-W12-media-zh", "2024-W12-media-en"}
    assert write_due(told, NOW + timedelta(hours=3), ("week",), (ROBOT,)) == []
    with told.store.reading() as session:
        (delivery,) = outbox.recent(session)
    assert (delivery.kind, delivery.alert_id) == ("digest", "2024-W12-media-zh")


def test_a_slot_whose_writer_was_killed_is_written_all_the_same(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("worker.digests.keep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write_due(told, NOW, ("week",), (ROBOT,))
    assert write_due(told, NOW + timedelta(minutes=1), ("week",), (ROBOT,)) == []
    assert write_due(told, NOW + timedelta(hours=1), ("week",), (ROBOT,))
    assert deliver_due(told, Vendor(), lambda: NOW + timedelta(hours=1)) == {"sent": 1}
    assert write_due(told, NOW + timedelta(hours=3), ("week",), (ROBOT,)) == []


def test_the_message_gives_the_headline_and_where_to_read_it(told: Desk) -> None:
    write_due(told, NOW, ("week",), (ROBOT,))
    vendor = Vendor()
    assert deliver_due(told, vendor, lambda: NOW, public_url="https://watch.example.org") == {"sent": 1}
    sent = vendor.taken[0].body.decode()
    assert "2024-W12" in sent
    assert "月之暗面升级Kimi" in sent
    assert "https://watch.example.org/digests/2024-W12?lens=media" in sent


def test_days_and_months_are_written_where_they_are_asked_for(told: Desk) -> None:
    made = write_due(told, datetime(2024, 4, 1, 1, tzinfo=UTC), ("day", "month"))
    assert {one.week for one in made} == {"2024-03-31", "2024-03"}


def test_the_schedule_leaves_an_approved_issue_alone_and_keeps_edits_of_others(told: Desk) -> None:
    made = locked(told)
    edit_en = issue(told, WEEK, told.lexicon.knowledge.lenses["media"], "en", NOW)
    edit(told, edit_en, {OPENING: "18 March: a closed test."}, "en", "Li Lei", NOW)
    written = write_due(told, NOW, ("week",))
    assert "2024-W12-media-zh" not in {one.id for one in written}
    assert Digest.model_validate_json(state(told).body).edits == made.edits
    english = next(one for one in written if one.id == "2024-W12-media-en")
    assert english.state == "edited"
    assert "a closed test" in english.body


def test_events_that_came_before_a_lens_are_ranked_when_its_digest_is_written(told: Desk) -> None:
    young = told.lexicon.knowledge.lenses["media"].model_copy(update={"id": "young"})
    assert issue(told, WEEK, young, "zh", NOW).inputs


def test_a_changed_lens_ranks_by_its_present_weights(told: Desk) -> None:
    lens = told.lexicon.knowledge.lenses["media"]
    first = write(told, WEEK, lens, NOW)
    with told.store.writing() as session:
        for event_id, kept in events.scores_of_all(session, list(first.inputs), "media").items():
            events.save_scores(session, [kept.model_copy(update={"lens_stamp": lens_stamp(lens)})])
            assert event_id == kept.event_id
    last = first.inputs[-1]
    firm = next(e.event.companies[0].id for e in founding_week() if e.event.id == last)
    assert write(told, WEEK, lens, NOW).inputs == first.inputs
    turned = lens.model_copy(update={"prefer_companies": (firm,), "weights": {"preferred": 9.0, "heat": 0.0}})
    assert write(told, WEEK, turned, NOW).inputs[0] == last

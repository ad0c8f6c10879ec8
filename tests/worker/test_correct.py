"""Corrections by hand: what a person says of events holds, is on record, and can be taken back without a trace."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select

from pipeline.correct import CorrectionRefused, Mark, pairs
from pipeline.lexicon import Lexicon
from pipeline.query import plain
from pipeline.records import Event, RawDocument
from storage import corrections, documents, events, finding, tables, watches
from storage.engine import Store, open_store
from tests.factories import make_watch
from worker import correct, jobs
from worker.correct import Author
from worker.deliver import Answer, Request
from worker.delivery import deliver_due
from worker.desk import Desk
from worker.replay import rehearse, take

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
ANNA = Author("anna", LATER, "I read both")
STORIES = (
    ("Kimi 智能助手启动 200 万字无损上下文内测", "月之暗面宣布 Kimi 智能助手启动 200 万字无损上下文内测。"),
    ("xAI open-sources Grok-1", "xAI released the weights of Grok-1, a 314B parameter model, under Apache 2.0."),
    (
        "Nvidia unveils Blackwell B200 GPU",
        "Nvidia unveiled the Blackwell B200 GPU at GTC with 208 billion transistors.",
    ),
    ("OpenAI releases GPT-5", "OpenAI released GPT-5 today, with a context window of 400,000 tokens."),
)


def raw(story: int, source: str = "first", hours: float = 0) -> RawDocument:
    title, text = STORIES[story]
    at = NOW + timedelta(hours=hours)
    words = {
        "first": "",
        "second": " 报道。 More details followed in the afternoon.",
        "third": " 据报道，已经开放申请。",
    }
    return RawDocument(
        source_id=source,
        title=title if source == "first" else f"{title} ({source})",
        text=text + words[source] * 8,
        tier=2,
        published_at=at,
        published_precision="time",
        first_seen_at=at,
    )


def take_in(desk: Desk, *raws: RawDocument, now: datetime = NOW) -> tuple[str, ...]:
    ids = jobs.receive(desk, raws, now).ids
    while jobs.process_due(desk, now):
        pass
    return ids


def event_of(desk: Desk, document_id: str) -> Event:
    with desk.store.reading() as session:
        fate = documents.fate(session, document_id)
        assert fate is not None
        found = events.get(session, fate.event_id or "")
    assert found is not None
    return found


def held(desk: Desk, but: Sequence[str] = ()) -> dict[str, Any]:
    """Everything that the store holds of events, but for the record of corrections itself."""
    named = (
        "documents",
        "events",
        "sketches",
        "event_keys",
        "event_tags",
        "links",
        "scores",
        "event_aliases",
        "search_rows",
    )
    with desk.store.reading() as session:
        rows: dict[str, Any] = {
            n: sorted(map(tuple, session.execute(select(tables.metadata.tables[n]))), key=repr)
            for n in named
            if n not in but
        }
        rows["found"] = [hit.model_dump() for hit in finding.find(session, plain(""), kind="event", limit=300)]
    return rows


def assert_every_document_sits_in_exactly_one_event(desk: Desk) -> None:
    with desk.store.reading() as session:
        fates = [documents.fate(session, key) for key in documents.ids(session)]
        seats = {fate.document_id: fate.event_id for fate in fates if fate and fate.state == "done"}
        stored = [
            Event.model_validate_json(b)
            for b in session.execute(select(tables.table(tables.EventRow).c.body)).scalars()
        ]
        by_reports = [(report.document_id, event.id) for event in stored for report in event.reports]
    assert sorted(by_reports) == sorted(seats.items())


def test_merging_makes_one_event_of_all_documents_and_the_other_id_leads_to_it(desk: Desk) -> None:
    kimi, grok = take_in(desk, raw(0), raw(1))
    survivor, other = event_of(desk, kimi), event_of(desk, grok)
    correct.merge(desk, survivor.id, other.id, ANNA)
    merged = event_of(desk, grok)
    assert merged.id == survivor.id
    assert {report.document_id for report in merged.reports} == {kimi, grok}
    assert {c.id for c in merged.companies} >= {c.id for c in (*survivor.companies, *other.companies)}
    with desk.store.reading() as session:
        assert events.get(session, other.id) == merged
        assert events.count(session) == 1
        assert [hit.subject for hit in finding.find(session, plain("grok"), kind="event")] == [survivor.id]
        assert {link.event_id for link in events.links_of(session, survivor.id)} == {survivor.id}
    assert_every_document_sits_in_exactly_one_event(desk)


def test_what_would_join_the_event_that_was_merged_away_joins_the_survivor(desk: Desk) -> None:
    kimi, grok = take_in(desk, raw(0), raw(1))
    survivor = event_of(desk, kimi)
    correct.merge(desk, survivor.id, event_of(desk, grok).id, ANNA)
    (late,) = take_in(desk, raw(1, "second", 3), now=LATER)
    assert event_of(desk, late).id == survivor.id
    (later,) = take_in(desk, raw(0, "third", 4), now=LATER)
    assert event_of(desk, later).id == survivor.id


def test_documents_split_off_get_a_new_id_and_stay_there_when_read_again(desk: Desk) -> None:
    first, second = take_in(desk, raw(0), raw(0, "second", 1))
    event = event_of(desk, first)
    assert event_of(desk, second).id == event.id
    correct.split(desk, event.id, [first], ANNA)
    away = event_of(desk, first)
    assert away.id != event.id
    assert event_of(desk, second).id == event.id
    with desk.store.writing() as session:
        documents.reopen(session, [first, second], LATER)
    while jobs.process_due(desk, LATER):
        pass
    assert (event_of(desk, first).id, event_of(desk, second).id) == (away.id, event.id)
    assert_every_document_sits_in_exactly_one_event(desk)


def test_a_moved_document_stays_where_it_was_put(desk: Desk) -> None:
    kimi, again, grok = take_in(desk, raw(0), raw(0, "second", 1), raw(1))
    target = event_of(desk, grok)
    correct.move(desk, again, target.id, ANNA)
    assert event_of(desk, again).id == target.id
    assert [r.document_id for r in event_of(desk, kimi).reports] == [kimi]
    with desk.store.writing() as session:
        documents.reopen(session, [again], LATER)
    while jobs.process_due(desk, LATER):
        pass
    assert event_of(desk, again).id == target.id
    assert_every_document_sits_in_exactly_one_event(desk)


def test_the_last_document_moved_away_leaves_an_id_that_leads_after_it(desk: Desk) -> None:
    kimi, grok = take_in(desk, raw(0), raw(1))
    left, target = event_of(desk, kimi).id, event_of(desk, grok).id
    correct.move(desk, kimi, target, ANNA)
    with desk.store.reading() as session:
        found = events.get(session, left)
    assert found is not None
    assert found.id == target


def test_a_title_by_hand_outlives_later_reports(desk: Desk) -> None:
    (first,) = take_in(desk, raw(0))
    event = event_of(desk, first)
    correct.retitle(desk, event.id, "长文本之战", None, ANNA)
    official = raw(0, "second", 1).model_copy(update={"tier": 1})
    take_in(desk, official, now=LATER)
    now = event_of(desk, first)
    assert len(now.reports) == 2
    assert now.title_zh == "长文本之战"
    with desk.store.reading() as session:
        assert [hit.subject for hit in finding.find(session, plain("长文本之战"), kind="event")] == [event.id]


@pytest.mark.parametrize("as_what", ["rumour", "denial"])
def test_a_mark_stands_though_an_official_report_comes(desk: Desk, as_what: Literal["rumour", "denial"]) -> None:
    (first,) = take_in(desk, raw(0))
    correct.mark(desk, event_of(desk, first).id, as_what, ANNA)
    take_in(desk, raw(0, "second", 1).model_copy(update={"tier": 1}), now=LATER)
    assert event_of(desk, first).certainty == as_what


def test_noise_is_on_no_list_and_raises_no_alert(desk: Desk) -> None:
    (first,) = take_in(desk, raw(0))
    event = event_of(desk, first)
    correct.mark(desk, event.id, "noise", ANNA)
    with desk.store.writing() as session:
        watches.save(session, make_watch(id="all", destinations=("wecom://0123456789abcdef",)))
    take_in(desk, raw(0, "second", 1), now=LATER)
    with desk.store.reading() as session:
        assert events.between(session, NOW - timedelta(days=9), NOW + timedelta(days=9)) == []
        assert events.recent(session) == []
        assert events.page(session).events == events.page(session, company="moonshot-ai").events == ()
        assert finding.find(session, plain("kimi"), kind="event") == []
        assert watches.alerts(session) == []
        kept = events.get(session, event.id)
    assert kept is not None
    assert len(kept.reports) == 2


def test_an_alert_that_waits_is_not_sent_once_its_event_is_noise(desk: Desk) -> None:
    with desk.store.writing() as session:
        watches.save(session, make_watch(id="all", destinations=("wecom://0123456789abcdef",)))
    (first,) = take_in(desk, raw(0))
    correct.mark(desk, event_of(desk, first).id, "noise", ANNA)

    class Wire:
        """A destination that nothing may reach."""

        def post(self, request: Request) -> Answer:
            raise AssertionError("noise was told")

    assert deliver_due(desk, Wire(), lambda: LATER) == {"dead": 1}


def test_a_correction_is_on_record_with_who_when_why_and_what_it_changed(desk: Desk) -> None:
    (first,) = take_in(desk, raw(0))
    event = event_of(desk, first)
    done = correct.retitle(desk, event.id, None, "The long text war", ANNA)
    with desk.store.reading() as session:
        (kept,) = corrections.recent(session)
        (before,), (after,) = corrections.before_and_after(session, done.id)
    assert (kept.made_by, kept.made_at, kept.why, kept.event_ids) == ("anna", LATER, "I read both", (event.id,))
    assert before.event == event
    assert after.event is not None
    assert after.event.title_en == "The long text war"


def test_undoing_after_more_reports_came_keeps_them_where_they_joined(desk: Desk) -> None:
    kimi, grok = take_in(desk, raw(0), raw(1))
    survivor, other = event_of(desk, kimi), event_of(desk, grok)
    done = correct.merge(desk, survivor.id, other.id, ANNA)
    (late,) = take_in(desk, raw(0, "second", 3), now=LATER)
    correct.undo(desk, done.id, ANNA)
    assert event_of(desk, grok) == other
    assert {report.document_id for report in event_of(desk, kimi).reports} == {kimi, late}
    assert_every_document_sits_in_exactly_one_event(desk)


def test_a_correction_under_a_later_one_is_not_undone_before_it(desk: Desk) -> None:
    kimi, grok = take_in(desk, raw(0), raw(1))
    survivor, other = event_of(desk, kimi).id, event_of(desk, grok).id
    first = correct.merge(desk, survivor, other, ANNA)
    second = correct.retitle(desk, survivor, "一", None, ANNA)
    with pytest.raises(CorrectionRefused, match=f"correction {second.id}"):
        correct.undo(desk, first.id, ANNA)
    correct.undo(desk, second.id, ANNA)
    correct.undo(desk, first.id, ANNA)
    with pytest.raises(CorrectionRefused, match="already"):
        correct.undo(desk, first.id, ANNA)
    assert event_of(desk, grok).id == other


def test_nonsense_is_refused_and_changes_nothing(desk: Desk) -> None:
    kimi, grok = take_in(desk, raw(0), raw(1))
    event = event_of(desk, kimi).id
    before = held(desk)
    refusals: tuple[Callable[[], object], ...] = (
        lambda: correct.merge(desk, event, event, ANNA),
        lambda: correct.merge(desk, event, "e0", ANNA),
        lambda: correct.split(desk, event, [kimi], ANNA),
        lambda: correct.split(desk, event, [grok], ANNA),
        lambda: correct.move(desk, kimi, event, ANNA),
        lambda: correct.move(desk, "d0", event, ANNA),
        lambda: correct.retitle(desk, event, None, None, ANNA),
        lambda: correct.undo(desk, 7, ANNA),
    )
    for refused in refusals:
        with pytest.raises(CorrectionRefused):
            refused()
    assert held(desk) == before


def test_corrections_teach_pairs_and_what_was_undone_teaches_nothing(desk: Desk) -> None:
    kimi, again, grok = take_in(desk, raw(0), raw(0, "second", 1), raw(1))
    event = event_of(desk, kimi).id
    correct.split(desk, event, [again], ANNA)
    undone = correct.merge(desk, event, event_of(desk, grok).id, ANNA)
    correct.undo(desk, undone.id, ANNA)
    with desk.store.reading() as session:
        taught = {(pair.one, pair.other): pair.same for pair in pairs(corrections.told(session))}
    one, other = sorted((kimi, again))
    assert taught == {(one, other): False}


# ---- properties -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def four_events(migrated_file: Path, lexicon: Lexicon) -> Iterator[Path]:
    """A store of four stories, the first two told twice, to copy."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        shutil.copyfile(migrated_file, path)
        with opened(path, lexicon) as desk:
            take_in(desk, *(raw(n) for n in range(4)), raw(0, "second", 1), raw(1, "second", 2))
        yield path


@contextmanager
def opened(path: Path, lexicon: Lexicon) -> Iterator[Desk]:
    store: Store = open_store(f"sqlite:///{path}")
    try:
        yield Desk(store=store, lexicon=lexicon, sources={}, zone=ZoneInfo("Asia/Shanghai"))
    finally:
        store.close()


@contextmanager
def copied(path: Path, lexicon: Lexicon) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copyfile(path, Path(folder) / "store.db"))
        with opened(copy, lexicon) as desk:
            yield desk


STEP = st.one_of(
    st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("split"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("mark"), st.integers(0, 9), st.integers(0, 3)),
    st.tuples(st.just("retitle"), st.integers(0, 9), st.integers(0, 3)),
    st.tuples(st.just("again"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("report"), st.integers(0, 3), st.integers(3, 9)),
    st.tuples(st.just("replay"), st.integers(0, 4), st.integers(0, 4)),
)
BY_HAND = STEP.filter(lambda chosen: chosen[0] not in ("again", "report", "replay"))
MARKS: tuple[Mark, ...] = ("rumour", "fact", "denial", "noise")
SHORT = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def ids_of(desk: Desk) -> tuple[list[str], list[str]]:
    with desk.store.reading() as session:
        found = sorted(session.execute(select(tables.table(tables.EventRow).c.id)).scalars())
        return found, documents.ids(session)


def step(desk: Desk, kind: str, one: int, other: int) -> int | None:
    """Do what Hypothesis chose; the number of the correction that came of it."""
    here, docs = ids_of(desk)
    event, second, document = here[one % len(here)], here[other % len(here)], docs[one % len(docs)]
    try:
        if kind == "merge":
            return correct.merge(desk, event, second, ANNA).id
        if kind == "split":
            return correct.split(desk, event, [docs[other % len(docs)]], ANNA).id
        if kind == "move":
            return correct.move(desk, document, second, ANNA).id
        if kind == "mark":
            return correct.mark(desk, event, MARKS[other], ANNA).id
        if kind == "retitle":
            return correct.retitle(desk, event, f"题目{other}", None, ANNA).id
    except CorrectionRefused:
        return None
    if kind == "report":
        take_in(desk, raw(one, "third", other), now=LATER)
        return None
    if kind == "replay":
        since, until = NOW + timedelta(hours=one - 1), NOW + timedelta(hours=one + other)
        take(desk, rehearse(desk, since, until), since, until, LATER)
        return None
    with desk.store.writing() as session:
        documents.reopen(session, [document], LATER)
    while jobs.process_due(desk, LATER):
        pass
    return None


@SHORT
@given(steps=st.lists(BY_HAND, min_size=1, max_size=4))
def test_corrections_undone_in_turn_leave_the_store_as_it_was(
    four_events: Path, lexicon: Lexicon, steps: Sequence[tuple[str, int, int]]
) -> None:
    with copied(four_events, lexicon) as desk:
        states = [held(desk)]
        done: list[int] = []
        for kind, one, other in steps:
            number = step(desk, kind, one, other)
            if number is not None:
                done.append(number)
                states.append(held(desk))
        states.pop()
        for number in reversed(done):
            correct.undo(desk, number, ANNA)
            now, then = held(desk), states.pop()
            aliases = [row for row in now.pop("event_aliases") if row not in then["event_aliases"]]
            then.pop("event_aliases")
            assert now == then
            assert all(row[0] not in ids_of(desk)[0] for row in aliases)


@SHORT
@given(steps=st.lists(STEP, min_size=1, max_size=6))
def test_ids_never_change_and_every_document_sits_in_exactly_one_event(
    four_events: Path, lexicon: Lexicon, steps: Sequence[tuple[str, int, int]]
) -> None:
    with copied(four_events, lexicon) as desk:
        known: dict[str, datetime] = {}
        for kind, one, other in steps:
            step(desk, kind, one, other)
            assert_every_document_sits_in_exactly_one_event(desk)
            known |= dict.fromkeys(ids_of(desk)[0], NOW)
            with desk.store.reading() as session:
                gone = events.aliases(session)
                assert all(events.get(session, key) is not None for key in known)
                assert not set(gone) & set(ids_of(desk)[0])

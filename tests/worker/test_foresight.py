"""Placing thought through before the lock: what stays true is not worked out again, what came since decides."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from pipeline import flow
from pipeline.cluster import placing
from pipeline.cluster.signals import View
from pipeline.cluster.vocabulary import vocabulary
from pipeline.lexicon import Lexicon
from pipeline.records import Event, Placement, RawDocument, State
from storage import documents, events
from storage.engine import open_store
from worker import jobs
from worker.desk import Desk
from worker.foresight import Crowd, Foresight

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
STORIES = [
    ("xAI open-sources Grok-1, a 314 billion parameter model", "xAI released the weights of Grok-1 under Apache 2.0."),
    ("马斯克旗下 xAI 开源 Grok-1 大模型，参数 3140 亿", "xAI 宣布开源 Grok-1，采用 Apache 2.0 协议，参数量 3140 亿。"),
    ("Grok-1 is open: xAI publishes 314B weights", "The 314 billion parameters of Grok-1 are out under Apache 2.0."),
    ("Kimi 智能助手启动 200 万字无损上下文内测", "月之暗面宣布 Kimi 智能助手启动 200 万字无损上下文内测。"),
    ("月之暗面 Kimi 支持 200 万字上下文", "月之暗面 Kimi 智能助手的无损上下文长度提升到 200 万字。"),
    ("Weekend weather: light rain", "Take an umbrella."),
]


def report(number: int, title: str, text: str) -> RawDocument:
    at = NOW + timedelta(minutes=number)
    given = {"tier": 2, "published_at": at, "published_precision": "time", "first_seen_at": NOW}
    return RawDocument.model_validate({"source_id": f"s{number}", "title": title, "text": text, **given})


def hurried(desk: Desk) -> Desk:
    desk.crowd.waited(100.0)
    return desk


def homes(desk: Desk, ids: Sequence[str]) -> list[tuple[State, str | None]]:
    with desk.store.reading() as session:
        return [(fate.state, fate.event_id) for key in ids if (fate := documents.fate(session, key))]


@pytest.mark.parametrize("known", [0, 1], ids=["founds", "grows"])
def test_what_came_between_a_look_and_the_lock_decides(desk: Desk, monkeypatch: pytest.MonkeyPatch, known: int) -> None:
    ids = jobs.receive(desk, [report(n, *story) for n, story in enumerate(STORIES)], NOW).ids
    before, meanwhile, rest = list(ids[:known]), ids[known], list(ids[known + 1 :])
    jobs.process_due(desk, NOW, ids=before)
    look = Foresight.look

    def slow(self: Foresight, session: Session, readings: Sequence[flow.Reading]) -> None:
        look(self, session, readings)
        if len(readings) == len(rest):  # while these wait for the lock, another process places one
            jobs.process_due(desk, NOW, ids=[meanwhile])

    monkeypatch.setattr(Foresight, "look", slow)
    jobs.process_due(hurried(desk), NOW, ids=rest)
    found = homes(desk, ids)
    assert [state for state, _ in found] == [State.DONE] * 5 + [State.REJECTED]
    assert found[0][1] == found[1][1] == found[2][1] != found[3][1] == found[4][1]
    with desk.store.reading() as session:
        told = {event.id: {report.document_id for report in event.reports} for event in events.recent(session)}
    assert told == {found[0][1]: set(ids[:3]), found[3][1]: set(ids[3:5])}


def test_a_crowd_changes_no_assignment(desk: Desk, migrated_file: Path, tmp_path: Path) -> None:
    raws = [report(n, *story) for n, story in enumerate(STORIES)]
    copy = tmp_path / "other.db"
    shutil.copyfile(migrated_file, copy)
    other = replace(desk, store=open_store(f"sqlite:///{copy}"), crowd=Crowd())
    for one in (desk, hurried(other)):
        jobs.receive(one, raws, NOW)
        jobs.process_due(one, NOW)
    ids = [flow.read(raw, desk.lexicon).document.id for raw in raws]
    assert homes(desk, ids) == homes(other, ids)
    other.store.close()


def test_two_sketches_are_compared_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.receive(desk, [report(0, *STORIES[0])], NOW)
    jobs.process_due(desk, NOW)
    compared: list[str] = []
    compare = placing.compare

    def counting(mine: View, *rest: object) -> placing.Match:
        compared.append(mine.sketch.document_id)
        return compare(mine, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(placing, "compare", counting)
    ids = jobs.receive(desk, [report(1, *STORIES[1])], NOW).ids
    jobs.process_due(hurried(desk), NOW)
    assert homes(desk, ids)[0][0] is State.DONE
    assert len(compared) == len(set(compared)) == 1


def test_only_who_waits_thinks_first() -> None:
    crowd = Crowd()
    assert not crowd.is_pressing
    crowd.waited(0.2)
    assert crowd.is_pressing
    for _ in range(20):
        crowd.waited(0.0)
    assert not crowd.is_pressing


def test_an_event_that_grew_is_compared_anew(lexicon: Lexicon) -> None:
    founding, mine, later = (flow.read(report(n, *STORIES[n]), lexicon).sketch for n in range(3))
    weights = lexicon.knowledge.taxonomy.clustering
    assert weights is not None
    known = vocabulary(lexicon.knowledge)
    view, compared = View(mine, known), placing.Compared()
    first = compared.match(view, founding, known, weights)
    assert compared.match(view, founding, known, weights) is first
    grown = founding.model_copy(update={"others": (later,)})
    assert compared.match(view, grown, known, weights).sketch is grown


def test_what_founds_the_same_event_is_settled_once(desk: Desk) -> None:
    settled: list[Placement] = []

    def settle(reading: flow.Reading, placement: Placement, before: Event | None) -> flow.Outcome:
        settled.append(placement)
        on = reading.document.when.date()
        return flow.settle(reading, placement, before, desk.lexicon, desk.lenses, on)

    reading = flow.read(report(0, *STORIES[0]), desk.lexicon)
    ahead = Foresight(desk.lexicon, lambda _session, _sketch: [], settle)
    with desk.store.reading() as session:
        ahead.look(session, [reading])
    (founds,) = settled
    ahead.settle(reading, founds, None)
    assert settled == [founds]
    follows = founds.model_copy(update={"follows": "earlier"})
    assert ahead.settle(reading, follows, None).event.follows == "earlier"
    assert settled == [founds, follows]

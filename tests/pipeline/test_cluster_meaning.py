from __future__ import annotations

from datetime import UTC, datetime, timedelta

from knowledge.index import KnowledgeBase
from pipeline import flow
from pipeline.cluster.placing import ALIKE, place
from pipeline.lexicon import Lexicon
from pipeline.records import RawDocument, Sketch

NOW = datetime(2024, 3, 27, 4, tzinfo=UTC)
ZH = "英伟达发布新一代芯片"
EN = "Nvidia shows what comes after Hopper at its conference"


def sketch(lexicon: Lexicon, number: int, title: str, language: str) -> Sketch:
    raw = RawDocument(
        document_id=f"d{number}",
        source_id="s",
        title=title,
        language=language,
        first_seen_at=NOW + timedelta(hours=number),
    )
    return flow.read(raw, lexicon).sketch


def joined(first: Sketch, second: Sketch, knowledge: KnowledgeBase, likeness: float | None) -> tuple[bool, int]:
    asked: list[tuple[str, str]] = []

    def alike(one: str, other: str) -> float:
        asked.append((one, other))
        return likeness or 0.0

    placement = place(second, [first], knowledge, None if likeness is None else alike)
    return placement.event_id == first.event_id, len(asked)


def test_meaning_is_asked_only_where_two_languages_leave_it_open(lexicon: Lexicon) -> None:
    zh, en = sketch(lexicon, 1, ZH, "zh"), sketch(lexicon, 2, EN, "en")
    assert joined(zh, en, lexicon.knowledge, None) == (False, 0)
    assert joined(zh, en, lexicon.knowledge, ALIKE) == (True, 1)
    assert joined(zh, en, lexicon.knowledge, ALIKE - 0.01) == (False, 1)
    other = sketch(lexicon, 3, "Waymo opens its ride service in another city", "en")
    assert joined(zh, other, lexicon.knowledge, 1.0) == (False, 0)
    assert joined(en, sketch(lexicon, 4, f"{EN} today", "en"), lexicon.knowledge, 1.0)[1] == 0

"""The check of whole stores sees what a link lacks: it must be able to fail."""

from __future__ import annotations

from datetime import date

import pytest

from benchmarks.check_links import faults
from pipeline.records import Link, Reason
from tests.factories import make_company, make_knowledge, make_relation, make_security

WORLD = make_knowledge(
    companies=[make_company("lab")],
    securities=[make_security("NYSE:BABA")],
    relations=[make_relation("lab", "investor", "NYSE:BABA", valid_from="2024-02")],
)
SOUND = Link(
    event_id="e1",
    security_id="NYSE:BABA",
    direct=False,
    relation="investor",
    weight=0.4,
    strength="high",
    confidence=0.8,
    path=("lab", WORLD.relations[0].id),
    reason=Reason(zh="实验室 ← 巨头 投资", en="Lab ← Giant: investor"),
    evidence=("https://example.com",),
    as_of=date(2024, 3, 18),
)


def test_a_sound_link_has_no_fault() -> None:
    direct = SOUND.model_copy(update={"direct": True})
    assert list(faults([direct, SOUND], WORLD)) == []


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ({"reason": Reason(zh="", en="Lab")}, "no reason in Chinese"),
        ({"reason": Reason(zh="实验室", en="实验室")}, "no reason in English"),
        ({"evidence": ()}, "no evidence"),
        ({"evidence": (" ",)}, "no evidence"),
        ({"as_of": date(2024, 2, 28)}, "began in 2024-02"),
    ],
)
def test_what_a_link_lacks_is_told(lacks: dict[str, object], said: str) -> None:
    (told,) = faults([SOUND.model_copy(update=lacks)], WORLD)
    assert said in told


def test_an_indirect_link_before_a_direct_one_is_told() -> None:
    (told,) = faults([SOUND, SOUND.model_copy(update={"direct": True})], WORLD)
    assert "stands before a direct one" in told

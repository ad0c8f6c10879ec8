"""A change to one's own knowledge is taken over when the whole base with it is sound, and leaves no trace when not."""

from __future__ import annotations

import fcntl
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from knowledge import curate, schema
from knowledge.check import check
from knowledge.curate import ChangeRefused
from knowledge.load import HERE, load
from knowledge.review import stale
from tests.knowledge.bases import change, put, sound_base

TODAY = date(2026, 6, 1)
STANCE = {"security": "00700.HK", "stance": "recommend", "reason": "why", "date": "2026-06-01", "author": "A"}
COMPANY = {
    "id": "luma",
    "name_en": "Luma",
    "type": "lab",
    "country": "US",
    "status": "private",
    "source": ["https://example.com/luma"],
    "evidence": "read",
    "as_of": "2026-06-01",
}
TIE = {
    "id": "openai/concept/300364.SZ/sora",
    "company": "openai",
    "security": "300364.SZ",
    "kind": "concept",
    "strength": "low",
    "what": "named beside Sora",
    "known_from": "2026-06-01",
    "confidence": 0.5,
    "concept": "sora",
    "source": ["https://example.com/sora"],
    "verification": "read",
    "as_of": "2026-06-01",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sound_base(tmp_path / "own")


def content(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != curate.LOCK}


def test_a_copy_holds_the_same_knowledge(folder: Path, tmp_path: Path) -> None:
    assert curate.copy(tmp_path / "new" / "copy", folder) > 10
    assert load(tmp_path / "new" / "copy").version == load(folder).version


def test_a_copy_into_a_folder_in_use_is_refused(folder: Path, tmp_path: Path) -> None:
    before = content(folder)
    with pytest.raises(ChangeRefused, match="holds other things"):
        curate.copy(folder, folder)
    assert content(folder) == before


def test_a_stance_is_added_and_what_stood_before_stays(folder: Path) -> None:
    curate.set_stance(folder, "ai-video", STANCE, TODAY)
    drop = STANCE | {"date": "2026-08-01", "dropped": True}
    curate.set_stance(folder, "ai-video", drop, date(2026, 8, 1))
    days = (date(2026, 5, 31), date(2026, 6, 1), date(2026, 8, 1))
    found = [{m.security: m.stance for m in load(folder).members("ai-video", day)} for day in days]
    assert found == [{"300364.SZ": "watch"}, {"300364.SZ": "watch", "00700.HK": "recommend"}, {"300364.SZ": "watch"}]
    assert len(load(folder).themes["ai-video"].members) == 3


def test_a_stance_typed_later_for_an_earlier_day_changes_no_look_back(folder: Path) -> None:
    late = STANCE | {"security": "300364.SZ", "date": "2026-02-01", "known_from": "2026-06-01"}
    curate.set_stance(folder, "ai-video", late, TODAY)
    knowledge, march = load(folder), date(2026, 3, 1)
    assert [m.stance for m in knowledge.members("ai-video", march)] == ["watch"]
    assert [m.stance for m in knowledge.members("ai-video", march, TODAY)] == ["recommend"]


def test_the_latest_dated_stance_counts_whatever_the_order_of_the_rows(folder: Path) -> None:
    early = STANCE | {"security": "300364.SZ", "date": "2025-01-01"}
    curate.set_stance(folder, "ai-video", early, TODAY)
    asked = [load(folder).members("ai-video", day)[0].stance for day in (date(2025, 6, 1), TODAY)]
    assert asked == ["recommend", "watch"]


def test_a_company_comes_with_its_listing(folder: Path) -> None:
    listing = TIE | {"id": "luma/is_listed_as/NASDAQ:NVDA", "company": "luma", "security": "NASDAQ:NVDA"}
    listing |= {"kind": "is_listed_as", "concept": None}
    assert curate.add_company(folder, COMPANY | {"status": "listed"}, [listing], TODAY) == []
    assert [s.id for s in load(folder).listings("luma", TODAY)] == ["NASDAQ:NVDA"]


def test_a_relation_is_taken_over_and_not_known_before(folder: Path) -> None:
    curate.add_row(folder, "relations", schema.Relation, TIE, TODAY)
    knowledge = load(folder)
    assert [r.id for r in knowledge.relations_of("openai", TODAY)] == [TIE["id"]]
    assert knowledge.relations_of("openai", date(2026, 5, 31)) == []
    assert check(folder, TODAY) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"security": "999999.SZ"}, "no such security"),
        ({"kind": "friend", "id": "openai/friend/300364.SZ/sora"}, "no such relation kind"),
        ({"id": "openai/concept/300364.SZ"}, "id: does not go with its fields"),
        ({"confidence": 7}, "confidence"),
        ({"valid_from": "2024-02-31"}, "no such day"),
        ({"source": []}, "evidence"),
        ({"source": ["I heard it"]}, "no address of a page"),
        ({"as_of": "2027-01-01"}, "in the future"),
        ({"company": "nobody", "id": "nobody/concept/300364.SZ/sora"}, "no such company"),
    ],
)
def test_a_relation_that_would_break_the_base_leaves_no_trace(folder: Path, wrong: dict[str, Any], said: str) -> None:
    before = content(folder)
    with pytest.raises(ChangeRefused, match=said):
        curate.add_row(folder, "relations", schema.Relation, TIE | wrong, TODAY)
    assert content(folder) == before


def test_a_tie_that_stands_already_is_refused(folder: Path) -> None:
    curate.add_row(folder, "relations", schema.Relation, TIE, TODAY)
    with pytest.raises(ChangeRefused, match="stands already"):
        curate.add_row(folder, "relations", schema.Relation, TIE, TODAY)


def test_a_confirmed_tie_is_fresh_from_that_day_and_as_it_was_before(folder: Path) -> None:
    aged = TIE | {"valid_from": "2026-01-01", "known_from": "2026-01-01", "as_of": "2026-01-01"}
    curate.add_row(folder, "relations", schema.Relation, aged, TODAY)
    change(folder, "taxonomy/relation_kinds.yaml", "weight: 0.3", "weight: 0.3, shelf_life_days: 30")
    curate.change_relation(folder, str(TIE["id"]), {"confirmed": ["2026-06-01"]}, "https://example.com/still", TODAY)
    knowledge = load(folder)
    assert [s.confirmed for s in stale(knowledge, date(2026, 5, 31))] == [date(2026, 1, 1)]
    assert stale(knowledge, TODAY) == []
    (row,) = knowledge.relations_of("openai", TODAY)
    assert (row.as_of, row.source[-1]) == (date(2026, 1, 1), "https://example.com/still")
    curate.change_relation(
        folder, str(TIE["id"]), {"confirmed": ["2026-07-01"]}, "https://example.com/more", date(2026, 7, 1)
    )
    assert load(folder).relations_of("openai", TODAY)[0].confirmed == (TODAY, date(2026, 7, 1))


def test_an_end_is_seen_from_the_day_we_learned_of_it(folder: Path) -> None:
    curate.add_row(folder, "relations", schema.Relation, TIE, TODAY)
    ended = {"valid_to": "2026-08-01", "end_known_from": "2026-09-01"}
    curate.change_relation(folder, str(TIE["id"]), ended, "https://example.com/end", date(2026, 9, 1))
    knowledge = load(folder)

    def seen(on: date, known_by: date | None = None) -> bool:
        return bool(knowledge.relations_of("openai", on, known_by))

    assert [seen(day) for day in (TODAY, date(2026, 8, 15), date(2026, 9, 1))] == [True, True, False]
    assert not seen(date(2026, 8, 15), date(2026, 9, 1))
    assert seen(date(2026, 7, 31), date(2026, 9, 1))


def test_a_tie_that_is_not_there_cannot_be_confirmed(folder: Path) -> None:
    before = content(folder)
    with pytest.raises(ChangeRefused, match="no relation"):
        curate.change_relation(folder, "openai/partner/00700.HK", {}, "https://example.com/x", TODAY)
    assert content(folder) == before


def test_a_name_that_another_company_has_is_refused(folder: Path) -> None:
    with pytest.raises(ChangeRefused, match="also a name of luma"):
        curate.add_company(folder, COMPANY | {"aliases": ["OpenAI"]}, [], TODAY)
    assert not (folder / "companies/luma.yaml").exists()


def test_a_fault_that_was_there_before_stops_no_other_change(folder: Path) -> None:
    change(folder, "companies/openai.yaml", "status: private", "status: listed")
    curate.add_company(folder, COMPANY, [], TODAY)
    assert "luma" in load(folder).companies


def test_a_fault_is_not_hidden_by_the_same_fault_elsewhere(folder: Path) -> None:
    put(folder, "relations/tencent.yaml", (folder / "relations/tencent.yaml").read_text() + "  percent: much\n")
    assert len([p for p in check(folder) if p.severity == "error"]) >= 1
    with pytest.raises(ChangeRefused):
        curate.add_row(folder, "relations", schema.Relation, TIE | {"security": "999999.SZ"}, TODAY)


def test_the_bundled_base_is_never_edited(folder: Path) -> None:
    with pytest.raises(ChangeRefused, match="launchwatch knowledge copy FOLDER"):
        curate.set_stance(HERE, "ai", STANCE, TODAY)


def test_two_changes_at_once_do_not_meet(folder: Path) -> None:
    with (folder / curate.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ChangeRefused, match="another change"):
            curate.set_stance(folder, "ai-video", STANCE, TODAY)
    curate.set_stance(folder, "ai-video", STANCE, TODAY)

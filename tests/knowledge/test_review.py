"""What differs between two knowledge folders, and which ties have outlived their kind's shelf life."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from knowledge.index import KnowledgeBase
from knowledge.listed import table_text
from knowledge.load import KnowledgeInvalid
from knowledge.review import diff, stale
from tests.factories import make_kind, make_knowledge, make_relation
from tests.knowledge.bases import LISTED, ORIGINS, change, put_table, sound_base

TODAY = date(2024, 6, 1)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return sound_base(tmp_path / "old"), sound_base(tmp_path / "new")


def test_the_same_knowledge_differs_in_nothing(folders: tuple[Path, Path]) -> None:
    assert diff(*folders) == []


def test_rows_are_added_changed_and_gone(folders: tuple[Path, Path]) -> None:
    old, new = folders
    change(new, "companies/openai.yaml", "status: private", "status: listed")
    (new / "products/openai.yaml").unlink()
    (old / "lenses/media.yaml").unlink()
    found = {(c.part, c.row): (c.kind, c.fields) for c in diff(old, new)}
    assert found["companies", "openai"] == ("changed", {"status": ("private", "listed")})
    assert found["products", "sora"][0] == "gone"
    assert found["lenses", "media"][0] == "added"
    assert len(found) == 3


def test_of_a_list_only_what_came_and_went_is_told(folders: tuple[Path, Path]) -> None:
    old, new = folders
    change(new, "companies/openai.yaml", "aliases: [Open AI]", "aliases: [Open AI, OpenAI Inc.]")
    assert [c.fields for c in diff(old, new)] == [{"aliases": ([], ["OpenAI Inc."])}]


def test_a_row_that_moved_to_another_file_did_not_change(folders: tuple[Path, Path]) -> None:
    old, new = folders
    (new / "securities/hong-kong.yaml").rename(new / "securities/hk.yaml")
    assert diff(old, new) == []


def test_lines_of_the_compact_list_are_compared(folders: tuple[Path, Path]) -> None:
    old, new = folders
    renamed = [row | {"name_zh": "中文"} if row["id"] == "300364.SZ" else row for row in LISTED[:3]]
    put_table(new, table_text(ORIGINS, renamed))
    found = [(c.kind, c.row, c.fields) for c in diff(old, new)]
    assert found[0] == ("changed", "300364.SZ", {"name_zh": ("中文在线", "中文")})
    assert [(kind, row) for kind, row, _ in found[1:]] == [("gone", "NASDAQ:NVDA")]


def test_a_folder_that_is_no_base_is_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(KnowledgeInvalid, match="cannot be read"):
        diff(folders[0], tmp_path / "empty")


def base(**given: object) -> KnowledgeBase:
    relation = make_relation("kimi", "concept", "300364.SZ", **{"as_of": date(2024, 3, 20), **given})
    kinds = [make_kind("concept", shelf_life_days=30), make_kind("investor")]
    return make_knowledge(relations=[relation], kinds=kinds)


def test_a_tie_is_stale_from_the_day_after_its_shelf_life() -> None:
    knowledge = base(valid_from="2024-03-01")
    assert stale(knowledge, date(2024, 4, 19)) == []
    (found,) = stale(knowledge, date(2024, 4, 20))
    assert (found.confirmed, found.age_days, found.shelf_life_days) == (date(2024, 3, 20), 31, 30)


def test_a_later_confirmation_is_not_seen_from_before() -> None:
    knowledge = base(valid_from="2024-01-01", as_of=date(2024, 5, 1))
    assert [s.confirmed for s in stale(knowledge, date(2024, 3, 1))] == [date(2024, 1, 1)]
    assert stale(knowledge, date(2024, 5, 2)) == []


def test_a_tie_of_no_known_date_comes_first_without_an_age() -> None:
    assert [s.age_days for s in stale(base(as_of=date(2025, 1, 1)), TODAY)] == [None]


def test_what_ended_or_does_not_age_is_not_stale() -> None:
    assert stale(base(valid_from="2024-01-01", valid_to="2024-03-25"), TODAY) == []
    lasting = make_relation("kimi", "investor", "300364.SZ", valid_from="2001", as_of=date(2001, 1, 1))
    assert stale(make_knowledge(relations=[lasting], kinds=[make_kind("investor")]), TODAY) == []

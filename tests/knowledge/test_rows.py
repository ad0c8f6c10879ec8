"""A row put into a file leaves everything else in it as a person wrote it, and reads back as it was given."""

from __future__ import annotations

import pytest

from knowledge.load import parse
from knowledge.rows import with_fields, with_member, with_row, written

ROW = {"id": "a/b", "country": "NO", "code": "00700", "note": "yes: no # not a comment", "of": ["x", "null"], "at": 0.5}


def test_a_row_reads_back_as_it_was_given() -> None:
    (found,) = parse("relations/a.yaml", with_row("", ROW).encode())
    assert found.values == ROW


def test_fields_without_a_value_are_left_out() -> None:
    assert written({"id": "a", "aliases": (), "parent": None, "dropped": False}) == "id: a\ndropped: false\n"


def test_a_row_comes_after_those_that_stand_there_with_their_comments() -> None:
    text = "# why\n- id: first  # kept\n"
    assert with_row(text, {"id": "second"}) == text + "- id: second\n"


def test_a_file_of_one_row_becomes_a_list() -> None:
    found = parse("x", with_row("id: first\nlist:\n- 1", {"id": "second"}).encode())
    assert [one.values for one in found] == [{"id": "first", "list": [1]}, {"id": "second"}]


def test_a_list_in_one_line_is_spread_out() -> None:
    found = parse("x", with_row("[{id: first}]\n", {"id": "second"}).encode())
    assert [one.place for one in found] == ["first", "second"]


def test_a_member_stands_after_the_others_and_before_what_follows() -> None:
    text = "id: t\nmembers:\n- security: a  # why\n  stance: watch\n# the source\nsource: s\n"
    changed = with_member(text, {"security": "b"})
    assert changed == "id: t\nmembers:\n- security: a  # why\n  stance: watch\n- security: b\n# the source\nsource: s\n"
    assert [m["security"] for m in parse("x", changed.encode())[0].values["members"]] == ["a", "b"]


def test_a_member_of_an_indented_list_is_indented_alike() -> None:
    changed = with_member("id: t\nmembers:\n  - security: a\n    stance: watch\n", {"security": "b", "stance": "c"})
    assert changed.endswith("  - security: b\n    stance: c\n")
    assert len(parse("x", changed.encode())[0].values["members"]) == 2


def test_the_first_member_of_a_theme() -> None:
    for text in ("id: t\nmembers: []\nsource: s\n", "id: t\nsource: s\n", "id: t\nmembers:\nsource: s\n"):
        values = parse("x", with_member(text, {"security": "b"}).encode())[0].values
        assert values == {"id": "t", "members": [{"security": "b"}], "source": "s"}


ROWS = """\
# ties
- id: a
  what: >-
    of two
    lines
  source: ['x']  # seen
- id: b
  source:
  - y
# the end
"""


def test_fields_of_one_row_are_written_anew_and_the_rest_stays() -> None:
    changed = with_fields(ROWS, "b", {"source": ["y", "z"], "as_of": "2024-03-25"})
    assert changed == ROWS.replace("  source:\n  - y\n", "  source: [y, z]\n  as_of: '2024-03-25'\n")
    first = with_fields(ROWS, "a", {"what": "short", "source": ["x", "w"]})
    assert [row.values for row in parse("x", first.encode())] == [
        {"id": "a", "what": "short", "source": ["x", "w"]},
        {"id": "b", "source": ["y"]},
    ]


def test_a_row_that_is_not_there_or_stands_in_one_line_is_not_changed() -> None:
    for text in (ROWS, "- {id: c, what: w}\n"):
        with pytest.raises(KeyError):
            with_fields(text, "c", {"what": "new"})


def test_a_last_member_that_ends_in_a_block_of_text_stays_whole() -> None:
    text = "members:\n- security: a\n  reason: |\n    first\n    second\nsource: s\n"
    members = parse("x", with_member(text, {"security": "b"}).encode())[0].values["members"]
    assert members == [{"security": "a", "reason": "first\nsecond\n"}, {"security": "b"}]


def test_members_written_in_one_line_stay_whole() -> None:
    changed = with_member("id: t\nmembers: [{security: a}]\nsource: s\n", {"security": "b"})
    assert [m["security"] for m in parse("x", changed.encode())[0].values["members"]] == ["a", "b"]

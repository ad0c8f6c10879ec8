"""Where we look: the shipped list is sound, and a broken one explains itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawlers.reading import OF_KIND
from crawlers.sources import SourcesBroken, load_sources

ROW = "{id: acme, name: Acme, url: 'https://acme.example/feed', kind: rss, tier: 1, language: en}"


def written(folder: Path, *rows: str, name: str = "sources.yaml") -> Path:
    path = folder / name
    path.write_text("sources:\n" + "".join(f"- {row}\n" for row in rows), "utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(SourcesBroken) as error:
        load_sources(path)
    return [f"{p.row} {p.field}: {p.message}" for p in error.value.problems]


def test_the_shipped_sources_are_many_and_sound() -> None:
    sources = load_sources()
    assert len(sources) >= 300
    assert len({source.url for source in sources}) == len(sources)
    assert {source.tier for source in sources} == {1, 2, 3}
    assert all(source.kind in OF_KIND for source in sources)
    assert all(source.evidence and source.as_of for source in sources)


def test_a_source_takes_its_groups_cadence_unless_it_has_its_own(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    rows = (
        ROW.replace("}", ", group: media}"),
        ROW.replace("acme,", "bee,").replace("}", ", group: media, cadence_hours: 7}"),
    )
    path.write_text("cadence_hours: {media: 3}\nsources:\n" + "".join(f"- {row}\n" for row in rows), "utf-8")
    assert [source.cadence_hours for source in load_sources(path)] == [3, 7]


def test_an_error_names_the_row_the_field_and_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path, ROW.replace("kind: rss", "kind: blog").replace("name: Acme, ", "nmae: Acme, "))
    found = problems(path)
    assert "acme name: is missing: add it" in found
    assert "acme nmae: is no field of a source: check its spelling, or take it out" in found
    assert any(line.startswith("acme kind: is 'blog': write 'rss', 'atom'") for line in found)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("acme.example/feed", "begins with http"),
        ("ftp://acme.example/feed", "begins with http"),
        ("https://user:pw@acme.example/", "take user names"),
        ("https://acme.example/a b", "spaces"),
    ],
)
def test_a_bad_address_is_explained(tmp_path: Path, url: str, advice: str) -> None:
    assert advice in problems(written(tmp_path, ROW.replace("https://acme.example/feed", url)))[0]


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    bad = ROW.replace("tier: 1", "tier: 9")
    assert len(problems(written(tmp_path, bad, bad.replace("acme,", "bee,"), "just words"))) == 3


def test_an_id_used_twice_is_a_problem(tmp_path: Path) -> None:
    assert problems(written(tmp_path, ROW, ROW)) == ["acme id: used twice: give one of them another id"]


def test_a_json_source_must_say_where_its_items_are(tmp_path: Path) -> None:
    assert "`paths`" in problems(written(tmp_path, ROW.replace("kind: rss", "kind: json-api")))[0]


def test_a_users_file_adds_to_the_list_and_replaces_in_it(tmp_path: Path) -> None:
    shipped = written(tmp_path, ROW, ROW.replace("acme,", "bee,"))
    own = written(tmp_path, ROW.replace("name: Acme", "name: Mine"), ROW.replace("acme,", "cee,"), name="own.yaml")
    assert [(s.id, s.name) for s in load_sources(shipped, own)] == [("acme", "Mine"), ("bee", "Acme"), ("cee", "Acme")]


def test_base_stands_for_the_address_of_a_local_site(tmp_path: Path) -> None:
    path = written(tmp_path, ROW.replace("https://acme.example", "{base}"))
    assert load_sources(path, base="http://127.0.0.1:8099")[0].url == "http://127.0.0.1:8099/feed"


@pytest.mark.parametrize("text", ["", "nonsense", "sources: 5", "a: [", "\x00"])
def test_a_file_that_is_no_list_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(SourcesBroken, match=r"s\.yaml"):
        load_sources(path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourcesBroken, match="cannot be read"):
        load_sources(tmp_path / "none.yaml")

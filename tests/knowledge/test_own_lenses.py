"""An installation's own points of view: read besides the bundled ones, and every mistake named with its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.load import WEIGHED, KnowledgeInvalid, load
from pipeline.score import POINTS

GOOD = """id: games-desk
name_zh: 游戏组
name_en: Games desk
themes: [game-new-mode, ai]
weights: {themes: 1.5, actor: 0.5}
prefer_companies: [moonshot-ai]
prefer_stocks: [300364.SZ]
"""


@pytest.fixture
def lenses(tmp_path: Path) -> Path:
    """A folder with one good lens."""
    (tmp_path / "games.yaml").write_text(GOOD, "utf-8")
    return tmp_path


def test_an_own_lens_stands_beside_the_bundled_ones(lenses: Path) -> None:
    base = load(lenses=lenses)
    assert {"media", "all", "games-desk"} <= set(base.lenses)
    assert base.lenses["games-desk"].weights == {"themes": 1.5, "actor": 0.5}
    assert base.version != load().version


def test_no_folder_is_no_lens(tmp_path: Path) -> None:
    assert load(lenses=tmp_path / "none").version == load().version


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (GOOD.replace("games-desk", "media"), "a lens of this id already"),
        (GOOD.replace("game-new-mode", "gaming"), "no theme has the id 'gaming'"),
        (GOOD.replace("moonshot-ai", "nobody"), "no company has the id 'nobody'"),
        (GOOD.replace("300364.SZ", "999999.SZ"), "no security has the id '999999.SZ'"),
        (GOOD.replace("actor:", "fame:"), "no part 'fame'"),
        (GOOD.replace("name_en: Games desk\n", ""), "name_en"),
        (GOOD + "colour: red\n", "colour"),
        ("id: [", "own.yaml"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, wrong: str, words: str) -> None:
    (tmp_path / "own.yaml").write_text(wrong, "utf-8")
    with pytest.raises(KnowledgeInvalid, match=words) as caught:
        load(lenses=tmp_path)
    assert str(tmp_path / "own.yaml") in str(caught.value)


def test_what_a_lens_may_weigh_is_what_importance_is_made_of() -> None:
    assert {*POINTS, "preferred"} == WEIGHED

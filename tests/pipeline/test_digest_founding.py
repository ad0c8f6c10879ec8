"""The founding report's frame, from the reviewed text of the knowledge base to the issue of its week: nothing typed twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.digest import Digest, render
from tests.pipeline.test_digest import written

THEMES = Path(__file__).parents[2] / "knowledge" / "themes"
STATED = ("recommend", "watch")


def rows() -> dict[str, dict[str, Any]]:
    """Every theme as the reviewed files have it, the framework among them."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(THEMES.glob("*.yaml"))}


@pytest.fixture(scope="module")
def issue() -> Digest:
    return written()


def test_the_cover_is_the_founding_reports(issue: Digest) -> None:
    frame = rows()["framework"]
    assert issue.cover.rating is not None
    assert (issue.cover.sector.zh, issue.cover.rating.zh) == (
        frame["sector"],
        f"{frame['sector_rating']}（{frame['rating_change']}）",
    )
    assert (issue.cover.sector.zh, issue.cover.rating.zh) == ("传媒", "增持（维持）")
    assert issue.cover.window.zh == "2024-03-18至2024-03-24"
    assert issue.cover.published_on.isoformat() == str(frame["report_date"]) == "2024-03-25"


def test_the_framework_and_its_boxes_are_the_founding_reports(issue: Digest) -> None:
    frame = rows()["framework"]
    assert issue.framework_name.zh == frame["name_zh"] == "大模型+小模型+应用及内容"
    boxes = [layer["name_zh"] for layer in frame["layers"]]
    assert [box.name.zh for box in issue.framework] == [name for name in boxes if name != "算力"]


def test_the_theme_lists_and_stances_are_as_typed(issue: Digest) -> None:
    shown = {block.theme_id: block for block in issue.themes}
    assert list(shown)[:4] == rows()["framework"]["theme_order"]
    for theme_id, row in rows().items():
        typed = [(m["security"], m["stance"]) for m in row.get("members", ()) if m["stance"] in STATED]
        if theme_id in shown:
            told = [(h.security_id, h.stance) for h in shown[theme_id].holdings if h.stance in STATED]
            assert sorted(told) == sorted(typed)
        else:
            assert not typed
    assert sum(len(block.holdings) for block in issue.themes) > 14


def test_what_the_report_stressed_is_shown_though_no_event_touches_it(issue: Digest) -> None:
    shown = {block.theme_id: block.attention for block in issue.themes}
    typed = {i: row["attention"] for i, row in rows().items() if row.get("attention")}
    assert {i: said.zh for i, said in shown.items() if said} == typed
    assert typed["sector-games"] == "持续推荐"
    assert "游戏板块（持续推荐）" in str(render(issue, "text", "zh"))


def test_the_risk_topics_are_the_founding_reports(issue: Digest) -> None:
    assert [risk.zh.rstrip("。").split("：")[0] for risk in issue.risks] == rows()["framework"]["risk_topics_zh"]

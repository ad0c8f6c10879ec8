"""The documented event study, on prices made so that the answer is known beforehand."""

from __future__ import annotations

import csv
import importlib.util
import io
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import Run

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "event_study.py"
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2023, 9, 1)
ALPHA, BETA, JUMP = 0.0005, 1.4, 0.05


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("event_study", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["event_study"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["event_study"]


def weekdays(count: int) -> list[date]:
    days = (FIRST + timedelta(days=n) for n in range(count * 2))
    return [day for day in days if day.weekday() < 5][:count]


DAYS = weekdays(200)
EVENT = DAYS[150]


def write_prices(path: Path, jumps: dict[str, float], noise: float = 0.0) -> Path:
    """Closes of securities that follow the index by ALPHA and BETA, with one jump on the event's day."""
    rows = [["date", "security", "close", "index"]]
    for number, (security, jump) in enumerate(jumps.items()):
        close = index = 100.0
        for place, day in enumerate(DAYS):
            market = 0.01 * ((place * 7) % 5 - 2)
            own = ALPHA + BETA * market + noise * (-1) ** (place + number) + (jump if day == EVENT else 0.0)
            close, index = close * (1 + own), index * (1 + market)
            rows.append([day.isoformat(), security, repr(close), repr(index)])
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), "utf-8")
    return path


def happening(example: ModuleType, security: str = "A", at: datetime | None = None, weight: float = 1.0) -> object:
    at = at or datetime.combine(EVENT, time(10), ZONE)
    return example.Happening(f"e-{weight}", security, at, True, weight, "title")


def test_the_market_model_finds_alpha_beta_and_the_jump(example: ModuleType, tmp_path: Path) -> None:
    returns = example.read_prices(write_prices(tmp_path / "p.csv", {"A": JUMP}))
    (effect,), left_out = example.study([happening(example)], returns)
    assert effect.day == EVENT
    assert effect.market.fitted
    assert (effect.market.alpha, effect.market.beta) == pytest.approx((ALPHA, BETA), abs=1e-9)
    assert effect.abnormal == pytest.approx([0.0] * 5 + [JUMP] + [0.0] * 10, abs=1e-9)
    assert effect.cumulative[-1] == pytest.approx(JUMP, abs=1e-9)
    assert not left_out


def test_less_the_index_leaves_what_beta_adds(example: ModuleType, tmp_path: Path) -> None:
    returns = example.read_prices(write_prices(tmp_path / "p.csv", {"A": JUMP}))
    (effect,), _ = example.study([happening(example)], returns, model="adjusted", before=0, after=0)
    market = 0.01 * ((150 * 7) % 5 - 2)
    assert effect.abnormal == pytest.approx([ALPHA + (BETA - 1) * market + JUMP], abs=1e-9)
    assert effect.t is None


def test_a_short_history_falls_back_to_less_the_index_and_says_so(example: ModuleType, tmp_path: Path) -> None:
    returns = example.read_prices(write_prices(tmp_path / "p.csv", {"A": 0.0}))
    early = happening(example, at=datetime.combine(DAYS[40], time(10), ZONE))
    (effect,), _ = example.study([early], returns)
    assert not effect.market.fitted
    assert [row[3] for row in example.table([effect])] == ["model", "adjusted"]


def test_the_t_value_is_the_jump_in_units_of_the_noise(example: ModuleType, tmp_path: Path) -> None:
    noise = 0.004
    returns = example.read_prices(write_prices(tmp_path / "p.csv", {"A": JUMP}, noise))
    (effect,), _ = example.study([happening(example)], returns, before=0, after=0)
    assert effect.market.sigma == pytest.approx(noise, rel=0.03)
    assert effect.t == pytest.approx(JUMP / noise, rel=0.12)


@pytest.mark.parametrize(
    ("said", "traded"),
    [
        (datetime.combine(EVENT, time(14, 59), ZONE), EVENT),
        (datetime.combine(EVENT, time(15, 0), ZONE), DAYS[151]),
        (datetime(2024, 3, 31, 12, tzinfo=UTC), date(2024, 4, 1)),
    ],
)
def test_news_counts_from_the_first_day_on_which_it_could_be_traded(
    example: ModuleType, said: datetime, traded: date
) -> None:
    place = example.trading_day(said, DAYS, ZONE, time(15))
    assert DAYS[place] == traded


def test_two_events_of_one_security_and_day_are_one_observation(example: ModuleType, tmp_path: Path) -> None:
    returns = example.read_prices(write_prices(tmp_path / "p.csv", {"A": JUMP, "B": 0.0}))
    same = [
        happening(example, weight=0.5),
        happening(example, weight=0.9),
        happening(example, "B"),
        happening(example, "C"),
    ]
    effects, left_out = example.study(same, returns)
    assert [(e.happening.security, e.happening.weight) for e in effects] == [("A", 0.9), ("B", 1.0)]
    assert left_out == {"another event of the same security and day counts": 1, "no prices of the security": 1}
    mean, error = example.average(effects)[-1]
    assert mean == pytest.approx(JUMP / 2, abs=1e-9)
    assert error == pytest.approx(JUMP / 2, abs=1e-9)


def test_an_event_at_the_edge_of_the_prices_is_left_out(example: ModuleType, tmp_path: Path) -> None:
    returns = example.read_prices(write_prices(tmp_path / "p.csv", {"A": 0.0}))
    edges = [datetime.combine(day, time(10), ZONE) for day in (DAYS[1], DAYS[-2], DAYS[-1] + timedelta(days=9))]
    effects, left_out = example.study([happening(example, at=at) for at in edges], returns)
    assert effects == []
    assert left_out == {"prices do not cover the window": 3}


@pytest.mark.parametrize("line", ["2024-01-02,A,ten,1", "2024-01-02,A,0,1", "2024-13-02,A,1,1", "2024-01-02,A,1"])
def test_a_wrong_price_is_named_by_its_line(example: ModuleType, tmp_path: Path, line: str) -> None:
    (tmp_path / "p.csv").write_text(f"date,security,close,index\n{line}\n")
    with pytest.raises(SystemExit, match="line 2"):
        example.read_prices(tmp_path / "p.csv")


def test_an_export_is_studied_and_plotted(
    example: ModuleType, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    title = "中文在线（300364.SZ）发布中文逍遥大模型"
    (tmp_path / "news.jsonl").write_text(
        f'{{"id": "k", "title": "{title}", "text": "{title}。", "published_at": "{EVENT}T10:00:00+08:00"}}', "utf-8"
    )
    run("ingest", str(tmp_path / "news.jsonl"))
    assert run("export", "--from", f"{EVENT}", "--to", f"{DAYS[160]}", "-o", str(tmp_path / "e.csv")).code == 0
    write_prices(tmp_path / "p.csv", {"300364.SZ": JUMP})
    example.main([str(tmp_path / "e.csv"), str(tmp_path / "p.csv"), "--svg", str(tmp_path / "s.svg")])
    said = capsys.readouterr()
    (row,) = csv.DictReader(io.StringIO(said.out))
    assert (row["security"], row["day"]) == ("300364.SZ", EVENT.isoformat())
    assert float(row["cumulative"]) == pytest.approx(JUMP, abs=1e-6)
    assert f"mean over 1: +{JUMP:.2%}" in said.err
    drawing = ElementTree.fromstring((tmp_path / "s.svg").read_text("utf-8"))
    points = next(e for e in drawing.iter() if e.tag.endswith("polyline")).attrib["points"].split()
    heights = [float(point.split(",")[1]) for point in points]
    assert len(heights) == 16
    assert max(heights[:5]) - min(heights[:5]) < 0.2
    assert heights[5] < heights[4] - 100

"""A digest on a page: ranked under the lens as it reads today, also where nobody has scored under it yet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.deps import Desk
from api.digests import digest_of
from api.keys import KeyHolder
from pipeline.score import lens_stamp
from storage import events
from storage.engine import open_store
from tests.pipeline.founding_week import WEEK, founding_week, knowledge

NOW = datetime(2024, 3, 25, 1, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A web process's desk over the founding week, scored under the media lens alone."""
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    lens = knowledge().lenses["media"]
    with store.writing() as session:
        for one in founding_week():
            events.save(session, one.event)
            events.save_links(session, one.event.id, one.links, NOW)
            events.save_scores(session, [one.score.model_copy(update={"lens_stamp": lens_stamp(lens)})])
    return Desk(store=store, knowledge=knowledge(), zone=ZoneInfo("Asia/Shanghai"), keys=KeyHolder("", store))


def test_events_that_came_before_a_lens_stand_on_its_page(desk: Desk) -> None:
    young = knowledge().lenses["media"].model_copy(update={"id": "young"})
    made = digest_of(desk, WEEK, young, "zh", NOW)
    assert set(made.inputs) == {one.event.id for one in founding_week()}
    assert made.items


def test_a_changed_lens_ranks_by_its_present_weights(desk: Desk) -> None:
    lens = knowledge().lenses["media"]
    first = digest_of(desk, WEEK, lens, "zh", NOW).inputs
    firm = next(one.event.companies[0].id for one in founding_week() if one.event.id == first[-1])
    turned = lens.model_copy(update={"prefer_companies": (firm,), "weights": {"preferred": 9.0, "heat": 0.0}})
    assert digest_of(desk, WEEK, turned, "zh", NOW).inputs[0] == first[-1]

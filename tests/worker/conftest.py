"""A desk over a store of the test's own, with the bundled knowledge and no source."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from pipeline.lexicon import Lexicon
from storage.engine import Store
from worker.desk import Desk


@pytest.fixture
def desk(store: Store, lexicon: Lexicon) -> Desk:
    """A desk without sources."""
    return Desk(store=store, lexicon=lexicon, sources={}, zone=ZoneInfo("Asia/Shanghai"))

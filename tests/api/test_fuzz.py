"""A short draw of requests to every fourth route, made from the API's own description; `python -m tests.api.fuzz` makes 20,000."""

from __future__ import annotations

import pytest

from pipeline.lexicon import Lexicon
from tests.api.conftest import House
from tests.api.fuzz import fuzz
from tests.api.inventory import stock


def test_no_request_brings_a_route_down(tmp_path_factory: pytest.TempPathFactory, lexicon: Lexicon) -> None:
    stocked = stock(House(tmp_path_factory.mktemp("fuzzed"), lexicon, {"api_per_minute": 1e9}))
    with stocked.house.client() as client:
        told = list(fuzz(client, 60, step=4))
    assert len(told) >= 9
    assert sum(answers.total() for _, answers, _ in told) >= 50
    assert [one for _, _, down in told for one in down] == []

"""What is wrong with a watch is said with what was perhaps meant."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.watch_faults import faults
from tests.factories import make_watch


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return load()


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        ({"companies": ("月之暗面",)}, "company: '月之暗面' is not known; did you mean moonshot-ai?"),
        ({"companies": ("moonshotai",)}, "did you mean moonshot-ai"),
        ({"securities": ("300364",)}, "did you mean 300364.SZ"),
        ({"modalities": ("vidoe",)}, "did you mean video?"),
        ({"layers": ("x",)}, "take one of application_content"),
        ({"event_types": ("zzzz",)}, "type: 'zzzz' is not known"),
        ({"lens": "nobody"}, "lens: 'nobody'"),
        ({"direct_only": True}, "direct-only"),
        ({"words": ("ok", " ")}, "word: "),
        ({"destinations": ("carrier-pigeon://loft",)}, "to: carrier-pigeon"),
    ],
)
def test_a_fault_names_the_field_the_value_and_what_to_write(
    knowledge: KnowledgeBase, watch: dict[str, Any], said: str
) -> None:
    [fault] = faults(make_watch(**watch), knowledge)
    assert said in fault


def test_a_sound_watch_has_no_fault(knowledge: KnowledgeBase) -> None:
    watch = make_watch(companies=("moonshot-ai",), securities=("300364.SZ",), destinations=("mailto:a@example.com",))
    assert faults(watch, knowledge) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quiet": "22-7"}, "hours such as 22:00-07:30"),
        ({"timezone": "Mars"}, "a time zone such as"),
        ({"daily_at": "8"}, "a time of day such as 08:00"),
        ({"sessions": ("tokyo:noon",), "cadence": "sessions"}, "markets: shanghai, hong_kong, new_york"),
        ({"cadence": "sessions"}, "go together"),
        ({"sessions": ("shanghai:midday",)}, "go together"),
    ],
)
def test_a_time_that_cannot_be_read_says_what_it_takes(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make_watch(**given)

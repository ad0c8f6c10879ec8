"""Which watches an event meets: the book finds all that match, and no list is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records import Event, Link, Modalities, ProductTag, Reason, Score, ThemeMatch, Watch
from pipeline.watching import Scene, WatchBook, match
from tests.factories import make_event, make_report, make_watch
from tests.storage.factories import make_link

THEME = ThemeMatch(theme_id="ai", reason=Reason(zh="视频", en="video"))


def scene(event: Event | None = None, links: list[Link] | None = None) -> Scene:
    event = event or make_event(
        "lab",
        products=(ProductTag(name="Kimi", id="kimi", family="kimi", quote="Kimi 智能助手"),),
        modalities=Modalities(output=("video",)),
        layer="large_model",
        reports=(make_report(title="Kimi 支持 200 万字"),),
    )
    drawn = [make_link(event.id, "300364.SZ"), make_link(event.id, "NYSE:BABA", direct=True)]
    score = Score(event_id=event.id, lens="all", total=50, parts=(), themes=(THEME,))
    return Scene(event, drawn if links is None else links, [score])


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        ({"companies": ("lab",)}, ("lab",)),
        ({"products": ("kimi",)}, ("Kimi 智能助手",)),
        ({"words": ("200 万",)}, ("Kimi 支持 200 万字",)),
    ],
)
def test_a_match_shows_the_words_that_made_it(watch: dict[str, Any], words: tuple[str, ...]) -> None:
    found = match(make_watch(**watch), scene())
    assert found is not None
    assert found.words == words
    assert all(word in found.reason.en for word in words)


@pytest.mark.parametrize(
    ("watch", "meets"),
    [
        ({"layers": ("large_model",)}, True),
        ({"layers": ("compute",)}, False),
        ({"securities": ("300364.SZ",)}, True),
        ({"securities": ("300364.SZ",), "direct_only": True}, False),
        ({"securities": ("NYSE:BABA",), "direct_only": True}, True),
        ({"minimum_tier": 2}, True),
        ({"minimum_tier": 1}, False),
    ],
)
def test_layers_direct_ties_and_tiers_are_heeded(watch: dict[str, Any], meets: bool) -> None:
    assert (match(make_watch(**watch), scene()) is not None) is meets


def test_a_security_shows_why_it_is_linked() -> None:
    found = match(make_watch(securities=("300364.SZ",)), scene())
    assert found is not None
    assert "300364.SZ (supplier)" in found.reason.en


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2).map(tuple)


WATCHES = st.builds(
    make_watch,
    companies=some("lab", "giant"),
    products=some("kimi", "qwen"),
    modalities=some("video", "music"),
    event_types=some("model_release", "funding"),
    layers=some("large_model", "compute"),
    themes=some("ai", "games"),
    securities=some("300364.SZ", "NASDAQ:NVDA"),
    words=some("万字", "absent", " "),
    paused=st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(WATCHES, max_size=8), st.booleans())
def test_the_book_offers_every_watch_that_is_met(watches: list[Watch], bare: bool) -> None:
    seen = scene(make_event("giant", layer=None)) if bare else scene()
    numbered = [watch.model_copy(update={"id": f"w{n}"}) for n, watch in enumerate(watches)]
    met = [watch for watch in numbered if not watch.paused and match(watch, seen)]
    offered = WatchBook(numbered).candidates(seen)
    assert [watch for watch in offered if match(watch, seen)] == met

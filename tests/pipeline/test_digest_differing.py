"""Two issues compared: what changed shows, what only follows from it does not."""

from __future__ import annotations

from datetime import timedelta

from pipeline.digest import Digest, changes, with_edits
from pipeline.digest.smoothing import accepted
from tests.pipeline.founding_week import MADE_AT, founding_week, kimi, ranked
from tests.pipeline.test_digest import written


def joined(digest: Digest) -> Digest:
    """The issue as a model left it: the first main event's second fact joined by one more word."""
    item = digest.items[0]
    ours = item.facts[1]
    words = accepted(ours.zh, f"同时，{ours.zh}", digest)
    assert words != ours.zh
    facts = (item.facts[0], ours.model_copy(update={"zh": words}), *item.facts[2:])
    return digest.model_copy(update={"items": (item.model_copy(update={"facts": facts}), *digest.items[1:])})


def changed(old: Digest, new: Digest) -> list[str]:
    return [line for line in changes(old, new, "zh") if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_words_that_a_model_only_joined_are_no_change() -> None:
    ours = written()
    assert changed(joined(ours), ours) == []
    assert changed(ours, joined(ours)) == []


def test_the_time_of_writing_is_no_change() -> None:
    later = written().model_copy(update={"made_at": MADE_AT + timedelta(hours=5)})
    assert changed(written(), later) == []


def test_one_more_event_renumbers_nothing_in_what_is_shown() -> None:
    more = kimi().model_copy(update={"id": "ev-more", "published_at": kimi().when + timedelta(days=4)})
    old, new = written(), written([*founding_week(), ranked(more, 95)])
    assert old.sources[0].event_id != new.sources[0].event_id or old.headline.sources != new.headline.sources
    lines = changed(old, new)
    last = old.items[-1].headline.zh
    assert lines
    assert not [line for line in lines if line[1:] == f"### {last}"]
    assert not [line for line in lines if "[" in line and "\\[" in line]


def test_a_person_s_words_and_a_figure_are_changes() -> None:
    old = written()
    edited = with_edits(old, {"summary-1": "本周最要紧的是长文本。"}, "zh", "李雷", MADE_AT)
    assert "+本周最要紧的是长文本。" in [line.split("我们认为")[0] for line in changed(old, edited)]
    other = [ranked(kimi().model_copy(update={"facts": ()}), 90), *founding_week()[1:]]
    assert any(line.startswith("-") and "10倍" in line for line in changed(old, written(other)))

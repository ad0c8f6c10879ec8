"""What the world tells while faults happen: stories of which we know beforehand where each must end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from random import Random
from typing import Literal
from xml.sax.saxutils import escape

COMPANIES = ("xAI", "OpenAI", "Mistral AI", "Anthropic", "DeepSeek", "MiniMax", "Moonshot AI", "Zhipu AI")
SYLLABLES = ("ka", "zo", "ri", "mu", "te", "la", "vo", "ne", "shi", "ru", "po", "da", "fe", "gi", "ho")
SIDE_EVERY, OFF_TOPIC_EVERY = 4, 9
"""One story in four is copied by a second source; one in nine is none of our business."""

Kind = Literal["news", "again", "off-topic"]


@dataclass(frozen=True)
class Story:
    """An entry of a source. Those with one `number` tell of one happening, and of no other."""

    number: int
    kind: Kind
    source: int
    title: str
    text: str
    published_at: datetime

    @property
    def key(self) -> str:
        """What stands at the end of its address."""
        return f"{self.number}-{self.kind}"


def stories_of(number: int, sources: int, now: datetime) -> list[Story]:
    """What is told of happening `number` among so many sources: one entry, or the same words at two places.

    Nothing is told in other words: what those join is for clustering to judge, and this for a crowd of a thousand
    releases a day would measure its judgement, not what faults do.
    """
    source = number % sources
    if number % OFF_TOPIC_EVERY == 0:
        return [off_topic(number, source, now)]
    company, size = COMPANIES[number % len(COMPANIES)], 10 + number % 900
    model = f"{_name(number)}-{number}"
    title = f"{company} releases {model}, a model with {size} billion parameters"
    text = f"{company} today released {model}. {model} has {size} billion parameters and is open source."
    told = [Story(number, "news", source, title, text, now)]
    if number % SIDE_EVERY == 0:
        told.append(Story(number, "again", (source + 1) % sources, title, text, now))
    return told


def off_topic(number: int, source: int, now: datetime) -> Story:
    """A story that is none of our business."""
    title = f"Recipe {number}: {_name(number)} soup with beans"
    return Story(number, "off-topic", source, title, f"Boil {number} beans for an hour. Add salt, and serve.", now)


def feed(name: str, base: str, stories: list[Story]) -> bytes:
    """An RSS feed of stories, the latest first, each with its whole text."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{story.key}</guid><link>{base}/story/{story.key}</link>"
        f"<title>{escape(story.title)}</title><description>{escape(story.text)}</description>"
        f"<pubDate>{format_datetime(story.published_at)}</pubDate></item>"
        for story in reversed(stories)
    )
    head = f"<title>{name}</title><link>{base}/</link><description>{name}</description>"
    return f"<?xml version='1.0'?><rss version='2.0'><channel>{head}{items}</channel></rss>".encode()


def _name(number: int) -> str:
    """A product's name that no other story has."""
    dice = Random(number)
    return "".join(dice.choice(SYLLABLES) for _ in range(4)).capitalize()

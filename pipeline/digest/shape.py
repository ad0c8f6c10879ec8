"""The records of a digest: every sentence in both languages with what supports it, so that any format shows the same facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

from pydantic import AwareDatetime, SerializeAsAny

from pipeline.digest.period import Period
from pipeline.records import Event, Link, Record, Score

Format = Literal["text", "md", "html", "json", "docx", "pdf"]
Language = Literal["zh", "en"]


class Both(Record):
    """The same words in Chinese and in English."""

    zh: str
    en: str

    def say(self, language: str) -> str:
        """The words in one of the two."""
        return self.zh if language == "zh" else self.en


class Ranked(Record):
    """An event with its links and its score under the lens: what a digest is composed from."""

    event: Event
    links: tuple[Link, ...] = ()
    score: Score


class AuthorBlock(Record):
    """Who signs, as their settings say; a person signs, the tool only fills in."""

    name: str
    publisher: str = ""
    licence: str = ""
    """The signer's licence number, as the publisher prints it."""
    email: str = ""
    phone: str = ""
    rating_definitions: Both | None = None
    statement: Both | None = None
    disclaimer: Both | None = None


class Series(Record):
    """Daily closes of an index, oldest first."""

    id: str
    name: Both
    source: str
    closes: tuple[tuple[date, float], ...]


class Prices(Record):
    """The market's index, and the sector's and linked stocks' closes where an installation has them."""

    sector: Series | None = None
    market: Series
    stocks: tuple[Series, ...] = ()


# ---- what supports a sentence ---------------------------------------------------------------------------------------

Rule = Literal[
    "quoted",
    "ratio",
    "before",
    "rival",
    "record",
    "count",
    "coming",
    "conflict",
    "change",
    "excess",
]
"""How a number came about: stands in a quote; one stored figure over another; an earlier figure of the same product;
another product's figure; the best of all stored figures until then; a count of stored events; a date read in a title;
one of several values that reports give; the change between two stored closes; that change less the market's."""


class Claim(Record):
    """A figure that the digest shows, the rule that made it, and the words and source that support it."""

    number: int
    rule: Rule
    what: Both
    shown: Both
    value: float | int | str
    unit: str = ""
    inputs: tuple[float, ...] = ()
    """What a computed figure was computed from, in the order of its rule."""
    event_id: str | None = None
    source: int | None = None
    quote: str = ""
    as_of: str | None = None
    """Year, month or day that the words give for the figure."""
    conflict: bool = False


class Source(Record):
    """A report that the digest cites, under its number."""

    number: int
    document_id: str
    event_id: str
    name: str
    tier: int
    url: str | None
    title: str
    language: str
    published_at: AwareDatetime | None
    first_seen_at: AwareDatetime


class Sentence(Both):
    """One sentence: facts and views never share one."""

    kind: Literal["fact", "comparison", "view", "note"] = "fact"
    sources: tuple[int, ...] = ()
    claims: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, parts: Iterable[Sentence], zh: str, en: str, kind: Literal["fact", "view", "note"] = "view"
    ) -> Sentence:
        """A sentence made of others: it rests on what they rest on."""
        held = list(parts)
        sources = tuple(dict.fromkeys(n for part in held for n in part.sources))
        claims = tuple(dict.fromkeys(n for part in held for n in part.claims))
        return cls(zh=zh, en=en, kind=kind, sources=sources, claims=claims)


# ---- the parts ------------------------------------------------------------------------------------------------------


class Cover(Record):
    """The cover line: sector and rating as a person gave them, the report's kind, its window and date."""

    kind: Both
    sector: Both
    rating: Both | None = None
    rating_note: Both | None = None
    window: Both
    published_on: date


class Item(Record):
    """An event told in full."""

    event_id: str
    rank: int
    importance: float
    headline: Sentence
    facts: tuple[Sentence, ...]
    views: tuple[Sentence, ...] = ()


class Line(Record):
    """An event, a filing, a rumour or a coming date in one line."""

    event_id: str
    day: date
    sentence: Sentence
    importance: float = 0.0


class Box(Record):
    """A box of the framework with the week's events in it."""

    layer: str
    name: Both
    events: tuple[str, ...] = ()
    sentence: Sentence | None = None


class Holding(Record):
    """A security under a theme with the stance that a person typed, by whom and when."""

    security_id: str
    name: Both
    stance: Literal["recommend", "watch", "sector_member"]
    reason: Both
    author: str | None
    author_en: str | None = None
    """The author's English name, where there is one."""
    day: date


class ThemeBlock(Record):
    """A theme of the lens: what of this week touches it, its securities, and what changed since the last issue."""

    theme_id: str
    name: Both
    attention: Both | None = None
    events: tuple[str, ...] = ()
    why: tuple[Sentence, ...] = ()
    holdings: tuple[Holding, ...] = ()
    change: Sentence | None = None


class Stock(Record):
    """A security that the week's events touch, by its strongest link."""

    security_id: str
    name: Both
    event_id: str
    event: Sentence
    relation: Both
    direct: bool
    strength: Literal["high", "medium", "low"]
    reason: Both
    evidence: tuple[str, ...]
    as_of: date
    issuer_denied: bool = False
    other_events: int = 0
    move: Sentence | None = None
    """What its price did in the window, and beyond the market, where an installation has prices."""


class Related(Record):
    """An earlier issue."""

    label: str
    title: Both
    published_on: date


class Bar(Record):
    """A named count."""

    name: Both
    count: int


class HeatRow(Record):
    """An event's reports, day by day."""

    event_id: str
    name: Sentence
    counts: tuple[int, ...]


class Market(Record):
    """The week's change of the two indices, and a year of closes as 100 at its start."""

    sentences: tuple[Sentence, ...]
    sector: Series
    market: Series


class Charts(Record):
    """The numbers behind the figures."""

    modalities: tuple[Bar, ...] = ()
    days: tuple[date, ...] = ()
    heat: tuple[HeatRow, ...] = ()


class Edit(Record):
    """A sentence as a person reworded it, by whom and when; no words leave it out."""

    place: str
    """The sentence's id: `headline`, `<event>.fact-1`, `line.<event>`, `risk-1`."""
    language: Language
    base: str
    """The sentence that it replaces, as the facts gave it then."""
    words: str
    by: str
    at: AwareDatetime


class Digest(Record):
    """One issue: everything it says, in both languages, with everything that supports it."""

    schema_version: Literal[1] = 1
    period: SerializeAsAny[Period]
    lens: str
    lens_name: Both
    made_at: AwareDatetime
    knowledge_version: str
    inputs: tuple[str, ...]
    """Ids of the events that it was composed from, in order of importance."""
    cover: Cover
    author: AuthorBlock | None = None
    headline: Sentence
    quiet: bool
    summary: tuple[Sentence, ...]
    items: tuple[Item, ...] = ()
    framework: tuple[Box, ...] = ()
    framework_name: Both
    themes: tuple[ThemeBlock, ...] = ()
    stocks: tuple[Stock, ...] = ()
    stocks_left_out: int = 0
    others: tuple[Line, ...] = ()
    others_left_out: int = 0
    announcements: tuple[Line, ...] = ()
    coming: tuple[Line, ...] = ()
    rumours: tuple[Line, ...] = ()
    related: tuple[Related, ...] = ()
    risks: tuple[Sentence, ...] = ()
    market: Market | None = None
    charts: Charts = Charts()
    claims: tuple[Claim, ...] = ()
    sources: tuple[Source, ...] = ()
    dates: tuple[date, ...] = ()
    """Days on which what it tells of happened, was linked or was known."""
    codes: tuple[str, ...] = ()
    """Securities that its sentences name."""
    names: tuple[str, ...] = ()
    """Names of companies, products, securities, themes and sources that its sentences use."""
    edits: tuple[Edit, ...] = ()
    """What people changed; kept when the draft is written anew."""

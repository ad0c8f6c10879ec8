"""What travels. Read this file and flow.py first: an entry becomes a document, is tagged, joins an event, is linked and scored."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from pipeline.hours import ClockTime, QuietHours, SessionName, ZoneName


class Record(BaseModel):
    """Frozen, and closed to fields it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ---- documents ------------------------------------------------------------------------------------------------------


class RawDocument(Record):
    """An entry at the door: what a reader or a user's file gave, before any cleaning."""

    id: str | None = None
    """The giver's own id (a guid, or `id` of a JSON line)."""
    document_id: str | None = None
    """The id that the store gave it at the door, where it came through one."""
    source_id: str
    source_name: str = ""
    source_company: str | None = None
    """The company that publishes the source itself, where it is official."""
    tier: Literal[1, 2, 3] = 3
    url: str | None = None
    title: str = ""
    text: str = ""
    """Plain text or HTML as found."""
    author: str = ""
    language: str | None = None
    published_at: AwareDatetime | None = None
    published_precision: Literal["time", "day", "unknown"] = "unknown"
    first_seen_at: AwareDatetime
    history: bool = False
    """Whether it came with a source's first answer, or a re-dated archive: stored and filed, but told to nobody."""


class Document(Record):
    """An entry with its text, clean, once per canonical URL."""

    id: str
    external_id: str | None = None
    source_id: str
    source_name: str = ""
    source_company: str | None = None
    tier: int = 3
    url: str | None = None
    canonical_url: str | None = None
    title: str
    text: str
    author: str = ""
    language: str
    """`zh`, `en`, another ISO 639-1 code, or `und` when the words do not tell."""
    published_at: AwareDatetime | None = None
    published_precision: Literal["time", "day", "unknown"] = "unknown"
    first_seen_at: AwareDatetime

    @property
    def when(self) -> datetime:
        """The best time we have for ordering: published where known and not in the future of its first sight."""
        if self.published_at is None or self.published_at > self.first_seen_at:
            return self.first_seen_at
        return self.published_at


class State(StrEnum):
    """Where a document's trip ended; each is in exactly one."""

    PENDING = "pending"
    DONE = "done"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    FAILED = "failed"


class Fingerprint(Record):
    """What recognises a document again: hashes of URL and words, and near-duplicate bands. Hex strings."""

    url: str | None
    text: str
    bands: tuple[str, ...] = ()


class Verdict(Record):
    """What dedupe says of a document: new, or a copy or a version of one that we have."""

    kind: Literal["new", "same_url", "same_text", "near"]
    of: str | None = None
    """The document that it repeats."""


# ---- tags and facts -------------------------------------------------------------------------------------------------


class CompanyTag(Record):
    """A company on a document, with the words that show it."""

    id: str
    relevance: int = Field(ge=0, le=100)
    role: Literal["actor", "mentioned"] = "mentioned"
    quote: str
    rule: str = ""


class ProductTag(Record):
    """A product or model, known to the knowledge base (`id`) or found by its shape (`id` is None)."""

    name: str
    """As written, without surrounding words: `Qwen3.5-397B-A17B`."""
    id: str | None = None
    family: str | None = None
    version: str | None = None
    company: str | None = None
    relevance: int = Field(default=50, ge=0, le=100)
    quote: str
    rule: str = ""


class SecurityTag(Record):
    """A listed security named in the text itself, with evidence that it is meant as a stock or an issuer."""

    id: str
    quote: str
    rule: str = ""


class Modalities(Record):
    """What the model or product takes in and gives out, by ids of the taxonomy."""

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


Certainty = Literal["fact", "rumour", "denial", "question", "forecast", "retrospect"]
Qualifier = Literal["exact", "about", "at_least", "up_to", "more_than", "less_than"]


class Fact(Record):
    """One field with its unit and the words that show it. `parameters` are counted in units: 7B is 7000000000."""

    kind: str
    value: float | int | str
    unit: str
    qualifier: Qualifier = "exact"
    quote: str
    subject: str | None = None
    """The product (or company) that the fact belongs to, as named in the text or by the knowledge base."""
    product: str | None = None
    """The subject's product id, where the knowledge base knows it."""
    detail: str | None = None
    """What exactly is counted: the benchmark, the hardware, `input` or `output` of a price, `raised` or `valuation`."""
    comparison: bool = False
    """Whether the text gives it for comparison: a rival's figure, or what held before."""
    as_of: str | None = None
    """Year, month or day that the text gives for the figure."""


class Tags(Record):
    """All that tagging says of one document."""

    document_id: str
    relevant: bool
    """Whether it is about AI at all."""
    reason: str = ""
    """Why not, for one that is off topic."""
    companies: tuple[CompanyTag, ...] = ()
    products: tuple[ProductTag, ...] = ()
    securities: tuple[SecurityTag, ...] = ()
    modalities: Modalities = Modalities()
    event_type: str = "product_launch"
    event_type_quote: str = ""
    certainty: Certainty = "fact"
    certainty_quote: str = ""
    layer: str | None = None
    proposed: tuple[str, ...] = ()
    """What of these a language model proposed and the text bore out: `company:apple`, `output:video`."""


# ---- events ---------------------------------------------------------------------------------------------------------


class Sketch(Record):
    """What clustering remembers of a founding document, and compares others with. Kept small: one row an event."""

    event_id: str
    document_id: str
    when: AwareDatetime
    is_dated: bool = True
    """Whether a source says when; else `when` is only when we saw it, and may be days late."""
    language: str
    title: str
    companies: tuple[str, ...] = ()
    """Most relevant first."""
    products: tuple[str, ...] = ()
    """Family or id, with version where there is one: `qwen:3.5`."""
    event_type: str = ""
    certainty: Certainty = "fact"
    numbers: tuple[str, ...] = ()
    """Facts as `kind:value:unit`."""
    terms: tuple[str, ...] = ()
    """Folded words that carry the headline, bridged to one language where the term table knows them."""
    lead: tuple[str, ...] = ()
    """The same of the text's beginning, without those of the headline."""
    who: tuple[str, ...] = ()
    """Those of the terms that only say who or what it is about: companies, products, and the words of their names."""
    names: tuple[str, ...] = ()
    """Products and models that the headline names, folded: `gemini 3.1 flash`."""
    keys: tuple[str, ...] = ()
    """Under which the store finds candidates."""
    others: tuple[Sketch, ...] = ()
    """The first documents that joined, in the same form: other words and the other language for the same founding fact."""
    merged: tuple[Sketch, ...] = ()
    """Sketches of the events that a person merged into this one, under its id: what would have joined them joins it."""


class Placement(Record):
    """Where a document goes: an event that exists, or a new one, perhaps following an earlier."""

    event_id: str
    new: bool
    follows: str | None = None
    score: float = 0.0
    signals: dict[str, float] = {}
    """The decision's parts, for `--explain` and for a person who corrects it."""


class Report(Record):
    """One document's part in an event: who said it, when, where, how official."""

    document_id: str
    source_id: str
    source_name: str = ""
    tier: int
    url: str | None = None
    title: str
    language: str
    published_at: AwareDatetime | None = None
    first_seen_at: AwareDatetime
    event_type: str = ""
    """What it says happened; empty where no word of it shows the type."""
    event_type_quote: str = ""
    history: bool = False
    """Whether it came with a source's first answer, or a re-dated archive: it was news to nobody."""


class EventFact(Fact):
    """A fact of an event, with the report that shows it."""

    document_id: str
    conflict: bool = False
    """Whether another report of the event gives another value for the same field of the same subject."""


class ByHand(Record):
    """What a person said of an event. It stands over what the documents say, whatever comes later."""

    title_zh: str | None = None
    title_en: str | None = None
    mark: Literal["rumour", "fact", "denial", "noise"] | None = None
    """How sure it is; `noise` is shown in no list, digest, search or alert."""


class Event(Record):
    """Documents about one happening. The id never changes and is never reused."""

    id: str
    title_zh: str | None = None
    title_en: str | None = None
    event_type: str
    event_type_quote: str = ""
    """The words of a report that show the type; empty where no word did and the type is only the usual one."""
    certainty: Certainty = "fact"
    occurred_on: date | None = None
    published_at: AwareDatetime | None = None
    """The earliest time that a report gives; unknown stays unknown."""
    first_seen_at: AwareDatetime
    companies: tuple[CompanyTag, ...] = ()
    products: tuple[ProductTag, ...] = ()
    securities: tuple[SecurityTag, ...] = ()
    modalities: Modalities = Modalities()
    layer: str | None = None
    facts: tuple[EventFact, ...] = ()
    reports: tuple[Report, ...] = ()
    follows: str | None = None
    days_after: float | None = None
    """Days since the last similar event, the one that it follows; None for the first of its chain."""
    novelty: float = 1.0
    """1 for the first of its chain; less the sooner it comes after a similar event."""
    heat: float = 0.0
    by_hand: ByHand = ByHand()

    @property
    def is_noise(self) -> bool:
        """Whether a person marked it as noise: kept, but shown in no list, digest, search or alert."""
        return self.by_hand.mark == "noise"

    @property
    def when(self) -> datetime:
        """When to file it: the earliest published time, else when we first saw it."""
        return self.published_at or self.first_seen_at

    def title(self, language: str) -> str:
        """The title in a language, or in the other one where no report gave it."""
        wanted, other = (self.title_zh, self.title_en) if language == "zh" else (self.title_en, self.title_zh)
        return wanted or other or ""


# ---- corrections by hand --------------------------------------------------------------------------------------------

CorrectionKind = Literal["merge", "split", "move", "retitle", "mark"]


class Seats(Record):
    """An event as corrections see it: its documents, earliest first, and what a person said of it."""

    event_id: str
    documents: tuple[str, ...]
    by_hand: ByHand = ByHand()


class Told(Record):
    """A correction as replay and learning need it: who sat where before, and who sits where after."""

    kind: CorrectionKind
    before: tuple[Seats, ...]
    after: tuple[Seats, ...]


# ---- links and scores -----------------------------------------------------------------------------------------------


class Reason(Record):
    """Why, in Chinese and in English."""

    zh: str
    en: str


class Link(Record):
    """A path from an event to a security along relations; nothing is linked without reason, evidence and date."""

    event_id: str
    security_id: str
    direct: bool
    relation: str
    """The kind of the last relation of the path, or `issuer` or `named` for a direct link."""
    weight: float = Field(ge=0, le=1)
    strength: Literal["high", "medium", "low"]
    confidence: float = Field(ge=0, le=1)
    path: tuple[str, ...]
    """Company and relation ids in order, from the event outwards."""
    reason: Reason
    evidence: tuple[str, ...]
    as_of: date
    concept: str | None = None
    issuer_denied: bool = False


class ThemeMatch(Record):
    """A theme that an event triggers, and why."""

    theme_id: str
    reason: Reason


class ScorePart(Record):
    """One named part of an event's importance."""

    name: str
    points: float
    why: Reason


class Score(Record):
    """How much an event matters under a lens: the sum of its parts, 0 to 100."""

    event_id: str
    lens: str
    total: float
    parts: tuple[ScorePart, ...]
    themes: tuple[ThemeMatch, ...] = ()
    lens_stamp: str = ""
    """Of the lens as it was then, so that a changed one is told from it; empty where nobody noted it."""


# ---- watches and alerts ---------------------------------------------------------------------------------------------


Cadence = Literal["at_once", "hourly", "daily", "sessions"]


class Watch(Record):
    """A standing query, and where and when to tell whom. Every list that is not empty must match."""

    id: str
    name: str
    owner: str = "admin"
    companies: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    securities: tuple[str, ...] = ()
    direct_only: bool = False
    """Whether a security counts only where the event is its issuer's own or names it, not along relations."""
    words: tuple[str, ...] = ()
    minimum_importance: float = Field(default=0.0, ge=0, le=100)
    minimum_tier: Literal[1, 2, 3] = 3
    """The tier that at least one of the event's sources must have: 1 official, 2 media as well, 3 any."""
    rumours: bool = False
    lens: str = "all"
    language: Literal["zh", "en"] = "zh"
    destinations: tuple[str, ...] = ()
    """Channel URLs: `webhook+https://...`, `mailto:...`, `wecom://...`."""
    cadence: Cadence = "at_once"
    daily_at: ClockTime = "08:00"
    """When a daily brief is sent, in the watch's zone."""
    sessions: tuple[SessionName, ...] = ()
    """Moments of trading days at which a bundle is sent: `shanghai:before_open`, `new_york:after_close`."""
    quiet: QuietHours = ""
    """Hours in the watch's zone in which nobody is told: `22:00-07:30`. What comes then waits for their end."""
    timezone: ZoneName = "Asia/Shanghai"
    heartbeat: bool = False
    """Whether its destinations hear once a day that all is quiet, or that we cannot say so."""
    paused: bool = False

    @model_validator(mode="after")
    def _names_its_sessions(self) -> Self:
        if (self.cadence == "sessions") != bool(self.sessions):
            raise ValueError("the cadence `sessions` and its moments go together: name some, as shanghai:before_open")
        return self


class Alert(Record):
    """A watch met by an event; or several such alerts in one bundle."""

    id: str
    watch_id: str
    event_id: str
    version: int = 1
    made_at: AwareDatetime
    title: str
    body: str
    why: Reason
    substance: str = ""
    """What it tells, whichever watch is told: the same destination hears it once. Empty: as its id."""
    words: tuple[str, ...] = ()
    """The words of titles and quotes that met the watch."""
    importance: float | None = None
    """The event's, under the watch's lens."""
    published_at: AwareDatetime | None = None
    """When the report that brought it was published, as its source says."""
    seen_at: AwareDatetime | None = None
    """When we first saw that report; `made_at` is when it had been read and judged."""


# ---- questions ------------------------------------------------------------------------------------------------------


class Question(Record):
    """What a language model is asked, where one is set: our rules, and the material that they are about, kept apart."""

    rules: str
    material: str

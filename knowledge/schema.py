"""The shapes of the knowledge base. Every fact carries its source, how it was seen (`evidence`) and for which date it speaks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Evidence = Literal["read", "mention", "inferred", "none"]
"""How a row's source was seen: its passage was read, its name was found there, an editor drew the tie, or nobody looked."""

PartialDate = Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
"""A year, a month or a day: `2023`, `2023-10`, `2023-10-09`."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
SecurityId = Annotated[str, StringConstraints(pattern=r"^(\d{6}\.(SH|SZ|BJ)|\d{5}\.HK|[A-Z]+:[A-Z0-9.^/-]+)$")]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Stance = Literal["recommend", "watch", "sector_member"]


class Row(BaseModel):
    """A row of the knowledge base: frozen, and closed to fields it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ambiguity(Row):
    """An alias that is also an ordinary word: taken only with one of `context` near, never with one of `not_context`."""

    alias: str
    context: tuple[str, ...] = ()
    not_context: tuple[str, ...] = ()


class Chief(Row):
    """A person whose words and deeds are read as a company's, while in office; one who leads several stands for none."""

    names: tuple[str, ...] = Field(min_length=1)
    role: str
    since: PartialDate | None = None
    until: PartialDate | None = None
    source: tuple[str, ...]
    evidence: Evidence
    as_of: date


class Company(Row):
    """A company, laboratory, project or issuer, under every name it goes by."""

    id: Slug
    name_en: str
    name_zh: str | None = None
    aliases: tuple[str, ...] = ()
    type: str
    country: str
    status: str
    parent: Slug | None = None
    hf_orgs: tuple[str, ...] = ()
    github_orgs: tuple[str, ...] = ()
    modelscope_orgs: tuple[str, ...] = ()
    url: str | None = None
    news_url: str | None = None
    ambiguous: tuple[Ambiguity, ...] = ()
    chiefs: tuple[Chief, ...] = ()
    source: tuple[str, ...]
    evidence: Evidence
    as_of: date
    unverified_fields: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name and alias, the English and Chinese ones first."""
        return tuple(dict.fromkeys(n for n in (self.name_en, self.name_zh, *self.aliases) if n))


class Product(Row):
    """A product or model family of one company."""

    id: Slug
    name: str
    aliases: tuple[str, ...] = ()
    company: Slug
    modality_in: tuple[str, ...] = ()
    modality_out: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    weights: Literal["open", "closed", "mixed"]
    first_release: PartialDate | None = None
    first_release_precision: Literal["day", "month", "year"] | None = None
    first_release_source: str | None = None
    ambiguous: tuple[Ambiguity, ...] = ()
    source: tuple[str, ...]
    evidence: Evidence
    as_of: date

    @property
    def names(self) -> tuple[str, ...]:
        """Every name and alias, the name first."""
        return tuple(dict.fromkeys((self.name, *self.aliases)))


class Security(Row):
    """A listed instrument: `300364.SZ`, `603533.SH`, `430047.BJ`, `00700.HK`, `NASDAQ:NVDA`."""

    id: SecurityId
    name_zh: str | None = None
    name_en: str | None = None
    aliases: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()
    listed_name: str | None = None
    market: Literal["CN-A", "HK", "US"]
    type: Literal["stock", "fund", "preferred", "warrant", "right", "unit", "note"] = "stock"
    status: Literal["listed", "delisted", "old_code", "b_share"] = "listed"
    listed_from: PartialDate | None = None
    """Its first day of trade, where that lies within the time that our relations speak of."""
    sector: str | None = None
    industry: str | None = None
    company: Slug | None = None
    alt_codes: tuple[str, ...] = ()
    note: str | None = None
    source: tuple[str, ...] = ()
    evidence: Evidence = "read"
    as_of: date | None = None

    @property
    def code(self) -> str:
        """The exchange's own code or ticker: `300364`, `00700`, `NVDA`."""
        return self.id.split(":")[1] if ":" in self.id else self.id.split(".")[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name and alias, the Chinese short name first."""
        names = (self.name_zh, self.name_en, self.listed_name, *self.aliases, *self.former_names)
        return tuple(dict.fromkeys(n for n in names if n))


class Relation(Row):
    """A dated tie. Read it as: the issuer of `security` is the `kind` of `company`."""

    id: str
    company: Slug
    security: SecurityId
    kind: str
    strength: Literal["high", "medium", "low"]
    what: str
    valid_from: PartialDate | None = None
    valid_to: PartialDate | None = None
    known_from: PartialDate | None = None
    """When this installation could first know the tie; without it, the day the tie became valid."""
    end_known_from: PartialDate | None = None
    """When this installation could first know of its end, where that is later than the end."""
    confirmed: tuple[date, ...] = ()
    """Days after `as_of` for which a source shows that it still holds."""
    percent: float | None = None
    confidence: float = Field(ge=0, le=1)
    concept: Slug | None = None
    issuer_denied: bool = False
    source: tuple[str, ...]
    verification: Evidence
    as_of: date


class Member(Row):
    """A security under a theme, with the stance that a person typed."""

    security: SecurityId
    stance: Stance
    reason: str
    reason_zh: str | None = None
    """The reason in Chinese, where the person typed both."""
    author: str | None = None
    date: date
    known_from: PartialDate | None = None
    """When this installation could first know the stance, where that is later than its date."""
    dropped: bool = False
    """Whether it says that the security stands there no longer from its date on; earlier rows keep telling how it was."""


class Theme(Row):
    """A row of the research framework: what triggers it, and which securities stand under it."""

    id: Slug
    name_zh: str
    name_en: str
    layer: str
    lens: str | None = None
    priority: int | None = None
    attention: str | None = None
    rating_context: str | None = None
    core_modalities: tuple[str, ...] = ()
    """The modalities that the theme is about: one of them in the output triggers it, with the event type, by itself."""
    trigger_modalities: tuple[str, ...] = ()
    trigger_event_types: tuple[str, ...] = ()
    trigger_products: tuple[Slug, ...] = ()
    trigger_fact_kinds: tuple[str, ...] = ()
    trigger_fact_minimums: dict[str, float] = {}
    """From which value on a fact of a kind triggers: a context that holds a book matters to publishers, a shorter one not."""
    sectors: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    members_note: str | None = None
    order: int | None = None
    """Place in the founding report's lists; set only on the four themes that the report gives with stocks."""
    founding: bool = False
    note: str | None = None
    source: str
    as_of: date


class Layer(Row):
    """A box of the framework 大模型 + 小模型 + 应用及内容, or compute."""

    id: Slug | str
    name_zh: str
    name_en: str


class Selection(Row):
    """How the framework picks beneficiaries: by output modality of mature models, or by holding of content."""

    id: str
    name_zh: str
    name_en: str
    selects_by: str
    themes: tuple[Slug, ...]


class Framework(Row):
    """The research framework, and the frame of the report it comes from."""

    name_zh: str
    name_en: str
    layers: tuple[Layer, ...]
    selections: tuple[Selection, ...]
    publisher: str
    publisher_en: str | None = None
    report_date: date
    sector: str
    sector_rating: str
    rating_change: str
    emphasis_sectors: tuple[str, ...]
    theme_order: tuple[Slug, ...]
    risk_topics_zh: tuple[str, ...]
    risk_topics_en: tuple[str, ...] = ()
    source: str
    as_of: date


class Lens(Row):
    """A point of view that ranks events and picks themes."""

    id: Slug
    name_zh: str
    name_en: str
    themes: tuple[Slug, ...] = ()
    weights: dict[str, float] = {}
    prefer_companies: tuple[Slug, ...] = ()
    """Companies whose events count for more."""
    prefer_stocks: tuple[SecurityId, ...] = ()
    """Securities of which an event counts for more when it is linked to one; they head the table of stocks."""


class Concept(Row):
    """A concept board or market label; its members are the relations that name it."""

    id: Slug
    name_zh: str
    provider: str
    code: str | None = None
    alt_codes: tuple[str, ...] = ()
    companies: tuple[Slug, ...] = ()
    products: tuple[Slug, ...] = ()
    """Where products or event types are given, the concept speaks only of events with one of them."""
    event_types: tuple[str, ...] = ()
    members: tuple[SecurityId, ...] = ()
    members_note: str | None = None
    source: str
    as_of: date


class EventType(Row):
    """One of the kinds of event, with the words that announce it."""

    id: str
    name_zh: str
    name_en: str
    cues_zh: tuple[str, ...] = ()
    cues_en: tuple[str, ...] = ()
    negative_cues_zh: tuple[str, ...] = ()
    negative_cues_en: tuple[str, ...] = ()
    strong_zh: tuple[str, ...] = ()
    strong_en: tuple[str, ...] = ()
    """Cues that by themselves nearly decide."""
    weight: float
    note: str | None = None


class Modality(Row):
    """What a model takes in or gives out."""

    id: str
    name_zh: str
    name_en: str
    cues_zh: tuple[str, ...] = ()
    cues_en: tuple[str, ...] = ()
    out_zh: tuple[str, ...] = ()
    out_en: tuple[str, ...] = ()
    """Words that say that a model gives it out."""
    in_zh: tuple[str, ...] = ()
    in_en: tuple[str, ...] = ()
    """Words that say that a model takes it in."""


class WordGroup(Row):
    """Words that play one part in a sentence: verbs that announce, nouns that name what is announced, words of doubt."""

    id: str
    words_zh: tuple[str, ...] = ()
    words_en: tuple[str, ...] = ()
    note: str | None = None


class FactKind(Row):
    """A field that events carry, with its unit."""

    id: str
    name_zh: str
    name_en: str
    units: tuple[str, ...]
    comparable: Literal["higher", "lower", ""] = ""
    """Which direction is progress, where comparison means something."""


class RelationKind(Row):
    """A kind of tie, how strong it is by default and how long it stays news."""

    id: str
    meaning: str
    name_zh: str
    name_en: str
    weight: float = Field(ge=0, le=1)
    shelf_life_days: int | None = None
    lasting: float = Field(default=0.0, ge=0, le=1)
    """The share of its weight that a tie of old age keeps as long as it holds; market lore keeps nothing."""
    leads_to: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    """Where given, ties of this kind speak only of such events."""
    """The kinds of tie that may follow it as a second step; without any, the path ends here."""


class ActorWeight(Row):
    """How much it matters who acts: for a type of company, or for one company by id."""

    company: Slug | None = None
    type: str | None = None
    weight: float = Field(ge=0, le=1)
    reason_zh: str
    reason_en: str
    as_of: date


class Term(Row):
    """One notion or name under the words that Chinese and English headlines use for it, folded (half-width, lower case)."""

    id: Slug
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    act: bool = False
    """Whether it is a step with a day of its own, such as a lawsuit or an outage, and not a thing that is talked about."""
    between: bool = False
    """Whether it is a step between two parties: with another party it is another step."""


class ClusterWeights(Row):
    """What clustering has learned: the weight of each signal, and how common words are. Made by `benchmarks/fit_cluster.py`."""

    fitted_until: tuple[date, ...]
    """Nothing after these days, one for each run of labelled days, was looked at."""
    pairs: int
    """Labelled pairs that the weights were fitted on."""
    join: dict[str, float]
    """The fused score, 0 to 1, from which two documents tell of one event: both in `zh`, or in
    `zh_texts` where both have more than a headline; both in `en` or another; `across`."""
    anchor: float = 0.0
    """The share of a headline that the founding document itself must cover, however alike a later one is."""
    mean: float = 0.0
    """How much the mean likeness to an event's documents counts beside the best one, 0 to 1."""
    follow: float
    """The score from which a new event counts as a follow-up of the other."""
    same_language: dict[str, float]
    across_languages: dict[str, float]
    documents: int
    """Documents that the word counts come from."""
    common: dict[str, str]
    """Words by how telling they are, from 0.0 (says nothing) up; a word that is not listed is rare and weighs 1."""


class Market(Row):
    """A stock market: its calendar, and its hours of trade on a full and on a half day, in its own zone."""

    id: Literal["shanghai", "hong_kong", "new_york"]
    name_zh: str
    name_en: str
    calendar: str
    """Of the `holidays` package: XSHG."""
    zone: str
    opens: TimeOfDay
    break_from: TimeOfDay | None = None
    closes: TimeOfDay
    half_day_closes: TimeOfDay | None = None
    source: str
    as_of: date


class Taxonomy(Row):
    """The closed lists: event types, modalities, fact kinds, relation kinds, framework layers; and how much actors matter."""

    event_types: tuple[EventType, ...]
    modalities: tuple[Modality, ...]
    fact_kinds: tuple[FactKind, ...]
    relation_kinds: tuple[RelationKind, ...]
    actor_weights: tuple[ActorWeight, ...] = ()
    terms: tuple[Term, ...] = ()
    clustering: ClusterWeights | None = None
    words: tuple[WordGroup, ...] = ()
    markets: tuple[Market, ...] = ()

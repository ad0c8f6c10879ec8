"""The rule of honesty, checked: every number, date, security code and address that an issue shows is stored or computed.

A sentence is held against its own claims and sources; a rendered file against the whole issue. What a stored text says
word for word (a title, a quote, a name, a reason) supports itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from pydantic import BaseModel

from pipeline.digest.figures import numbers, spoken, values
from pipeline.digest.shape import Claim, Digest, Sentence
from pipeline.digest.wording import DISCLAIMER, RATING_DEFINITIONS, STATEMENT, partial_day, short_day

CODE = re.compile(r"(?<![A-Za-z0-9.])(?:\d{6}\.(?:SH|SZ|BJ)|\d{5}\.HK|(?:NASDAQ|NYSE|AMEX|OTC):[A-Z][A-Z0-9.^/-]*)")
ADDRESS = re.compile(r"https?://[^\s<>\"'|）)\]；，。]+")
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}")
_ISO = re.compile(r"(?<!\d)\d{4}-\d{2}(?:-\d{2})?(?!\d)")
_PERIOD = re.compile(r"(?<!\d)\d{4}-W\d{2}(?!\d)")
_SHORT = re.compile(r"(?<!\d)\d{2}-\d{2}(?!\d)")
_DAY_ZH = re.compile(r"(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?|\d{4}年")
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAY_EN = re.compile(rf"(?:\d{{1,2}} )?(?:{_MONTH})(?: \d{{4}})?")
_CITATION = re.compile(r"\[(\d+)\]")
_TIE = re.compile(r"\[E\d{1,2}\]")
"""A number among the pages that bear out links."""
_PAGE = re.compile(r"(?<![\d,.])\d+ / \d+(?![\d,.])")
_BROKEN = re.compile(r"(?<=[\u2e80-\uffef])\s*\n\s*(?=[\u2e80-\uffef])")
"""A line end inside Chinese words, where a text was wrapped."""
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>|#])")
"""A mark that Markdown escapes."""
CLOSE = 1e-9


def unsupported(digest: Digest, rendered: str) -> list[str]:
    """What a rendered issue shows without support, in order: numbers, dates, codes and addresses. Empty is right."""
    return [*_wrong_claims(digest), *_Support(digest).missing(rendered, numbered=len(digest.sources))]


def unsupported_sentences(digest: Digest) -> list[str]:
    """Numbers, dates and codes of sentences that their own claims, sources and events do not support."""
    found: list[str] = []
    for sentence in _sentences(digest):
        support = _Support(digest, sentence)
        for words in (sentence.zh, sentence.en):
            found += [f"{missing} in: {words}" for missing in support.missing(words, numbered=len(digest.sources))]
    return [*_wrong_claims(digest), *found]


def _wrong_claims(digest: Digest) -> list[str]:
    """Claims that their own inputs or words do not bear out."""
    return [f"claim {c.number}: {c.shown.zh}" for c in digest.claims if not _holds(c, digest)]


def _holds(claim: Claim, digest: Digest) -> bool:
    """Whether a claim follows from its words or its inputs by its rule."""
    stored = [float(c.value) for c in digest.claims if isinstance(c.value, int | float)]
    match claim.rule:
        case "ratio":
            ours, theirs = claim.inputs
            known = all(any(_near(i, s) for s in stored) for i in claim.inputs)
            ratio = ours / theirs
            expected = round(ratio, 1 if ratio >= 2 else 2) if ratio > 1 else round((1 - ratio) * 100, 1)
            return known and _near(float(claim.value), expected)
        case "change":
            old, new = claim.inputs
            return _near(float(claim.value), round((new / old - 1) * 100, 2))
        case "excess":
            old, new, market_old, market_new = claim.inputs
            return _near(float(claim.value), round((new / old - market_new / market_old) * 100, 2))
        case "count":
            most = len(digest.inputs) if claim.event_id is None else float("inf")
            return isinstance(claim.value, int) and 0 <= claim.value <= most
        case "record":
            return isinstance(claim.value, int)
        case _:
            return claim.source is not None and bool(claim.quote) and _words_show(claim)


def _words_show(claim: Claim) -> bool:
    """Whether the quote of a claim holds its value: as digits with their large unit, or word for word."""
    if isinstance(claim.value, str) or claim.rule == "coming":
        return True
    return any(_near(float(claim.value), v) for v in spoken(claim.quote))


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * max(1.0, abs(one), abs(other))


class _Support:
    """Everything that an issue, or one sentence of it, may say."""

    def __init__(self, digest: Digest, sentence: Sentence | None = None) -> None:
        claims = digest.claims if sentence is None else [digest.claims[n - 1] for n in sentence.claims]
        cited = {s.number: s for s in digest.sources}
        sources = list(cited.values()) if sentence is None else [cited[n] for n in sentence.sources]
        words_kept = [
            *(s.title for s in sources),
            *(s.name for s in sources),
            *(c.quote for c in claims),
            *digest.names,
        ]
        words_kept += _standing_words(digest)
        self._verbatim = sorted({w for w in words_kept if any(c.isdigit() for c in w)}, key=len, reverse=True)
        self._values = {v for c in claims for v in _claimed(c)}
        self._dates = set(_dates(digest))
        stored = [*(s.title for s in sources), *(c.quote for c in claims)]
        if sentence is None:
            stored += _standing_words(digest)
            self._values |= set(_counts(digest))
        for words in stored:
            self._values |= spoken(words)
            self._dates |= {d for pattern in (_ISO, _DAY_ZH, _DAY_EN, _SHORT) for d in pattern.findall(words)}
        self._codes = set(_codes(digest))
        self._addresses = set(_addresses(digest))

    def missing(self, text: str, numbered: int) -> list[str]:
        """What a text holds beyond the support."""
        found: list[str] = []
        text = " ".join(_ESCAPED.sub(r"\1", _BROKEN.sub("", text)).split())
        text = self._take(ADDRESS, text, self._addresses, found, strip=".,;。，；")
        text = self._without_verbatim(text)
        text = self._take(CODE, text, self._codes, found)
        for pattern in (_STAMP, _PERIOD, _ISO, _SHORT, _DAY_ZH, _DAY_EN):
            text = self._take(pattern, text, self._dates, found)
        for match in _CITATION.finditer(text):
            if not 1 <= int(match[1]) <= numbered:
                found.append(match[0])
        text = _PAGE.sub(" ", _CITATION.sub(" ", _TIE.sub(" ", text)))
        for words, may_be in numbers(text):
            if not any(_near(v, held) for v in may_be for held in self._values):
                found.append(words)
        return found

    def _without_verbatim(self, text: str) -> str:
        for words in self._verbatim:
            if words in text:
                text = re.sub(rf"(?<![\d.]){re.escape(words)}(?![\d])", " ", text)
        return text

    @staticmethod
    def _take(pattern: re.Pattern[str], text: str, known: set[str], found: list[str], strip: str = "") -> str:
        """The text without what a pattern finds; what is not known is noted."""

        def check(match: re.Match[str]) -> str:
            words = match[0].rstrip(strip) if strip else match[0]
            if words not in known and (pattern in (ADDRESS, CODE) or any(c.isdigit() for c in words)):
                found.append(words)
            return " "

        return pattern.sub(check, text)


def _claimed(claim: Claim) -> Iterator[float]:
    """The numbers that a claim shows."""
    yield from (v for words in (claim.shown.zh, claim.shown.en) for v in values(words))
    yield from claim.inputs
    if isinstance(claim.value, int | float):
        yield float(claim.value)


def _sentences(digest: Digest) -> Iterator[Sentence]:
    """Every sentence of an issue, wherever it stands."""
    waiting: list[object] = [digest]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Sentence):
            yield one
        elif isinstance(one, BaseModel):
            waiting += [getattr(one, name) for name in type(one).model_fields]
        elif isinstance(one, tuple):
            waiting += one


def _counts(digest: Digest) -> Iterator[float]:
    """Counts of what the issue holds or leaves out, as its charts and notes show them."""
    yield from (float(bar.count) for bar in digest.charts.modalities)
    yield from (float(n) for row in digest.charts.heat for n in row.counts)
    yield from (float(n) for s in digest.stocks for n in (s.other_events, s.other_events + 1))
    yield from (float(digest.stocks_left_out), float(digest.others_left_out), 100.0)


def _standing_words(digest: Digest) -> Iterator[str]:
    """Words that people or the knowledge base wrote: reasons, evidence, headlines of earlier issues, the author's block."""
    for stock in digest.stocks:
        yield from (stock.reason.zh, stock.reason.en, *stock.evidence)
    for theme in digest.themes:
        for holding in theme.holdings:
            yield from (holding.reason.zh, holding.reason.en, holding.name.zh, holding.name.en)
    for related in digest.related:
        yield from (related.title.zh, related.title.en, related.label)
    if digest.author:
        block = digest.author
        yield from (block.name, block.publisher, block.licence, block.email, block.phone)
    for both in (STATEMENT, DISCLAIMER, RATING_DEFINITIONS):
        yield from (both.zh, both.en)
    for given in (
        digest.author and (digest.author.rating_definitions, digest.author.statement, digest.author.disclaimer)
    ) or ():
        if given:
            yield from (given.zh, given.en)
    yield digest.knowledge_version
    yield from (digest.framework_name.zh, digest.framework_name.en)


def _codes(digest: Digest) -> Iterator[str]:
    """Codes of linked securities and of theme lists, and those that stored titles and quotes name."""
    yield from (s.security_id for s in digest.stocks)
    yield from (h.security_id for t in digest.themes for h in t.holdings)
    yield from digest.codes
    for words in (*(s.title for s in digest.sources), *(c.quote for c in digest.claims)):
        yield from CODE.findall(words)


def _addresses(digest: Digest) -> Iterator[str]:
    yield from (s.url.rstrip(".,;") for s in digest.sources if s.url)
    for stock in digest.stocks:
        for words in stock.evidence:
            yield from (a.rstrip(".,;") for a in ADDRESS.findall(words))


def _dates(digest: Digest) -> Iterator[str]:
    """Every day that the issue may name, in every way that it may be written."""
    for day in _days(digest):
        both = short_day(day)
        yield from (day.isoformat(), day.isoformat()[:7], day.strftime("%m-%d"), both.zh, both.en)
        whole = partial_day(day.isoformat())
        yield from (whole.zh, whole.en)
    for claim in digest.claims:
        for pattern in (_DAY_ZH, _DAY_EN, _ISO):
            yield from pattern.findall(claim.quote)
        if claim.as_of:
            both = partial_day(claim.as_of)
            yield from (both.zh, both.en, claim.as_of)
    yield from (f"{moment:%Y-%m-%d %H:%M}" for moment in _moments(digest))
    yield digest.period.label
    yield from (r.label for r in digest.related)


def _days(digest: Digest) -> Iterator[date]:
    period = digest.period
    yield from (*period.days, period.published_on, digest.cover.published_on, *digest.dates)
    yield from (r.published_on for r in digest.related)
    yield from (s.as_of for s in digest.stocks)
    yield from (h.day for t in digest.themes for h in t.holdings)
    yield from (x.day for lines in (digest.others, digest.announcements, digest.coming, digest.rumours) for x in lines)
    yield from (day for series in _closes(digest) for day in series)
    for moment in _moments(digest):
        yield moment.date()


def _closes(digest: Digest) -> Iterable[tuple[date, ...]]:
    if digest.market is None:
        return ()
    return (tuple(day for day, _ in s.closes) for s in (digest.market.sector, digest.market.market))


def _moments(digest: Digest) -> Iterator[datetime]:
    yield digest.made_at
    for source in digest.sources:
        for moment in (source.published_at, source.first_seen_at):
            if moment is not None:
                yield moment
                yield digest.period.local(moment)

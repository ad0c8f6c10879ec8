"""Coming dates: the days after the window that titles and facts of its events name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from pipeline.digest.heading import clean_title, inner, is_chinese
from pipeline.digest.ledger import Ledger
from pipeline.digest.period import Period
from pipeline.digest.shape import Both, Line, Ranked, Sentence
from pipeline.digest.wording import IN_CHINESE
from pipeline.records import Event

AHEAD_DAYS = 370
"""A day without a year is the next one of that name; beyond a year ahead it is more likely misread."""
SHOWN = 20

_MONTHS = {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}  # noqa: SIM905
_ZH = re.compile(r"(?:(\d{4})\s*年\s*)?(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]")
_EN = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4}))?", re.I
)


def coming(ranked: Sequence[Ranked], period: Period, ledger: Ledger) -> tuple[Line, ...]:
    """One line a day and event, soonest first."""
    found: dict[tuple[date, str], tuple[Ranked, str, str]] = {}
    for one in ranked:
        if one.event.certainty == "question":
            continue
        for day, words, document_id in named_days(one.event, period):
            found.setdefault((day, one.event.id), (one, words, document_id))
    return tuple(
        _line(one, day, words, of, ledger) for (day, _), (one, words, of) in sorted(found.items(), key=_first)[:SHOWN]
    )


def _first(dated: tuple[tuple[date, str], object]) -> tuple[date, str]:
    return dated[0]


def _line(one: Ranked, day: date, words: str, document_id: str, ledger: Ledger) -> Line:
    source = ledger.cite(one.event, document_id)
    shown = Both(zh=day.isoformat(), en=day.isoformat())
    what = Both(zh="未来日程", en="coming date")
    claim = ledger.claim_computed("coming", what, shown, day.isoformat(), (), one.event.id, source, words)
    zh, en = clean_title(one.event.title("zh")), clean_title(one.event.title("en"))
    en = IN_CHINESE.en.format(inner(en)) if is_chinese(en) else en
    sentence = Sentence(zh=zh, en=en, sources=(source,) if source else (), claims=(claim,))
    return Line(event_id=one.event.id, day=day, sentence=sentence, importance=one.score.total)


def named_days(event: Event, period: Period) -> Iterator[tuple[date, str, str]]:
    """The days after a period that an event names: the day, the words that name it, and whose they are."""
    for fact in event.facts:
        if fact.kind == "release_date" and isinstance(fact.value, str):
            day = _iso(fact.value)
            if day and 0 < (day - period.last_day).days <= AHEAD_DAYS:
                yield day, fact.quote, fact.document_id
    for report in event.reports:
        seen = period.day_of(report.published_at or report.first_seen_at)
        for day, words in days_named(report.title, seen):
            if 0 < (day - period.last_day).days <= AHEAD_DAYS:
                yield day, words, report.document_id


def days_named(text: str, seen: date) -> Iterator[tuple[date, str]]:
    """The days that a text names, with its words; one without a year is the next of that name after `seen`."""
    for match in _ZH.finditer(text):
        yield from _day(match[1], int(match[2]), int(match[3]), seen, match[0])
    for match in _EN.finditer(text):
        yield from _day(match[3], _MONTHS[match[1].lower()[:3]], int(match[2]), seen, match[0])


def _day(year: str | None, month: int, day: int, seen: date, words: str) -> Iterator[tuple[date, str]]:
    for candidate in (int(year),) if year else (seen.year, seen.year + 1):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year or (found - seen).days >= -180:
            yield found, words
            return


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

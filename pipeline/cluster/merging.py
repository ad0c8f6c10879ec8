"""The event with one more document in it. Ids stay, titles are the words of a report, conflicts are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pipeline.cluster.words import first_sentence
from pipeline.records import (
    Certainty,
    CompanyTag,
    Document,
    Event,
    EventFact,
    Fact,
    Modalities,
    Placement,
    ProductTag,
    Report,
    Tags,
)
from pipeline.text import tokens

HEAT_WINDOW = timedelta(hours=48)
"""Reports count as attention for the event itself within this time of its first; later ones are echo."""

HALF_LIFE_HOURS = 24.0
"""A report weighs half as much a day before the last one."""

COPIED = 0.5
"""What a source counts that took over another's headline word for word: it saw fit to carry it, and looked into nothing.
One that took over the text as well is a copy, and no report at all."""

VOTES = {1: 3, 2: 2, 3: 1}
"""What a report's word for the type counts, by its tier."""

NOVEL_AGAIN_DAYS = 14.0
"""Days after which a follow-up is nearly as new as a first report."""

TITLE_LENGTH = 160
"""Characters of a first sentence that stands for a missing title."""

TITLES = 20
"""Earliest headlines that a title is chosen from."""

_UNSURE: frozenset[Certainty] = frozenset({"rumour", "question", "forecast"})


def merge(event: Event | None, placement: Placement, document: Document, tags: Tags, facts: tuple[Fact, ...]) -> Event:
    """The event with the document in it; the same document again changes nothing but what it says now."""
    reports = _reports(event, document, tags)
    event_type, event_type_quote = _type(event, reports, tags)
    return Event(
        id=placement.event_id if event is None else event.id,
        title_zh=_title(reports, "zh"),
        title_en=_title(reports, "en"),
        event_type=event_type,
        event_type_quote=event_type_quote,
        certainty=_certainty(event, document, tags),
        occurred_on=_occurred(event, facts),
        published_at=min((r.published_at for r in reports if r.published_at), default=None),
        first_seen_at=min(r.first_seen_at for r in reports),
        companies=_companies(event.companies if event else (), tags.companies),
        products=_products(event.products if event else (), tags.products),
        securities=tuple({s.id: s for s in (*tags.securities, *(event.securities if event else ()))}.values()),
        modalities=_modalities(event.modalities if event else Modalities(), tags.modalities),
        layer=(event.layer if event else None) or tags.layer,
        facts=_facts(event.facts if event else (), facts, document.id),
        reports=reports,
        follows=event.follows if event else placement.follows,
        days_after=event.days_after if event else _days_after(placement),
        novelty=event.novelty if event else _novelty(placement),
        heat=heat(reports),
    )


def heat(reports: Iterable[Report]) -> float:
    """Independent sources within 48 h of the first report, each halved for every 24 h before the last of them. A source
    counts once, and half where it only repeats another's headline."""
    first_of: dict[str, Report] = {}
    for report in sorted(reports, key=_told_at):
        first_of.setdefault(report.source_id, report)
    firsts = list(first_of.values())
    near = [(r, _told_at(r)) for r in firsts if _told_at(r) - _told_at(firsts[0]) <= HEAT_WINDOW]
    total, headlines = 0.0, set[tuple[str, ...]]()
    for report, at in near:
        words = tuple(tokens(report.title))
        weight = COPIED if words and words in headlines else 1.0
        headlines.add(words)
        total += weight * 0.5 ** ((near[-1][1] - at).total_seconds() / 3600 / HALF_LIFE_HOURS)
    return round(total, 4)


def _told_at(report: Report) -> datetime:
    return report.published_at or report.first_seen_at


def _reports(event: Event | None, document: Document, tags: Tags) -> tuple[Report, ...]:
    """Every document's part once, earliest first."""
    mine = Report(
        document_id=document.id,
        source_id=document.source_id,
        source_name=document.source_name,
        tier=document.tier,
        url=document.url,
        title=document.title or first_sentence(document.text, TITLE_LENGTH),
        language=document.language,
        published_at=document.published_at,
        first_seen_at=document.first_seen_at,
        event_type=tags.event_type if tags.event_type_quote else "",
        event_type_quote=tags.event_type_quote,
    )
    others = [r for r in (event.reports if event else ()) if r.document_id != document.id]
    return tuple(sorted([*others, mine], key=lambda r: (_told_at(r), r.document_id)))


def _title(reports: tuple[Report, ...], language: str) -> str | None:
    """The title of the best report in a language: of the most official the one that says most of what the others say,
    a plain one before a question, then the earliest; None where none speaks it."""
    known = [r for r in reports if r.language == language and r.title]
    if not known:
        return None
    official = min(r.tier for r in known)
    best = [r for r in known if r.tier == official][:TITLES]
    words = [frozenset(tokens(r.title)) for r in best]
    shared = [sum(_likeness(one, other) for other in words) for one in words]
    order = sorted(
        range(len(best)), key=lambda n: (best[n].title.rstrip().endswith(("?", "？")), -round(shared[n], 6), n)
    )
    return best[order[0]].title


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of words that two headlines have in common."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0


def _type(event: Event | None, reports: Sequence[Report], tags: Tags) -> tuple[str, str]:
    """What most reports say that it is, an official one's word counting thrice and a medium's twice, of equals the
    earliest; with the words that show it. Where no report's words show a type, the usual one that it was founded as."""
    said = [(r.event_type, r.event_type_quote, VOTES.get(r.tier, 1)) for r in reports if r.event_type]
    if event and event.event_type_quote and not any(r.event_type for r in event.reports):
        said = [(event.event_type, event.event_type_quote, VOTES.get(reports[0].tier, 1)), *said]
    if not said:
        return (event.event_type, event.event_type_quote) if event else (tags.event_type, tags.event_type_quote)
    votes: Counter[str] = Counter()
    for kind, _, weight in said:
        votes[kind] += weight
    most = max(votes.values())
    return next((kind, quote) for kind, quote, _ in said if votes[kind] == most)


def _certainty(event: Event | None, document: Document, tags: Tags) -> Certainty:
    """An official word lifts a rumour or denies it, any plain report answers a headline that only asks; else what the
    event was founded as stands."""
    if event is None:
        return tags.certainty
    if event.certainty == "question" and tags.certainty == "fact":
        return "fact"
    if event.certainty in _UNSURE and document.tier == 1 and tags.certainty in ("fact", "denial"):
        return tags.certainty
    return event.certainty


def _occurred(event: Event | None, facts: tuple[Fact, ...]) -> date | None:
    """The day that a report's own words give; the first one given stands."""
    if event and event.occurred_on:
        return event.occurred_on
    for fact in facts:
        if fact.kind in ("occurred_on", "date", "release_date") and not fact.comparison:
            try:
                return date.fromisoformat(str(fact.value))
            except ValueError:
                continue
    return None


def _companies(known: tuple[CompanyTag, ...], new: tuple[CompanyTag, ...]) -> tuple[CompanyTag, ...]:
    """Every company once; an actor in one report is an actor, its relevance the highest seen."""
    found: dict[str, CompanyTag] = {}
    for tag in (*known, *new):
        old = found.get(tag.id)
        if old is None:
            found[tag.id] = tag
        else:
            role = "actor" if "actor" in (old.role, tag.role) else "mentioned"
            found[tag.id] = old.model_copy(update={"role": role, "relevance": max(old.relevance, tag.relevance)})
    return tuple(sorted(found.values(), key=lambda t: (t.role != "actor", -t.relevance, t.id)))


def _products(known: tuple[ProductTag, ...], new: tuple[ProductTag, ...]) -> tuple[ProductTag, ...]:
    found: dict[tuple[str, str | None], ProductTag] = {}
    for tag in (*known, *new):
        key = (tag.id or tag.name.lower(), tag.version)
        old = found.get(key)
        if old is None or old.relevance < tag.relevance:
            found[key] = tag
    return tuple(sorted(found.values(), key=lambda t: (-t.relevance, t.name)))


def _modalities(known: Modalities, new: Modalities) -> Modalities:
    return Modalities(
        input=tuple(dict.fromkeys((*known.input, *new.input))),
        output=tuple(dict.fromkeys((*known.output, *new.output))),
    )


def _facts(known: tuple[EventFact, ...], new: tuple[Fact, ...], document_id: str) -> tuple[EventFact, ...]:
    """Facts of every report; a value that another report contradicts is flagged on both sides, never dropped."""
    mine = [EventFact(**fact.model_dump(), document_id=document_id) for fact in new]
    every = [f for f in known if f.document_id != document_id] + mine
    kept = list({_said(f): f for f in reversed(every)}.values())[::-1]
    return tuple(f.model_copy(update={"conflict": any(_contradict(f, other) for other in kept)}) for f in kept)


def _said(fact: EventFact) -> tuple[object, ...]:
    return fact.kind, fact.subject, fact.value, fact.unit, fact.qualifier, fact.comparison


def _contradict(one: EventFact, other: EventFact) -> bool:
    same_field = (one.kind, one.unit, one.product or one.subject) == (
        other.kind,
        other.unit,
        other.product or other.subject,
    )
    exact = one.qualifier == other.qualifier == "exact" and not one.comparison and not other.comparison
    return same_field and exact and one.document_id != other.document_id and one.value != other.value


def _days_after(placement: Placement) -> float | None:
    """Days since the event that it follows."""
    return None if placement.follows is None else placement.signals.get("days_after", 0.0)


def _novelty(placement: Placement) -> float:
    """1 for the first of its chain; for a follow-up more the longer after the event that it develops, up to 0.9."""
    days = _days_after(placement)
    return 1.0 if days is None else round(min(0.9, 0.2 + 0.7 * days / NOVEL_AGAIN_DAYS), 4)

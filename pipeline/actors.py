"""Whom an event is about: who acts, who stands on the other side, and whose ties are worth following; for links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from knowledge.index import KnowledgeBase
from pipeline.records import CompanyTag, Event
from pipeline.text import fold

PASSING = 40
"""Below this even the first company named only passes through a text about something else: a quote, a host, a list."""

UNSAID = 45
"""The same where there is a headline and it does not name the company: then it mostly tells of somebody else."""

SHOWN = 55
"""The same where a product shows the actor: its makers are tied to what is about it, not to what was made with it."""

UNNAMED = 60
"""The same where only a product shows it: a copy that others made, a tool that they used."""

SURE = 50
"""From here on an actor's own ties are followed; a direct link is drawn on less, since it names but the company itself."""

PARTY = 60
"""From here on a company named beside the actor is the other side of a deal; `docs/links.md` has the measurement."""

HEADLINED = 60
"""The same for a company that a headline of an event with one side names by its name."""

HIGH_RELEVANCE = 70
"""The same for others in events that have one side: a release names rivals, chips and platforms that have no part in it."""

STUDY = "research_paper"
"""A product that a paper is about was mostly looked at by others: its maker's ties have no part in that."""

TWO_SIDED = frozenset({"partnership", "acquisition", "funding", "hardware_compute"})

SHOWN_BY_ANOTHER = frozenset({"product", "group"})
"""Rules of tags that show a company by something of its own, not by its name: no side of a deal."""

SAID = frozenset({"name", "person"})
"""Rules of tags that show a company by its name, or by that of its chief."""

PLACE = "venue"
"""The rule of a tag that shows a company by a place where people publish."""

_BOARD = re.compile(r"/?r/\w+", re.ASCII)

TOOL = "instrument"
"""The rule of a tag that shows a company by a chip, a device or a library of its own."""

MEASURERS = frozenset({"academic", "eval"})
"""Types of company whose news is often about others' models."""


HOST = "platform"
"""Type of company where others keep their code."""


class Actor(NamedTuple):
    """A company that an event is about, how much, and whether its ties are followed."""

    company: str
    relevance: int
    tied: bool


def actors(event: Event, knowledge: KnowledgeBase) -> list[Actor]:
    """The event's own companies: who acts, the other side of a deal, and whom an evaluator or a university measures,
    which may show by a product alone."""
    first = knowledge.companies.get(event.companies[0].id) if event.companies else None
    measured = first is not None and first.type in MEASURERS
    headlines = [fold(report.title) for report in event.reports if report.title.strip() and not _is_board(report.title)]
    words = _words(knowledge)
    hosts = {tag.quote for tag in event.companies if (row := knowledge.companies.get(tag.id)) and row.type == HOST}
    lists = [line for line in headlines if words.roundup.search(line)]
    return [
        Actor(tag.id, tag.relevance, _is_tied(tag, event))
        for tag in event.companies
        if not _is_used(tag, headlines, words)
        and (
            _acts(tag, event, headlines, hosts)
            or _is_device(tag, headlines)
            or _is_joined(tag, headlines, words)
            or _is_party(tag, event, headlines, measured)
            or _is_listed(tag, lists)
        )
    ]


def _is_board(title: str) -> bool:
    """Whether a title only names the board where something was posted."""
    return bool(_BOARD.fullmatch(title.strip()))


def _acts(tag: CompanyTag, event: Event, headlines: list[str], hosts: set[str]) -> bool:
    """Whether a company is the one that acts; where a headline tells of something else, its name must be surer than there,
    its product surer still, and a place of publication, or a host of code, is nobody's news."""
    if tag.role != "actor":
        return False
    if not headlines or _is_headlined(tag, headlines):
        return tag.relevance >= PASSING
    if tag.quote in hosts or any(_is_device(other, headlines) for other in event.companies):
        return False
    return tag.rule != PLACE and tag.relevance >= (UNSAID if _is_named(tag, event) else UNNAMED)


def _is_device(tag: CompanyTag, headlines: list[str]) -> bool:
    """Whether a headline is about something that its company makes and others use; `Meta 的 H100` is about Meta."""
    shown = fold(tag.quote)
    owned = any(line.partition(shown)[0].rstrip().endswith(("的", "'s", "’s")) for line in headlines)
    return tag.rule == TOOL and tag.relevance >= SHOWN and _is_headlined(tag, headlines) and not owned


def _is_joined(tag: CompanyTag, headlines: list[str], words: _Words) -> bool:
    """Whether a headline has it as the other side of an integration: `接入微信`, `内置 QQ Bot`."""
    shown = fold(tag.quote)
    return tag.rule in (PLACE, TOOL) and any(
        words.joined.search(line.partition(shown)[0]) for line in headlines if shown in line
    )


def _is_named(tag: CompanyTag, event: Event) -> bool:
    """Whether its name shows it, or that of a unit of its own; not a product."""
    return tag.rule not in SHOWN_BY_ANOTHER or any(
        other.quote == tag.quote and other.rule not in SHOWN_BY_ANOTHER for other in event.companies
    )


def _is_party(tag: CompanyTag, event: Event, headlines: list[str], measured: bool) -> bool:
    if tag.rule in SHOWN_BY_ANOTHER and not measured:
        return False
    if event.event_type in TWO_SIDED:
        return tag.relevance >= PARTY
    return tag.relevance >= (HEADLINED if tag.rule in SAID and _is_headlined(tag, headlines) else HIGH_RELEVANCE)


def _is_used(tag: CompanyTag, headlines: list[str], words: _Words) -> bool:
    """Whether the headlines that have it have it only as somebody's tool, as the measure of another's deed, or aside."""
    shown = fold(tag.quote)
    around = [line.partition(shown) for line in headlines if shown in line]
    pattern = words.used if tag.rule in SHOWN_BY_ANOTHER | {TOOL} else words.measure
    return bool(around) and all(pattern.search(before) or words.aside.match(after) for before, _, after in around)


def _is_listed(tag: CompanyTag, lists: list[str]) -> bool:
    """Whether a round-up's headline, which is several headlines in one, has its name."""
    return tag.rule != "likeness" and tag.relevance >= PASSING and _is_headlined(tag, lists)


def _is_headlined(tag: CompanyTag, headlines: list[str]) -> bool:
    """Whether a headline has the very words that show the company."""
    shown = fold(tag.quote)
    return any(shown in line for line in headlines)


def _is_tied(tag: CompanyTag, event: Event) -> bool:
    """Whether a company's ties are followed: not those of one that a release only names beside the actor."""
    shown = tag.rule in SHOWN_BY_ANOTHER
    if tag.rule == TOOL or (shown and event.event_type == STUDY):
        return False
    return tag.relevance >= (SHOWN if shown else SURE) and (
        tag.role == "actor" or event.event_type in TWO_SIDED or tag.rule in SHOWN_BY_ANOTHER
    )


def gathers(event: Event, knowledge: KnowledgeBase) -> bool:
    """Whether every headline is a market wrap or a round-up: what it names happened side by side, not to each other."""
    words = _words(knowledge)
    headlines = [fold(report.title) for report in event.reports]
    return bool(headlines) and all(
        words.roundup.search(line) or (words.wrap.search(line) and words.move.search(line)) for line in headlines
    )


class _Words(NamedTuple):
    """What headlines are searched for: names of round-ups, of markets, how shares moved, what makes a name a measure,
    a tool or an aside."""

    roundup: re.Pattern[str]
    wrap: re.Pattern[str]
    move: re.Pattern[str]
    measure: re.Pattern[str]
    used: re.Pattern[str]
    joined: re.Pattern[str]
    aside: re.Pattern[str]


@lru_cache(maxsize=4)
def _words(knowledge: KnowledgeBase) -> _Words:
    groups = {group.id: (*group.words_zh, *group.words_en) for group in knowledge.taxonomy.words}
    markets = frozenset(groups.get("wrap", ()))
    moves = [word for word in groups.get("market", ()) if word not in markets]
    measure = rf"(?:{_any(groups.get('measure', ())).pattern})[^,;:!?。；、a-z]{{0,8}}$|版\s?$"
    used = rf"(?:{_any(groups.get('used', ())).pattern})[\s「“\"]*$"
    return _Words(
        roundup=_any(groups.get("roundup", ())),
        wrap=_any(markets),
        move=_any(moves),
        measure=re.compile(measure),
        used=re.compile(f"{measure}|{used}"),
        joined=re.compile(rf"(?:{_any(groups.get('joined', ())).pattern})[^,;:!?。；、]{{0,5}}$"),
        aside=re.compile(
            rf"\s?(?:{_any(groups.get('aside', ())).pattern})|[^,;:!?。；、]{{0,6}}(?:{_any(groups.get('backer', ())).pattern})"
        ),
    )


def _any(words: Iterable[str]) -> re.Pattern[str]:
    """Any of some words, folded; nothing where there are none."""
    return re.compile("|".join(sorted(re.escape(fold(word)) for word in words)) or r"(?!)")

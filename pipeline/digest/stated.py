"""An event's own facts in sentences: its figures and terms, and where reports give different ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.compare import belongs, is_disputed, is_own, is_titled, number
from pipeline.digest.figures import show, spoken
from pipeline.digest.heading import centre, gives, statement_title, with_version
from pipeline.digest.ledger import Ledger
from pipeline.digest.shape import Sentence
from pipeline.digest.wording import DETAILS, FACTS, LASTING, OPENNESS, TRAINED, join
from pipeline.records import Event, EventFact

FACTS_TOLD = 5
SETTINGS = frozenset({"video_duration", "resolution", "frame_count"})
"""What one product gives in several sizes: two values are two settings and no dispute, and neither is told as the one."""
QUOTED = ("benchmark_score", "hardware")
"""Facts whose figure means little without its words: shown as quoted."""


def in_titles(fact: EventFact, event: Event) -> bool:
    """Whether every title that is told gives the figure already."""
    told = [t for t in (event.title_zh, event.title_en) if t]
    return bool(told) and all(gives(t, fact) for t in told)


def main_facts(event: Event, ledger: Ledger) -> list[EventFact]:
    """The event's own facts in the order of interest, one a field: not comparisons, not conflicts, not another's."""
    order = list(FACTS)
    disputed = {(f.kind, f.unit, f.product) for f in event.facts if is_disputed(f, event)}
    chosen: dict[tuple[str, str, str], EventFact] = {}
    for fact in sorted(event.facts, key=lambda f: _trust(f, event)):
        if fact.kind in SETTINGS and len({f.value for f in event.facts if _is_alike(f, fact, event)}) > 1:
            continue
        settled = is_own(fact, event) and (fact.kind, fact.unit, fact.product) not in disputed and is_borne_out(fact)
        if _is_telling(fact) and settled and belongs(fact, event, ledger.knowledge):
            chosen.setdefault((fact.kind, fact.unit, fact.detail or ""), fact)
    return sorted(chosen.values(), key=lambda f: order.index(f.kind))


def _is_alike(one: EventFact, other: EventFact, event: Event) -> bool:
    """Whether two figures are the event's own, of one kind and of one product."""
    return (one.kind, one.unit, one.product) == (other.kind, other.unit, other.product) and is_own(one, event)


def is_borne_out(fact: EventFact) -> bool:
    """Whether a fact's own words, read once more, give its value: else it was misread, and is not told."""
    value = number(fact)
    return value is None or any(abs(value - v) <= 1e-9 * max(1.0, abs(value)) for v in spoken(fact.quote))


def _is_telling(fact: EventFact) -> bool:
    return fact.kind in FACTS and (fact.kind != "openness" or str(fact.value) in OPENNESS)


def _trust(fact: EventFact, event: Event) -> tuple[bool, int, int]:
    """What a title gives first, then official reports, then what most reports give."""
    tiers = {r.document_id: r.tier for r in event.reports}
    same = {f.document_id for f in event.facts if (f.kind, f.value, f.unit) == (fact.kind, fact.value, fact.unit)}
    return not is_titled(fact, event), tiers.get(fact.document_id, 3), -len(same)


def hard_facts(event: Event, ledger: Ledger) -> Sentence | None:
    """The figures and terms that no title gives yet, with their units, in one sentence."""
    facts = [f for f in main_facts(event, ledger) if not in_titles(f, event)][:FACTS_TOLD]
    if not facts:
        return None
    claims = tuple(ledger.claim_fact(event, f) for f in facts)

    def told(language: str) -> list[tuple[str, list[str]]]:
        """What the opening of a language does not give yet, by whose it is."""
        title = statement_title(event, ledger, language)
        groups: dict[str, list[str]] = {}
        for fact in [f for f in facts if not gives(title, f)] or facts:
            groups.setdefault(_whose(fact, event, ledger), []).append(phrase(fact, ledger, language))
        return list(groups.items())

    zh = "；".join(f"{whose}{'，'.join(own)}" for whose, own in told("zh"))
    en = "; ".join(f"{whose + ': ' if whose else ''}{join(own, 'en')}" for whose, own in told("en"))
    return Sentence(zh=f"{zh}。", en=f"{en}.", sources=sources_of(ledger, claims), claims=claims)


def _whose(fact: EventFact, event: Event, ledger: Ledger) -> str:
    """Whose figure it is, in full where it is the event's product."""
    main = centre(event, ledger)
    if main and fact.product and fact.product == main.id:
        return ledger.name(with_version(main))
    return ledger.subject(fact)


def phrase(fact: EventFact, ledger: Ledger, language: str) -> str:
    detail = DETAILS.get(f"{fact.kind}.{fact.detail}")
    if detail:
        return detail.say(language).format(show(fact, language))
    if fact.kind in TRAINED and re.search(r"训练|\btrain", fact.quote):
        return TRAINED[fact.kind].say(language).format(show(fact, language))
    if fact.kind == "video_duration" and not _gives_video(fact, ledger):
        return LASTING.say(language).format(show(fact, language))
    if fact.kind == "openness":
        return OPENNESS[str(fact.value)].say(language)
    if fact.kind == "benchmark_score" and fact.detail:
        name = ledger.name(fact.detail)
        return f"{name}得分{show(fact, 'zh')}" if language == "zh" else f"{show(fact, 'en')} on {name}"
    if fact.kind == "hardware" and fact.detail and number(fact) is not None:
        return FACTS["hardware"].say(language).format(f"{show(fact, language)}×{ledger.name(fact.detail)}")
    if fact.kind in QUOTED:
        return f"原文称“{fact.quote}”" if language == "zh" else f"“{fact.quote}”"
    return FACTS[fact.kind].say(language).format(show(fact, language))


def _gives_video(fact: EventFact, ledger: Ledger) -> bool:
    """Whether a fact's product may give out video: one that the knowledge base does not know may."""
    row = ledger.knowledge.products.get(fact.product or "")
    return row is None or not row.modality_out or "video" in row.modality_out


def conflicts(event: Event, ledger: Ledger) -> list[Sentence]:
    """Where reports give different values for one field, each value with who gives it."""
    groups: dict[tuple[str, str, str], list[EventFact]] = {}
    for fact in event.facts:
        if fact.kind not in SETTINGS and is_disputed(fact, event) and is_borne_out(fact):
            groups.setdefault((fact.kind, fact.unit, fact.product or fact.subject or ""), []).append(fact)
    told = []
    for facts in groups.values():
        once = list({str(f.value): f for f in facts}.values())
        if len(once) < 2:
            continue
        claims = tuple(ledger.claim_fact(event, f, "conflict") for f in once)
        what = ledger.fact_name(once[0])
        row = ledger.knowledge.fact_kinds.get(once[0].kind)
        kind = row.name_en if row else once[0].kind
        says: dict[str, list[EventFact]] = {}
        for fact in once:
            says.setdefault(_who_says(event, fact), []).append(fact)
        zh = "，".join(f"{who}称{'又称'.join(show(f, 'zh') for f in given)}" for who, given in says.items())
        en = "; ".join(f"{who} says {' and also '.join(show(f, 'en') for f in given)}" for who, given in says.items())
        told.append(
            Sentence(
                zh=f"{what.zh}各方说法不一：{zh}。",
                en=f"Reports differ on the {kind} of {ledger.subject(once[0])}: {en}.",
                sources=sources_of(ledger, claims),
                claims=claims,
            )
        )
    return told


def _who_says(event: Event, fact: EventFact) -> str:
    report = next((r for r in event.reports if r.document_id == fact.document_id), None)
    return (report.source_name or report.source_id) if report else "?"


def sources_of(ledger: Ledger, claims: Sequence[int]) -> tuple[int, ...]:
    """The sources that claims rest on, each once."""
    found = (ledger.claims[n - 1].source for n in claims)
    return tuple(dict.fromkeys(n for n in found if n is not None))

"""One event told: who did what in at most a line, then its facts; each sentence with its sources."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.compare import belongs, is_disputed, is_own, is_titled, number
from pipeline.digest.figures import show, spoken, values
from pipeline.digest.heading import (
    HEADLINE_EN,
    HEADLINE_ZH,
    actor,
    centre,
    change_of,
    clean_title,
    cut,
    gives,
    headlines,
    inner,
    is_chinese,
    is_single,
    leading_actors,
    own_title,
    product,
    shortened,
    statement_title,
    titles,
    width,
    with_version,
)
from pipeline.digest.ledger import Ledger
from pipeline.digest.period import Period
from pipeline.digest.shape import Both, Sentence
from pipeline.digest.wording import (
    DETAILS,
    FACTS,
    IN_CHINESE,
    OPENNESS,
    PREDICATES,
    TRAINED,
    join,
    short_day,
)
from pipeline.records import Event, EventFact, Report
from pipeline.text import tokens

FACTS_TOLD = 5
REPORTS_CITED = 3
TITLE_TOLD = 110
"""Characters of a headline that stands inside a sentence."""
STATEMENT_TOLD = 140
"""Characters of a headline that tells what happened."""
SHARED = 4
"""Words that a second headline shares with the first, so that it surely tells of the same, and adds, so that it is worth its place."""
MODALITIES = 3
"""A product that is said to give out more than this is rather several products in one text."""
LEADING = ("context_length", "parameters", "video_duration", "price", "money")
"""Facts that a headline may carry."""
SETTINGS = frozenset({"video_duration", "resolution", "frame_count"})
"""What one product gives in several sizes: two values are two settings and no dispute, and neither is told as the one."""
QUOTED = ("benchmark_score", "hardware")
"""Facts whose figure means little without its words: shown as quoted."""


# ---- headline -------------------------------------------------------------------------------------------------------


def headline(event: Event, ledger: Ledger) -> Sentence:
    """Actor and change, short enough for half a headline, with what it rests on."""
    zh, from_zh = _headline(event, ledger, "zh")
    en, from_en = _headline(event, ledger, "en")
    facts = [f for f in (from_zh, from_en) if isinstance(f, EventFact)]
    claims = tuple(dict.fromkeys(ledger.claim_fact(event, f) for f in facts))
    resting = {f for f in (from_zh, from_en) if isinstance(f, str)}
    cited = (ledger.cite(event, r.document_id) for r in event.reports if r.title in resting)
    sources = (*sources_of(ledger, claims), *(n for n in cited if n is not None))
    return Sentence(zh=zh, en=en, sources=tuple(dict.fromkeys(sources)), claims=claims)


def _headline(event: Event, ledger: Ledger, language: str) -> tuple[str, EventFact | str | None]:
    """The words, and what they rest on: a fact, a title, or names alone."""
    limit = HEADLINE_ZH if language == "zh" else HEADLINE_EN
    what = product(event, ledger) or ""
    facts = (f for f in main_facts(event, ledger) if _may_lead(f, event) and number(f) not in values(what))
    leading = next(facts, None)
    phrase = _phrase(leading, ledger, language) if leading else ""
    for words, basis in headlines(event, leading, phrase, ledger, language):
        if words and width(words, language) <= limit:
            return words, basis
    who, row = actor(event, ledger, language), ledger.knowledge.event_types.get(event.event_type)
    said_in = [t for t in (event.title_zh, event.title_en) if t]
    is_said = bool(event.event_type_quote) and any(event.event_type_quote in t for t in said_in)
    told = titles(event, ledger, language)
    if not who and not told and leading_actors(event):
        who, is_said = ledger.company(leading_actors(event)[0].id).say(language), bool(event.event_type_quote)
    if who and row and is_said and not told:
        return (f"{who}：{row.name_zh}" if language == "zh" else f"{who}: {row.name_en}"), None
    title = told[0] if told else event.title("en" if language == "zh" else "zh") or event.title(language)
    if language == "en" and is_chinese(title):
        return _in_chinese(event, title, ledger), title
    return cut(clean_title(title), limit, language) or event.id, title


def _in_chinese(event: Event, title: str, ledger: Ledger) -> str:
    """A Chinese title as an English headline: its best clause, quoted, and said to be Chinese."""
    clauses = (words for words, of in headlines(event, None, "", ledger, "zh") if of == title)
    return IN_CHINESE.en.format(inner(next(clauses, cut(clean_title(title), HEADLINE_ZH, "zh"))))


# ---- sentences ------------------------------------------------------------------------------------------------------


def _may_lead(fact: EventFact, event: Event) -> bool:
    """Whether a headline may carry a fact: how long a video runs only as a title says it, for it may be what was trained on."""
    return fact.kind in LEADING and (fact.kind != "video_duration" or is_titled(fact, event))


def opening(event: Event, period: Period, ledger: Ledger) -> Sentence:
    """What happened and when, in a source's own words where one speaks the language, else composed."""
    day = short_day(ledger.day(event.occurred_on or period.day_of(event.when)))
    (zh, from_zh), (en, from_en) = _statement(event, ledger, "zh"), _statement(event, ledger, "en")
    claims = tuple(ledger.claim_fact(event, f) for f in main_facts(event, ledger) if _in_titles(f, event))
    told = {t for t in (from_zh, from_en) if t} or {t for t in (event.title_zh, event.title_en) if t}
    stating = (ledger.cite(event, r.document_id) for r in event.reports if r.title in told)
    cited = (*(n for n in stating if n is not None), *cite(event, ledger))
    zh, en = (words if words.endswith("…") else words + stop for words, stop in ((zh, "。"), (en, ".")))
    return Sentence(zh=f"{day.zh}，{zh}", en=f"{day.en}: {en}", sources=tuple(dict.fromkeys(cited)), claims=claims)


def _in_titles(fact: EventFact, event: Event) -> bool:
    """Whether every title that is told gives the figure already."""
    told = [t for t in (event.title_zh, event.title_en) if t]
    return bool(told) and all(gives(t, fact) for t in told)


def _statement(event: Event, ledger: Ledger, language: str) -> tuple[str, str | None]:
    """What happened, and the title that says so."""
    title = statement_title(event, ledger, language)
    if title:
        return shortened(clean_title(title), STATEMENT_TOLD, language), title
    who, change = actor(event, ledger, language), change_of(event, ledger, language)
    if who and change:
        given = [_phrase(f, ledger, language) for f in main_facts(event, ledger) if _in_titles(f, event)]
        if language == "zh":
            return "，".join([f"{who}{change}", *given]), None
        return f"{who} {change}{': ' + join(given, 'en') if given else ''}", None
    whole = event.title("en" if language == "zh" else "zh")
    spoken = "zh" if is_chinese(whole) else "en"
    other = cut(clean_title(whole), TITLE_TOLD, spoken)
    if spoken == language:
        return other, whole
    return (f"外文报道“{inner(other)}”" if language == "zh" else f"reported in Chinese as “{inner(other)}”"), whole


def elsewhere(event: Event, called: Both, ledger: Ledger) -> Sentence | None:
    """How widely it was told: how many sources and reports, and what else a headline adds."""
    if len(event.reports) < 2:
        return None
    names = {r.source_name or r.source_id for r in event.reports}
    claims = tuple(
        ledger.claim_computed("count", what, Both(zh=f"{n}", en=f"{n}"), n, event_id=event.id)
        for n, what in (
            (len(names), Both(zh=f"“{inner(called.zh)}”的来源数", en=f"sources of “{inner(called.en)}”")),
            (len(event.reports), Both(zh=f"“{inner(called.zh)}”的报道数", en=f"reports of “{inner(called.en)}”")),
        )
    )
    zh = f"共{len(names)}个来源、{len(event.reports)}篇报道"
    en = f"{len(event.reports)} reports from {len(names)} source{'' if len(names) == 1 else 's'}"
    more_zh, more_en = _another_title(event, "zh"), _another_title(event, "en")
    cited = tuple(ledger.cite(event, r.document_id) for r in (more_zh, more_en) if r)
    if more_zh:
        zh += f"；另有报道称“{clean_title(more_zh.title)}”"
    if more_en:
        en += f"; another one is headed “{cut(clean_title(more_en.title), TITLE_TOLD, 'en')}”"
    return Sentence(zh=f"{zh}。", en=f"{en}.", sources=tuple(n for n in cited if n), claims=claims)


def _another_title(event: Event, language: str) -> Report | None:
    """The report in a language whose headline adds most to the one that is told."""
    told = set(tokens(own_title(event, language) or event.title(language)))
    others = [r for r in event.reports if r.language == language and r.title not in (event.title_zh, event.title_en)]
    fitting = [r for r in others if 8 <= len(r.title) <= TITLE_TOLD and is_single(r.title)]
    near = [r for r in fitting if len(told & set(tokens(r.title))) >= SHARED]
    best = max(near, key=lambda r: (len(set(tokens(r.title)) - told), r.document_id), default=None)
    return best if best and len(set(tokens(best.title)) - told) >= SHARED else None


def cite(event: Event, ledger: Ledger) -> tuple[int, ...]:
    """The reports to cite: official first, then earliest."""
    best = sorted(event.reports, key=lambda r: (r.tier, r.published_at or r.first_seen_at, r.document_id))
    numbers = (ledger.cite(event, r.document_id) for r in best[:REPORTS_CITED])
    return tuple(n for n in numbers if n is not None)


def main_facts(event: Event, ledger: Ledger) -> list[EventFact]:
    """The event's own facts in the order of interest, one a field: not comparisons, not conflicts, not another's."""
    order = list(FACTS)
    disputed = {(f.kind, f.unit, f.product) for f in event.facts if is_disputed(f, event)}
    chosen: dict[tuple[str, str, str], EventFact] = {}
    for fact in sorted(event.facts, key=lambda f: _trust(f, event)):
        settled = is_own(fact, event) and (fact.kind, fact.unit, fact.product) not in disputed and is_borne_out(fact)
        if _is_telling(fact) and settled and belongs(fact, event, ledger.knowledge):
            chosen.setdefault((fact.kind, fact.unit, fact.detail or ""), fact)
    return sorted(chosen.values(), key=lambda f: order.index(f.kind))


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
    facts = [f for f in main_facts(event, ledger) if not _in_titles(f, event)][:FACTS_TOLD]
    if not facts:
        return None
    claims = tuple(ledger.claim_fact(event, f) for f in facts)
    groups: dict[str, list[EventFact]] = {}
    for fact in facts:
        groups.setdefault(_whose(fact, event, ledger), []).append(fact)
    zh = "；".join(f"{whose}{'，'.join(_phrase(f, ledger, 'zh') for f in own)}" for whose, own in groups.items())
    en = "; ".join(
        f"{whose + ': ' if whose else ''}{join([_phrase(f, ledger, 'en') for f in own], 'en')}"
        for whose, own in groups.items()
    )
    return Sentence(zh=f"{zh}。", en=f"{en}.", sources=sources_of(ledger, claims), claims=claims)


def _whose(fact: EventFact, event: Event, ledger: Ledger) -> str:
    """Whose figure it is, in full where it is the event's product."""
    main = centre(event, ledger)
    if main and fact.product and fact.product == main.id:
        return ledger.name(with_version(main))
    return ledger.subject(fact)


def _phrase(fact: EventFact, ledger: Ledger, language: str) -> str:
    detail = DETAILS.get(f"{fact.kind}.{fact.detail}")
    if detail:
        return detail.say(language).format(show(fact, language))
    if fact.kind in TRAINED and re.search(r"训练|\btrain", fact.quote):
        return TRAINED[fact.kind].say(language).format(show(fact, language))
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


def modality(event: Event, ledger: Ledger) -> Sentence | None:
    """What the product gives out."""
    names = {m.id: m for m in ledger.knowledge.taxonomy.modalities}
    main = centre(event, ledger)
    row = ledger.knowledge.products.get((main.id if main else None) or "")
    kept = [m for m in event.modalities.output if row is None or m in row.modality_out] or event.modalities.output
    gives = [names[m] for m in kept if m in names]
    if (
        not 0 < len(gives) <= MODALITIES
        or event.event_type not in PREDICATES
        or event.layer == "compute"
        or product(event, ledger) is None
    ):
        return None
    if main is None or main.id is None:
        return None
    for gift in gives:
        ledger.name(gift.name_zh)
        ledger.name(gift.name_en)
    zh, en = join([m.name_zh for m in gives], "zh"), join([m.name_en for m in gives], "en")
    return Sentence(zh=f"输出模态为{zh}。", en=f"Its output is {en}.")


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

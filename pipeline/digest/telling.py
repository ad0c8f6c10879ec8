"""One event told: who did what in at most a line, then its facts, then how they compare; each sentence with its sources."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from pipeline.compare import Comparison, belongs, is_disputed, is_headlined, is_own, is_titled, named, number
from pipeline.digest.figures import plain, show, spoken, values
from pipeline.digest.ledger import Ledger
from pipeline.digest.period import Period
from pipeline.digest.shape import Both, Sentence
from pipeline.digest.wording import (
    CUES,
    DETAILS,
    FACTS,
    HEDGES,
    LONGEST,
    OPENNESS,
    PASSIVE,
    PREDICATES,
    RIVAL_BEFORE,
    join,
    partial_day,
    short_day,
)
from pipeline.records import Event, EventFact, ProductTag, Report
from pipeline.text import fold, tokens

HEADLINE_ZH = 20
"""Chinese characters of a headline's half, two Latin letters counted as one."""
HEADLINE_EN = 64
HEADLINE_LEAST = 6
"""A clause shorter than this names nobody's change."""
FACTS_TOLD = 5
REPORTS_CITED = 3
TITLE_TOLD = 110
"""Characters of a headline that stands inside a sentence."""
SHARED = 4
"""Words that a second headline shares with the first, so that it surely tells of the same, and adds, so that it is worth its place."""
MODALITIES = 3
"""A product that is said to give out more than this is rather several products in one text."""
LEADING = ("context_length", "parameters", "video_duration", "price", "money")
"""Facts that a headline may carry."""
QUOTED = ("benchmark_score", "hardware")
"""Facts whose figure means little without its words: shown as quoted."""

_SERIAL = re.compile(r"^\s*(?:[【\[][^】\]]{1,12}[】\]]|[^\s｜|丨:：]{1,10}\s*[｜|丨])\s*")
_COLUMN = re.compile(r"\s*[｜|丨]\s*[^｜|丨]{1,16}$")
_REACTION = re.compile(
    r"[，,。；;？?！!：:]?[^，,。；;！!：:]*(?:如何看待|如何评价|意味着什么|有哪些|带来哪些|怎么看|值得关注)[^，,。]*[？?]?$"
)
_CLAUSE = re.compile(r"[，。；？！：]|[,;:?!](?=\s)|\s[-–—|]\s")


# ---- names ----------------------------------------------------------------------------------------------------------


def actor(event: Event, ledger: Ledger, language: str) -> str | None:
    """Who acted, as a title names them: the company tagged as actor, else the most relevant; None where no title does.

    In a language that no title speaks, the name that the knowledge base has for the one whom the other titles name.
    """
    tags = sorted(event.companies, key=lambda c: (c.role != "actor", -c.relevance, c.id))
    for tag in tags:
        row = ledger.knowledge.companies.get(tag.id)
        names = row.names if row else (tag.quote,)
        written = named(names, event, language)
        if written:
            return ledger.name(written)
        if named(names, event, "any"):
            return ledger.company(tag.id).say(language)
    return None


def product(event: Event, ledger: Ledger) -> str | None:
    """The product at the centre, with its version, where a title names it."""
    tag = centre(event, ledger)
    return ledger.name(_with_version(tag)) if tag else None


def centre(event: Event, ledger: Ledger) -> ProductTag | None:
    """The product that a title names and that is not a company's own name: the most relevant, with a version before without."""
    companies = (ledger.knowledge.companies.get(tag.id) for tag in event.companies)
    taken = {fold(name) for row in companies if row for name in row.names}
    products = [p for p in event.products if is_headlined(p, event, ledger.knowledge)]
    own = [p for p in products if fold(p.name) not in taken] or products
    return max(own, key=lambda p: (p.relevance, bool(p.version), p.name), default=None)


def _with_version(tag: ProductTag) -> str:
    return f"{tag.name} {tag.version}" if tag.version and fold(tag.version) not in fold(tag.name) else tag.name


# ---- headline -------------------------------------------------------------------------------------------------------


def headline(event: Event, ledger: Ledger) -> Sentence:
    """Actor and change, short enough for half a headline, with what it rests on."""
    zh, from_zh = _headline(event, ledger, "zh")
    en, from_en = _headline(event, ledger, "en")
    facts = [f for f in (from_zh, from_en) if isinstance(f, EventFact)]
    claims = tuple(dict.fromkeys(ledger.claim_fact(event, f) for f in facts))
    titles = {f for f in (from_zh, from_en) if isinstance(f, str)}
    cited = (ledger.cite(event, r.document_id) for r in event.reports if r.title in titles)
    sources = (*_sources_of(ledger, claims), *(n for n in cited if n is not None))
    return Sentence(zh=zh, en=en, sources=tuple(dict.fromkeys(sources)), claims=claims)


def _headline(event: Event, ledger: Ledger, language: str) -> tuple[str, EventFact | str | None]:
    """The words, and what they rest on: a fact, a title, or names alone."""
    limit = HEADLINE_ZH if language == "zh" else HEADLINE_EN
    for words, basis in _headlines(event, ledger, language):
        if words and width(words, language) <= limit:
            return words, basis
    title = event.title(language)
    return cut(clean_title(title), limit, language) or event.id, title


def _headlines(event: Event, ledger: Ledger, language: str) -> Iterator[tuple[str, EventFact | str | None]]:
    """Candidates, best first: actor and change with the leading figure, without it, as much of the title as fits."""
    title = _own_title(event, language)
    who, what = actor(event, ledger, language), product(event, ledger)
    change = _change(event, what, language)
    if change and who and what and event.certainty == "fact" and fold(who) != fold(what):
        doing = f"{who}{change}" if language == "zh" else f"{who} {change}"
        facts = (f for f in main_facts(event, ledger) if f.kind in LEADING and number(f) not in values(what or ""))
        leading = next(facts, None)
        if leading:
            figure = _phrase(leading, ledger, language)
            yield (f"{doing}，{figure}" if language == "zh" else f"{doing}: {figure}"), leading
        yield doing, None
        if leading:
            yield (
                (f"{_passive(event, what)}，{_phrase(leading, ledger, language)}" if language == "zh" else ""),
                leading,
            )
    whole = clean_title(title)
    ends = [m.start() for m in _CLAUSE.finditer(whole)]
    for end in (len(whole), *reversed(ends)):
        if width(whole[:end], language) >= HEADLINE_LEAST:
            yield whole[:end].strip(), title


def _passive(event: Event, what: str | None) -> str:
    """The change without its actor, for a short line: Kimi升级."""
    return PASSIVE[event.event_type].format(what)


def _change(event: Event, what: str | None, language: str) -> str | None:
    """What was done to the product, where a title says so in words of that kind of event."""
    predicate, cues = PREDICATES.get(event.event_type), CUES.get(event.event_type, ())
    titles = fold(f"{event.title_zh or ''} {event.title_en or ''}")
    if predicate is None or what is None or not any(cue in titles for cue in cues):
        return None
    if any(hedge in titles for hedge in HEDGES) or not _is_subject(what, event):
        return None
    return predicate.say(language).format(what)


def _is_subject(what: str, event: Event) -> bool:
    """Whether a title speaks of the product itself, and not only of being near, like or ahead of it."""
    titles = [fold(t) for t in (event.title_zh, event.title_en) if t]
    places = [(t, m.start()) for t in titles for m in re.finditer(re.escape(fold(what)), t)]
    return not places or any(not RIVAL_BEFORE.search(t[max(0, at - 24) : at]) for t, at in places)


def width(text: str, language: str) -> float:
    """Length as a reader sees it: in Chinese, two Latin letters make one character."""
    if language != "zh":
        return len(text)
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.5 for c in text)


def cut(text: str, limit: int, language: str) -> str:
    """A text cut at a clause or a word, with an ellipsis, so that it fits; never inside a number or a Latin word."""
    if width(text, language) <= limit:
        return text
    kept = ""
    for piece in re.findall(r"[A-Za-z0-9][\w.,%+-]*\s*|.", text):
        if width(kept + piece, language) > limit - 1:
            break
        kept += piece
    if kept.count("“") > kept.count("”"):
        kept = kept[: kept.rindex("“")] or kept
    return kept.rstrip(" ，,、：:") + "…"


def clean_title(title: str) -> str:
    """A title as a statement: without the column's name before it and the reader's question after it."""
    kept = _COLUMN.sub("", _SERIAL.sub("", " ".join(title.split())))
    kept = _REACTION.sub("", kept) if len(_REACTION.sub("", kept)) >= 8 else kept
    return kept.strip(" 。.!！？?")


def _own_title(event: Event, language: str) -> str:
    return (event.title_zh if language == "zh" else event.title_en) or ""


# ---- sentences ------------------------------------------------------------------------------------------------------


def opening(event: Event, period: Period, ledger: Ledger) -> Sentence:
    """What happened and when, in a source's own words where one speaks the language, else composed."""
    day = short_day(ledger.day(event.occurred_on or period.day_of(event.when)))
    zh, en = _statement(event, ledger, "zh"), _statement(event, ledger, "en")
    claims = tuple(ledger.claim_fact(event, f) for f in main_facts(event, ledger) if _in_titles(f, event))
    titles = {event.title_zh, event.title_en}
    stating = (ledger.cite(event, r.document_id) for r in event.reports if r.title in titles)
    cited = (*(n for n in stating if n is not None), *cite(event, ledger))
    return Sentence(zh=f"{day.zh}，{zh}。", en=f"{day.en}: {en}.", sources=tuple(dict.fromkeys(cited)), claims=claims)


def _in_titles(fact: EventFact, event: Event) -> bool:
    """Whether every title that is told gives the figure already."""
    value = number(fact)
    titles = [t for t in (event.title_zh, event.title_en) if t]
    return value is not None and all(value in values(t) for t in titles)


def _statement(event: Event, ledger: Ledger, language: str) -> str:
    title = clean_title(_own_title(event, language))
    if title:
        return title
    who, change = actor(event, ledger, language), _change(event, product(event, ledger), language)
    if who and change:
        return f"{who}{change}" if language == "zh" else f"{who} {change}"
    other = cut(clean_title(event.title(language)), TITLE_TOLD, "en" if language == "zh" else "zh")
    return f"外文报道“{other}”" if language == "zh" else f"reported in Chinese as “{other}”"


def elsewhere(event: Event, ledger: Ledger) -> Sentence | None:
    """How widely it was told: how many sources and reports, and what else a headline adds."""
    if len(event.reports) < 2:
        return None
    names = {r.source_name or r.source_id for r in event.reports}
    what = Both(zh="来源与报道数", en="sources and reports")
    claims = tuple(
        ledger.claim_computed("count", what, Both(zh=f"{n}", en=f"{n}"), n, event_id=event.id)
        for n in (len(names), len(event.reports))
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
    told = set(tokens(_own_title(event, language) or event.title(language)))
    others = [r for r in event.reports if r.language == language and r.title not in (event.title_zh, event.title_en)]
    near = [r for r in others if 8 <= len(r.title) <= TITLE_TOLD and len(told & set(tokens(r.title))) >= SHARED]
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
    return Sentence(zh=f"{zh}。", en=f"{en}.", sources=_sources_of(ledger, claims), claims=claims)


def _whose(fact: EventFact, event: Event, ledger: Ledger) -> str:
    """Whose figure it is, in full where it is the event's product."""
    main = centre(event, ledger)
    if main and fact.product and fact.product == main.id:
        return ledger.name(_with_version(main))
    return ledger.subject(fact)


def _phrase(fact: EventFact, ledger: Ledger, language: str) -> str:
    detail = DETAILS.get(f"{fact.kind}.{fact.detail}")
    if detail:
        return detail.say(language).format(show(fact, language))
    if fact.kind == "openness":
        return OPENNESS[str(fact.value)].say(language)
    if fact.kind == "benchmark_score" and fact.detail:
        name = ledger.name(fact.detail)
        return f"{name}得分{show(fact, 'zh')}" if language == "zh" else f"{show(fact, 'en')} on {name}"
    if fact.kind in QUOTED:
        return f"原文称“{fact.quote}”" if language == "zh" else f"“{fact.quote}”"
    return FACTS[fact.kind].say(language).format(show(fact, language))


def modality(event: Event, ledger: Ledger) -> Sentence | None:
    """What the product gives out."""
    names = {m.id: m for m in ledger.knowledge.taxonomy.modalities}
    gives = [names[m] for m in event.modalities.output if m in names]
    if not 0 < len(gives) <= MODALITIES or event.event_type not in PREDICATES or product(event, ledger) is None:
        return None
    if (main := centre(event, ledger)) is None or main.id is None:
        return None
    for row in gives:
        ledger.name(row.name_zh)
        ledger.name(row.name_en)
    zh, en = join([m.name_zh for m in gives], "zh"), join([m.name_en for m in gives], "en")
    return Sentence(zh=f"输出模态为{zh}。", en=f"Its output is {en}.")


def conflicts(event: Event, ledger: Ledger) -> list[Sentence]:
    """Where reports give different values for one field, each value with who gives it."""
    groups: dict[tuple[str, str, str], list[EventFact]] = {}
    for fact in event.facts:
        if is_disputed(fact, event) and is_borne_out(fact):
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
        zh = "，".join(f"{_who_says(event, f)}称{show(f, 'zh')}" for f in once)
        en = "; ".join(f"{_who_says(event, f)} says {show(f, 'en')}" for f in once)
        told.append(
            Sentence(
                zh=f"{what.zh}各方说法不一：{zh}。",
                en=f"Reports differ on the {kind} of {ledger.subject(once[0])}: {en}.",
                sources=_sources_of(ledger, claims),
                claims=claims,
            )
        )
    return told


def _who_says(event: Event, fact: EventFact) -> str:
    report = next((r for r in event.reports if r.document_id == fact.document_id), None)
    return (report.source_name or report.source_id) if report else "?"


# ---- comparisons ----------------------------------------------------------------------------------------------------


def compared(
    event: Event, comparisons: Sequence[Comparison], others: dict[str, Event], ledger: Ledger
) -> list[Sentence]:
    """The comparisons in sentences: what held before and how many times that is, rivals side by side, the best so far."""
    own = {(f.kind, f.unit, f.value) for f in main_facts(event, ledger)}
    told_of = [c for c in comparisons if (c.fact.kind, c.fact.unit, c.fact.value) in own]
    comparisons = [c for c in told_of if is_borne_out(c.other)]
    told = [_before(event, c, others, ledger) for c in comparisons if c.rule == "before"]
    for kind in dict.fromkeys((c.fact.kind, c.fact.unit) for c in comparisons):
        rivals = [c for c in comparisons if c.rule == "rival" and (c.fact.kind, c.fact.unit) == kind]
        if rivals:
            told.append(_rivals(event, rivals, others, ledger))
    told += [_record(event, c, others, ledger) for c in comparisons if c.rule == "record"]
    return told


def _before(event: Event, comparison: Comparison, others: dict[str, Event], ledger: Ledger) -> Sentence:
    owner = others.get(comparison.other_event_id, event)
    old = comparison.other
    claims = [ledger.claim_fact(event, comparison.fact), ledger.claim_fact(owner, old, "before")]
    since = (
        partial_day(old.as_of or ledger.day(comparison.other_day).isoformat())
        if not comparison.stated or old.as_of
        else None
    )
    zh_when, en_when = (f"（{since.zh}）", f" ({since.en})") if since else ("", "")
    kind = ledger.knowledge.fact_kinds[old.kind]
    whose = ledger.subject(old)
    times_zh, times_en, claim = _times(comparison, event, ledger)
    zh = f"此前{whose}的{kind.name_zh}{_amounts_to(old)}{zh_when}{times_zh}。"
    en = f"Before, the {kind.name_en} of {whose} was {show(old, 'en')}{en_when}{times_en}."
    all_claims = (*claims, *claim)
    return Sentence(zh=zh, en=en, kind="comparison", sources=_sources_of(ledger, all_claims), claims=all_claims)


def _times(comparison: Comparison, event: Event, ledger: Ledger) -> tuple[str, str, tuple[int, ...]]:
    """How many times the old figure the new one is, where that says something."""
    ratio = comparison.ratio
    if ratio is None or ratio <= 0 or ratio == 1:
        return "", "", ()
    ours, theirs = float(comparison.fact.value), float(comparison.other.value)
    times = round(ratio, 1 if ratio >= 2 else 2)
    if ratio > 1:
        zh, en = f"，本次为其{plain(times)}倍", f"; it is now {plain(times)} times that"
        shown, value = Both(zh=f"{plain(times)}倍", en=f"{plain(times)} times"), times
    else:
        value = round((1 - ratio) * 100, 1)
        zh, en = f"，本次下降{plain(value)}%", f"; it is now {plain(value)}% lower"
        shown = Both(zh=f"{plain(value)}%", en=f"{plain(value)}%")
    what = ledger.fact_name(comparison.fact)
    return zh, en, (ledger.claim_computed("ratio", what, shown, value, (ours, theirs), event.id),)


def _rivals(event: Event, rivals: Sequence[Comparison], others: dict[str, Event], ledger: Ledger) -> Sentence:
    claims = tuple(ledger.claim_fact(others.get(c.other_event_id, event), c.other, "rival") for c in rivals)
    kind = ledger.knowledge.fact_kinds[rivals[0].fact.kind]
    zh = "，".join(ledger.subject(c.other) + _amounts_to(c.other) for c in rivals)
    en = join([f"{ledger.subject(c.other)} has {show(c.other, 'en')}" for c in rivals], "en")
    stated = all(c.stated for c in rivals)
    zh_from, en_from = ("据报道", "according to the reports") if stated else ("据库内记录", "by the stored record")
    return Sentence(
        zh=f"同口径对比{kind.name_zh}，{zh}（{zh_from}）。",
        en=f"For comparison of {kind.name_en}, {en_from}: {en}.",
        kind="comparison",
        sources=_sources_of(ledger, claims),
        claims=claims,
    )


def _amounts_to(fact: EventFact) -> str:
    """The verb and the figure: 为8万字, but 约8万字."""
    shown = show(fact, "zh")
    return shown if fact.qualifier != "exact" else f"为{shown}"


def _record(event: Event, comparison: Comparison, others: dict[str, Event], ledger: Ledger) -> Sentence:
    owner = others.get(comparison.other_event_id, event)
    day = partial_day(ledger.day(comparison.other_day).isoformat())
    best = LONGEST[comparison.fact.kind]
    whose = ledger.subject(comparison.other)
    count = ledger.claim_computed(
        "record",
        Both(zh="库内可比主体", en="subjects compared in the store"),
        Both(zh=f"{comparison.among}", en=f"{comparison.among}"),
        comparison.among,
        event_id=event.id,
    )
    claims = (ledger.claim_fact(owner, comparison.other, "before"), count)
    return Sentence(
        zh=f"为库内同口径{comparison.among}个可比主体中{best.zh}，此前为{whose}的{show(comparison.other, 'zh')}（{day.zh}）。",
        en=(
            f"It is {best.en} among {comparison.among} comparable subjects in the store; before it, "
            f"{whose} led with {show(comparison.other, 'en')} ({day.en})."
        ),
        kind="comparison",
        sources=_sources_of(ledger, claims),
        claims=claims,
    )


def _sources_of(ledger: Ledger, claims: Sequence[int]) -> tuple[int, ...]:
    found = (ledger.claims[n - 1].source for n in claims)
    return tuple(dict.fromkeys(n for n in found if n is not None))

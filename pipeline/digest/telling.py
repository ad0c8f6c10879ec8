"""One event told: who did what in at most a line, then its facts; each sentence with its sources."""

from __future__ import annotations

import re

from pipeline.compare import is_titled, number
from pipeline.digest.figures import values
from pipeline.digest.heading import (
    HEADLINE_EN,
    HEADLINE_ZH,
    actor,
    centre,
    change_of,
    clean_title,
    cut,
    headlines,
    inner,
    is_chinese,
    is_single,
    is_telling,
    leading_actors,
    own_title,
    product,
    shortened,
    statement_title,
    titles,
    width,
)
from pipeline.digest.ledger import Ledger
from pipeline.digest.period import Period
from pipeline.digest.shape import Both, Sentence
from pipeline.digest.stated import in_titles, main_facts, phrase, sources_of
from pipeline.digest.wording import (
    CUES,
    DOING,
    HEADED,
    HEDGES,
    IN_CHINESE,
    MODEL_KINDS,
    MODEL_WORDS,
    PREDICATES,
    TURNS,
    join,
    short_day,
)
from pipeline.records import Event, EventFact, Report
from pipeline.text import fold, tokens

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


# ---- headline -------------------------------------------------------------------------------------------------------


def headline(event: Event, ledger: Ledger) -> Sentence:
    """Actor and change, short enough for half a headline, with what it rests on."""
    zh, from_zh = _headline(event, ledger, "zh")
    en, from_en = _headline(event, ledger, "en")
    facts = [f for f in (from_zh, from_en) if isinstance(f, EventFact)]
    claims = tuple(dict.fromkeys(ledger.claim_fact(event, f) for f in facts))
    resting = {f for f in (from_zh, from_en) if isinstance(f, str)}
    cited = (ledger.cite(event, r.document_id) for r in event.reports if r.title in resting)
    sources = (*sources_of(ledger, claims), *(n for n in cited if n is not None)) or cite(event, ledger)[:1]
    return Sentence(zh=zh, en=en, sources=tuple(dict.fromkeys(sources)), claims=claims)


def _headline(event: Event, ledger: Ledger, language: str) -> tuple[str, EventFact | str | None]:
    """The words, and what they rest on: a fact, a title, or names alone."""
    limit = HEADLINE_ZH if language == "zh" else HEADLINE_EN
    what = product(event, ledger) or ""
    facts = (f for f in main_facts(event, ledger) if _may_lead(f, event) and number(f) not in values(what))
    leading = next(facts, None)
    figure = phrase(leading, ledger, language) if leading else ""
    for words, basis in headlines(event, leading, figure, ledger, language):
        if words and width(words, language) <= limit:
            begins = isinstance(basis, str) and clean_title(basis).startswith(words)
            whole = _signed(words, event, ledger, language) if begins else words
            return (whole if width(whole, language) <= limit else words), basis
    told = titles(event, ledger, language)
    if not told and (turn := _turn(event, ledger, language)):
        comma = "，" if language == "zh" else ": "
        whole = f"{turn}{comma}{figure}" if figure and "：" not in turn and ": " not in turn else turn
        return (whole, leading) if width(whole, language) <= limit and whole != turn else (turn, None)
    title = told[0] if told else event.title("en" if language == "zh" else "zh") or event.title(language)
    if language == "en" and is_chinese(title):
        return _in_chinese(event, title, ledger), title
    return cut(_signed(clean_title(title), event, ledger, language), limit, language) or event.id, title


def _turn(event: Event, ledger: Ledger, language: str) -> str | None:
    """Who acted and what kind of thing it was, where a title names them and then the words that show the kind."""
    kind, quote = event.event_type, fold(event.event_type_quote)
    said = [title for r in event.reports if quote and quote in (title := fold(clean_title(r.title)))]
    if kind in PREDICATES and not DOING.search(quote):
        return None
    if kind not in TURNS or any(hedge in title for title in said for hedge in HEDGES):
        return None
    for tag in leading_actors(event):
        row = ledger.knowledge.companies.get(tag.id)
        names = {fold(n) for n in (tag.quote, *(row.names if row else ())) if n}
        borne_out = next((t for t in said if any(0 <= t.find(n) < t.find(quote) for n in names)), None)
        if borne_out and any(cue in borne_out for cue in CUES.get(kind, ("",))):
            is_borne = kind not in MODEL_KINDS or MODEL_WORDS.search(borne_out)
            return TURNS[kind].say(language).format(ledger.company(tag.id).say(language)) if is_borne else None
    return None


def _signed(words: str, event: Event, ledger: Ledger, language: str) -> str:
    """Words that begin with a product, with its maker before it where they name none: of the foremost who acts, or `X: ...`."""
    first = next(iter(leading_actors(event)), None)
    begun = [p for p in event.products if p.company and fold(words).startswith(fold(p.name))]
    for made in sorted(begun, key=lambda p: -len(p.name)):
        row = ledger.knowledge.companies.get(made.company or "")
        is_subject = language == "en" and words[len(made.name) :].startswith(": ")
        is_foremost = first is not None and made.company == first.id
        if row is None or not (is_subject or is_foremost) or any(fold(n) in fold(words) for n in row.names):
            continue
        name = ledger.company(row.id).say(language)
        if language == "en":
            return f"{name}'s {words}"
        return f"{name} {words}" if name.isascii() and words[0].isascii() else f"{name}{words}"
    return words


def _in_chinese(event: Event, title: str, ledger: Ledger) -> str:
    """A Chinese title as an English headline: its best clause, quoted, said to be Chinese, with who acts where it says so in Chinese."""
    clauses = (words for words, of in headlines(event, None, "", ledger, "zh") if of == title)
    quoted = inner(next(clauses, cut(clean_title(title), HEADLINE_ZH, "zh")))
    who = actor(event, ledger, "en")
    named = who is None or fold(who) in fold(quoted)
    return IN_CHINESE.en.format(quoted) if named else f"{who}: {IN_CHINESE.en.format(quoted)}"


# ---- sentences ------------------------------------------------------------------------------------------------------


def _may_lead(fact: EventFact, event: Event) -> bool:
    """Whether a headline may carry a fact: how long a video runs only as a title says it, for it may be what was trained on."""
    return fact.kind in LEADING and (fact.kind != "video_duration" or is_titled(fact, event))


def opening(event: Event, period: Period, ledger: Ledger) -> Sentence:
    """What happened and when, in a source's own words where one speaks the language, else composed."""
    day = short_day(ledger.day(event.occurred_on or period.day_of(event.when)))
    (zh, from_zh), (en, from_en) = _statement(event, ledger, "zh"), _statement(event, ledger, "en")
    claims = tuple(ledger.claim_fact(event, f) for f in main_facts(event, ledger) if in_titles(f, event))
    told = {t for t in (from_zh, from_en) if t} or {t for t in (event.title_zh, event.title_en) if t}
    stating = (ledger.cite(event, r.document_id) for r in event.reports if r.title in told)
    cited = (*(n for n in stating if n is not None), *cite(event, ledger))
    zh, en = (words if words.endswith("…") else words + stop for words, stop in ((zh, "。"), (en, ".")))
    return Sentence(zh=f"{day.zh}，{zh}", en=f"{day.en}: {en}", sources=tuple(dict.fromkeys(cited)), claims=claims)


def _statement(event: Event, ledger: Ledger, language: str) -> tuple[str, str | None]:
    """What happened, and the title that says so."""
    title = statement_title(event, ledger, language)
    who, change = actor(event, ledger, language), change_of(event, ledger, language)
    own = product(event, ledger, language)
    is_act = who and change and own and fold(who) != fold(own)
    done = f"{who}{'' if language == 'zh' else ' '}{change}" if is_act else None
    if title:
        return _with_title(done, title, event, ledger, language), title
    if done:
        given = [phrase(f, ledger, language) for f in main_facts(event, ledger) if in_titles(f, event)]
        if language == "zh":
            return "，".join([done, *given]), None
        return f"{done}{': ' + join(given, 'en') if given else ''}", None
    whole = event.title("en" if language == "zh" else "zh")
    spoken = "zh" if is_chinese(whole) else "en"
    other = cut(clean_title(whole), TITLE_TOLD, spoken)
    if spoken == language:
        return other, whole
    turn = _turn(event, ledger, language)
    if turn and not re.search(r"：|: ", turn):
        said = f"外文报道题为“{inner(other)}”" if language == "zh" else f"in Chinese: “{inner(other)}”"
        return f"{turn}，{said}" if language == "zh" else f"{turn} ({said})", whole
    return (f"外文报道“{inner(other)}”" if language == "zh" else f"reported in Chinese as “{inner(other)}”"), whole


def _with_title(done: str | None, title: str, event: Event, ledger: Ledger, language: str) -> str:
    """A title as the statement of an event; after what was done where it names nobody, or is `X: ...` of the very product."""
    told = shortened(clean_title(title), STATEMENT_TOLD, language)
    what = product(event, ledger, language)
    if done and what and language == "en" and fold(told).startswith(f"{fold(what)}: "):
        return f"{done}: {told[len(what) + 2 :]}"
    main = centre(event, ledger)
    row = ledger.knowledge.companies.get((main.company if main else None) or "")
    names = [what or "", main.name if main else "", *(row.names if row else ())]
    if done and not any(name and fold(name) in fold(told) for name in names):
        return HEADED.say(language).format(done, inner(cut(told, TITLE_TOLD, language)))
    return told


def tells(event: Event, ledger: Ledger) -> bool:
    """Whether what an event is told by says something in both languages, and is not the bare name of a page or a project."""
    told = (_statement(event, ledger, language)[1] for language in ("zh", "en"))
    return all(title is None or is_telling(title, "zh" if is_chinese(title) else "en") for title in told)


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
    return Sentence(
        zh=f"输出模态为{zh}。",
        en=f"Its output modality is {en}." if len(gives) == 1 else f"Its output modalities are {en}.",
    )

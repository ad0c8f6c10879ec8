"""An event's headline: actor and change in at most a line, as the stored titles bear it out; and titles made into statements."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pipeline.compare import CENTRAL, is_headlined, named, number, stated_product
from pipeline.digest.figures import spoken
from pipeline.digest.ledger import Ledger
from pipeline.digest.wording import CUES, DOING, GIVES_AFTER, HEDGES, KIN, PASSIVE, PREDICATES, RIVAL_BEFORE
from pipeline.records import CompanyTag, Event, EventFact, ProductTag
from pipeline.text import fold, tokens

HEADLINE_ZH = 20
"""Chinese characters of a headline's half, two Latin letters counted as one."""
HEADLINE_EN = 72
HEADLINE_LEAST = 6
"""A clause shorter than this names nobody's change."""
LEADS = 0.6
"""What part of the foremost actor's relevance another one needs, so that the event is its own too."""
NEAR = 2
"""Words that another title shares with the event's own, so that it surely tells of the same."""
TITLE_LEAST = {"zh": 8.0, "en": 4.0}
"""Characters of a Chinese title, words of an English one, below which it is a heading and tells nothing."""

_SERIAL = re.compile(r"^\s*(?:[【\[][^】\]]{1,12}[】\]]|[^\s｜|丨:：]{1,10}\s*[｜|丨])\s*")
_OPENER = re.compile(r"^(?:突发|刚刚|重磅|快讯|最新)\s*[！!，,：:]\s*")
_COUNTED = re.compile(
    r"\s*[(（]\s*\d[\d.,]*\s*[kKmM万]?\s*(?:views?|upvotes?|likes?|points?|comments?|stars?|阅读|点赞|评论)[^)）]*[)）]\s*$"
)
"""How often a page was looked at, which a reader appended to its title."""
_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
"""A space that stands for a comma in a Chinese title."""
_RUDE = re.compile(r"\b(?:bull)?shit|\bfuck|\bcrap\b|\bwtf\b", re.IGNORECASE)
_POSTED = re.compile(r"^\s*(?:/?r/\w+|@\w+\.?)\s*[:：]\s*")
"""The forum or the account where a title was posted, before it."""
_ROUNDUP = re.compile(r"；.*；|\s/\s")
"""A title that tells several stories."""
_COLUMN = re.compile(r"\s*[｜|丨]\s*[^｜|丨]{1,16}$")
_REACTION = re.compile(
    r"[，,。；;？?！!：:]?[^，,。；;？?！!：:]*(?:如何看待|如何评价|透露了?哪些|哪些信息|意味着什么|有哪些|带来哪些|怎么看|值得关注)[^，,。]*[？?]?$"
)
_ASKED = re.compile(r"^(?:如何看待|如何评价|怎么看待?|怎样评价)\s*(?=\S{6})")
_ASKED_OF = re.compile(r"(发布|推出|开源|上线|公布)的\s*(?=\S)")
"""What a question takes for granted of what it asks about: 如何评价甲发布的乙 says that 甲发布乙."""
_ASKING = re.compile(r"[？?]\s*$|凭什么|为什么|为何|何以|怎么|如何|谁能|谁会|哪些|哪款|何去何从")
_CLAUSE = re.compile(r"[，。；？！：]|[,;:?!](?=\s)|\s[-–—|]\s|(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_DANGLING = re.compile(
    r"\s+(?:(?:of|for|to|in|on|at|by|with|from|using|and|or|that|which|as)(?:\s+(?:an?|the)(?:\s+\w+)?)?|an?|the)$"
)
"""The end of an English text that was cut within a phrase: …model using a hybrid."""
_LOUD = re.compile(
    r"[！!？?]|震撼|炸裂|炸场|王炸|疯狂|沸腾|重磅|刚刚|突发|颠覆|一夜|碾压|吊打|杀入|硬刚|引爆|爆款|刷爆|打醒|史上|惊艳|饭碗|反噬|十万火急"
)
"""What a headline does for effect: such a title is told only where there is no calmer one."""


# ---- names ----------------------------------------------------------------------------------------------------------


def actor(event: Event, ledger: Ledger, language: str) -> str | None:
    """Who acted, as a title names them: the maker of the product at the centre, else the company tagged as actor.

    In a language that no title speaks, and where a title names them by a product of theirs, the name that the knowledge
    base has. None where no title names any.
    """
    main = centre(event, ledger)
    maker = main.company if main else None
    leading = leading_actors(event)
    tags = sorted(
        (tag for tag in event.companies if tag.role != "actor" or tag in leading),
        key=lambda c: (c.role != "actor", c.id != maker, -c.relevance, c.id),
    )
    products = {fold(p.name) for p in event.products}
    for tag in tags:
        row = ledger.knowledge.companies.get(tag.id)
        names = row.names if row else (tag.quote,)
        written = named([n for n in names if fold(n) not in products], event, language)
        if written:
            return ledger.name(written)
        if named(names, event, "any"):
            return ledger.company(tag.id).say(language)
        if tag.id == maker and tag.role == "actor" and main is not None:
            return ledger.company(tag.id).say(language)
    return None


def product(event: Event, ledger: Ledger, language: str = "zh") -> str | None:
    """The product at the centre, with its version, where a title names it; in English by a Latin name where there is one."""
    tag = centre(event, ledger)
    if tag is None:
        return None
    row = ledger.knowledge.products.get(tag.id or "")
    if language == "en" and row and not tag.name.isascii():
        return ledger.name(next((n for n in row.names if n.isascii()), tag.name))
    return ledger.name(with_version(tag))


def centre(event: Event, ledger: Ledger) -> ProductTag | None:
    """The product that a title names and that is not a company's own name nor the measure of another.

    A product of the acting company before others', then the most relevant, then one with a version; none where a title names
    only another's, while the event is about a product that it does not name. Before all, the one that the words of the
    event's type name.
    """
    if stated := stated_product(event):
        return stated
    companies = (ledger.knowledge.companies.get(tag.id) for tag in event.companies)
    taken = {fold(name) for row in companies if row for name in row.names}
    acting = {tag.id for tag in leading_actors(event)}
    products = [p for p in event.products if is_headlined(p, event, ledger.knowledge)]
    own = [p for p in products if fold(p.name) not in taken] or products
    found = max(own, key=lambda p: (p.company in acting, p.relevance, bool(p.version), p.name), default=None)
    return None if found and found.company not in acting and _central(event) else found


def with_version(tag: ProductTag) -> str:
    """A product's name with its version, once."""
    return f"{tag.name} {tag.version}" if tag.version and fold(tag.version) not in fold(tag.name) else tag.name


# ---- headline -------------------------------------------------------------------------------------------------------


def headlines(
    event: Event, leading: EventFact | None, phrase: str, ledger: Ledger, language: str
) -> Iterator[tuple[str, EventFact | str | None]]:
    """Candidates, best first, each with the fact or title that it rests on.

    Actor and change with the leading figure, without it, then the best clauses of the titles.
    """
    who, what = actor(event, ledger, language), product(event, ledger, language)
    change = change_of(event, ledger, language)
    if who and what and change and language == "zh" and what != who and what.startswith(who):
        change = change.replace(what, what.removeprefix(who).strip())
    if change and who and what and event.certainty == "fact" and fold(who) != fold(what):
        doing = f"{who}{change}" if language == "zh" else f"{who} {change}"
        if leading:
            yield (f"{doing}，{phrase}" if language == "zh" else f"{doing}: {phrase}"), leading
        yield doing, None
        if leading and language == "zh":
            yield f"{_passive(event, what)}，{phrase}", leading
    yield from _clauses(event, ledger, language)


def _clauses(event: Event, ledger: Ledger, language: str) -> Iterator[tuple[str, str]]:
    """Whole clauses of the titles that fit a line: those that name who or what acts, statements before questions, calm ones
    before loud, those that tell a change, those that name somebody or open a title, those of the title that is told, long
    before short. An English one that starts within a title and names nobody is a fragment, and left out."""
    limit = HEADLINE_ZH if language == "zh" else HEADLINE_EN
    names = _names(event, ledger)
    found: list[tuple[tuple[bool | float, ...], str, str]] = []
    told = statement_title(event, ledger, language)
    for title in titles(event, ledger, language):
        whole = clean_title(title)
        edges = [(0, 0), *((m.start(), m.end()) for m in _CLAUSE.finditer(whole)), (len(whole), len(whole))]
        for first, (_, start) in enumerate(edges[:-1]):
            for end, _ in edges[first + 1 :]:
                words = whole[start:end].strip()
                if HEADLINE_LEAST <= width(words, language) <= limit:
                    naming = any(_names_it(fold(words), n) for n in names)
                    marked = whole[start : end + 1]
                    if start and language == "en" and (not naming or words[0].islower()):
                        continue
                    order = (
                        naming,
                        not _ASKING.search(whole if language == "en" else marked),
                        not _LOUD.search(marked),
                        naming and bool(DOING.search(words)),
                        naming or start == 0,
                        title == told,
                        width(words, language),
                    )
                    found.append((order, words, title))
    for _, words, title in sorted(found, key=lambda x: x[0], reverse=True):
        yield words, title


def _names_it(words: str, name: str) -> bool:
    """Whether folded words name somebody, and not as the measure of another: 超越GPT-4."""
    place = words.find(name)
    return place >= 0 and not RIVAL_BEFORE.search(words[:place])


def names_any(words: str, event: Event, ledger: Ledger) -> bool:
    """Whether words name any of those who act, or what the event is about."""
    return any(name in fold(words) for name in _names(event, ledger))


def _names(event: Event, ledger: Ledger) -> list[str]:
    """Folded names of the acting companies, of the product at the centre, and of their products that it surely is about."""
    main = centre(event, ledger)
    rows = [ledger.knowledge.companies.get(tag.id) for tag in leading_actors(event)]
    names = [n for row in rows if row for n in row.names] + ([main.name] if main else [])
    return [fold(n) for n in (*names, *_central(event)) if len(n) > 1]


def _central(event: Event) -> list[str]:
    """Names of the products that the event surely is about: the foremost one of those who act, and others of its maker."""
    acting = {tag.id for tag in event.companies if tag.role == "actor"}
    sure = [p for p in event.products if p.company in acting and p.relevance >= CENTRAL]
    maker = max(sure, key=lambda p: (p.relevance, p.name)).company if sure else None
    return [p.name for p in sure if p.company == maker]


def leading_actors(event: Event) -> list[CompanyTag]:
    """Those who act, foremost first, without those that the reports are far less about."""
    acting = sorted((tag for tag in event.companies if tag.role == "actor"), key=lambda c: (-c.relevance, c.id))
    return [tag for tag in acting if tag.relevance >= LEADS * acting[0].relevance]


def titles(event: Event, ledger: Ledger, language: str) -> list[str]:
    """The event's own title in a language where it tells something, then those of other reports that surely tell of the same.

    None where they name nobody while the other language's does: what they tell of is not clear.
    """
    own = own_title(event, language)
    own = own if is_telling(own, language) else ""
    central = [fold(name) for name in _central(event)]
    told = set(tokens(own or event.title("en" if language == "zh" else "zh")))
    others = [r.title for r in event.reports if r.language == language and r.title != own]
    near = [
        t
        for t in others
        if is_telling(t, language)
        and is_single(t)
        and (len(told & set(tokens(t))) >= NEAR or any(name in fold(t) for name in central))
    ]
    found = list(dict.fromkeys([*([own] if own else []), *near]))
    names = _names(event, ledger)
    other = fold(own_title(event, "en" if language == "zh" else "zh"))
    if any(n in other for n in names) and not any(n in fold(t) for n in names for t in found):
        return []
    return found


def statement_title(event: Event, ledger: Ledger, language: str) -> str:
    """The title to tell an event by: its own, or a calmer one of another report that names who or what the own one leaves out.

    Empty where there is none to tell it by.
    """
    own, *others = titles(event, ledger, language) or [""]
    names = _names(event, ledger)

    if (
        own
        and (names_any(own, event, ledger) or not names)
        and not _ASKING.search(own)
        and not _LOUD.search(clean_title(own))
    ):
        return own
    better = [t for t in others if names_any(t, event, ledger) and not _LOUD.search(clean_title(t))]
    stated = [t for t in better if not _ASKING.search(clean_title(t))]
    return next((t for t in stated if DOING.search(clean_title(t))), next(iter(stated), own or next(iter(better), "")))


def is_telling(title: str, language: str) -> bool:
    """Whether a title says something fit to print, and is not the bare name of a page, a forum or a project."""
    text = clean_title(title)
    amount = width(text, "zh") if language == "zh" else float(len(text.split()))
    return amount >= TITLE_LEAST.get(language, 4.0) and not re.match(r"/?r/\w+$", text) and not _RUDE.search(text)


def is_single(title: str) -> bool:
    """Whether a title tells one story and not several."""
    return not _ROUNDUP.search(title)


def own_title(event: Event, language: str) -> str:
    """The event's title in a language; empty where no report speaks it."""
    return (event.title_zh if language == "zh" else event.title_en) or ""


# ---- what was done --------------------------------------------------------------------------------------------------


def change_of(event: Event, ledger: Ledger, language: str) -> str | None:
    """What was done to the product at the centre, where a title that names it, or names none, says so in words of that kind."""
    main, kind = centre(event, ledger), _kind(event)
    what = product(event, ledger, language)
    if main is None or what is None or kind is None:
        return None
    all_titles = fold(f"{event.title_zh or ''} {event.title_en or ''} {event.event_type_quote}")
    if any(hedge in all_titles for hedge in HEDGES) or not _is_subject(main, event):
        return None
    if main != stated_product(event) and _speaks_of_another(event, ledger):
        return None
    return PREDICATES[kind].say(language).format(what)


def _kind(event: Event) -> str | None:
    """The kind of event that a title's words bear out: its own, else a kindred one."""
    titled = fold(f"{event.title_zh or ''} {event.title_en or ''}")
    for said in (titled, fold(event.event_type_quote) if stated_product(event) else ""):
        for kind in (event.event_type, *KIN.get(event.event_type, ())):
            if kind in PREDICATES and any(cue in said for cue in CUES[kind]):
                return kind
    return None


def _speaks_of_another(event: Event, ledger: Ledger) -> bool:
    """Whether one of the two titles names neither product nor actor of the other: the event may be a mixture."""
    names = _names(event, ledger)
    both = [fold(t) for t in (event.title_zh, event.title_en) if t]
    return len(both) == 2 and any(not any(n in t for n in names) for t in both)


def _passive(event: Event, what: str) -> str:
    """The change without its actor, for a short line: Kimi升级."""
    return PASSIVE[_kind(event) or event.event_type].format(what)


def _is_subject(main: ProductTag, event: Event) -> bool:
    """Whether a title speaks of the product itself: not only of being near, like or ahead of it, nor of what it gave out."""
    both = [fold(t) for t in (event.title_zh, event.title_en) if t]
    places = [(t, m.start(), m.end()) for t in both for m in re.finditer(re.escape(fold(main.name)), t)]
    return not places or any(
        not RIVAL_BEFORE.search(t[max(0, start - 24) : start]) and not GIVES_AFTER.match(t[end:])
        for t, start, end in places
    )


# ---- titles ---------------------------------------------------------------------------------------------------------


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
    return _DANGLING.sub("", kept.rstrip(" ，,、：:")) + "…"


def shortened(text: str, limit: int, language: str) -> str:
    """A text that is too long, ended at its last clause that fits and holds half of the limit, else cut."""
    if width(text, language) <= limit:
        return text
    ends = [m.start() for m in _CLAUSE.finditer(text) if limit / 2 <= width(text[: m.start()], language) <= limit]
    return text[: ends[-1]] if ends else cut(text, limit, language)


def clean_title(title: str) -> str:
    """A title as a statement: without the column's name before it, nor the reader's question before or after it."""
    kept = _COLUMN.sub("", _OPENER.sub("", _SERIAL.sub("", _POSTED.sub("", _COUNTED.sub("", " ".join(title.split()))))))
    kept = kept.strip('"') if kept.startswith('"') else kept
    kept = _GAP.sub("，", kept)
    kept = kept.split(" / ")[0] if width(kept.split(" / ")[0], "zh") >= TITLE_LEAST["zh"] else kept
    asked = _ASKED.sub("", kept)
    kept = _ASKED_OF.sub(r"\1", asked.rstrip("？? "), count=1) if asked != kept else kept
    kept = _REACTION.sub("", kept) if len(_REACTION.sub("", kept)) >= 8 else kept
    return kept.strip(" 。.!！？?")


def inner(words: str) -> str:
    """Words that stand in quotation marks: their own marks become single."""
    return words.replace("“", "‘").replace("”", "’")


def is_chinese(words: str) -> bool:
    """Whether words are written in Chinese characters, at least in part."""
    return bool(re.search(r"[\u3400-\u9fff]", words))


def gives(title: str, fact: EventFact) -> bool:
    """Whether a title gives a fact's figure, in digits or in words."""
    value = number(fact)
    return value is not None and value in spoken(title)

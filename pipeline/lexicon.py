"""Lexicon: every name and word of the knowledge base in one automaton, built once; one pass finds them in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from knowledge.index import KnowledgeBase
from knowledge.listed import ListedName
from knowledge.schema import Ambiguity, Chief
from pipeline.records import Document
from pipeline.text import fold, is_cjk

LONGEST = 20_000
"""How much of a document is read: news says early what it is about, and the time for any text stays bounded."""
NEAR = 200
"""How many characters before and after an ambiguous name its context words may stand."""
_MOST_JOINTS = 3
_SHORT = 4
"""A Latin name of so few letters must be written as the knowledge base writes it."""
_JOINT = re.compile(r"[-_ ]+|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_LISTS = (
    "ordinary, variant, small_variant, not_names, not_model_kinds, neutral_kinds, instrument_kinds, ordinary_shares, "
    "tails, benchmarks, hardware_names, ai_makers, everyday_products, host_kinds"
)
"""Groups that are looked up by word, not searched for in text."""
_SENTENCE_END = re.compile(r"[。！？!?\n；;]|\.(?=\s|$)")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_HALF = re.compile("[\ud800-\udfff]")
"""Halves of characters, which no encoder takes."""
_VERSIONED = re.compile(r"\s?\d|大模型")
_BYLINE = re.compile(r"科技讯|新闻|财经讯|网讯|科技\s?\d+月")
_CREDIT = re.compile(r"(?:图源|图片来源|题图|供图|配图|来源|摄影|公众号)\s?[:：|]?\s?_?$|_$|图为[^\n]{0,40}[(（]$")
_LIKENED = re.compile(r"(?:国产|中国版|开源版|平替|类似|(?<![这那各几种同分人大一二三两多])类|对标)[“「\"]?\s?$")
"""What stands before a famous name that another is likened to."""
_LIKENS = re.compile(r"[-\s]?(?:like|style|class|level|级|同款|平替)(?![a-z])")


class Name(NamedTuple):
    """One alias of one row of the knowledge base, with the conditions under which it counts."""

    kind: str
    """`company`, `product`, `security`, or `person`: a chief who stands for a company."""
    id: str
    alias: str
    company: str | None
    """The company that it implies: itself, a product's maker, a security's issuer."""
    case: str = "any"
    """`any`, `exact`, or `capital`: not all in small letters."""
    ordinary: bool = False
    """Whether it is an everyday word, so that talk of AI is not context enough."""
    ambiguous: bool = False
    context: tuple[str, ...] = ()
    not_context: tuple[str, ...] = ()
    chief: Chief | None = None
    """Of a person: the office, with its dates."""


class Mention(NamedTuple):
    """A name found in a text. Offsets hold in the text and in its fold."""

    start: int
    end: int
    name: Name


class Cue(NamedTuple):
    """A word of the taxonomy found in a text, with the group it belongs to: `release`, `type:funding`, `modality:video`."""

    start: int
    end: int
    group: str


class Scan(NamedTuple):
    """One pass over a document: what the later steps look at."""

    text: str
    folded: str
    title_end: int
    mentions: tuple[Mention, ...]
    """Companies, products and securities."""
    people: tuple[Mention, ...]
    """The chiefs who stand for companies."""
    cues: tuple[Cue, ...]
    sentences: tuple[int, ...]
    """Where each sentence starts."""

    def of(self, *groups: str) -> list[Cue]:
        """The cues of some groups, in order of place."""
        return [c for c in self.cues if c.group in groups]

    def sentence(self, place: int) -> tuple[int, int]:
        """Start and end of the sentence that a place stands in."""
        start, end = 0, len(self.text)
        for here in self.sentences:
            if here > place:
                end = here
                break
            start = here
        return start, end


class _Word(NamedTuple):
    group: str
    written: str
    """As it must be written, or empty where case does not matter."""


class Lexicon:
    """All names and words of a knowledge base, ready to be found. Build it once; finding is pure."""

    def __init__(self, knowledge: KnowledgeBase, alike: Callable[[str, str], float] | None = None) -> None:
        self.knowledge = knowledge
        self.alike = alike
        """How alike the meanings of two headlines are, where the installation has an encoder."""
        patterns: dict[str, tuple[list[Name], list[_Word]]] = {}
        groups = {group.id: frozenset((*group.words_zh, *group.words_en)) for group in knowledge.taxonomy.words}
        everyday = groups.get("ordinary", frozenset()) | groups.get("ordinary_shares", frozenset())
        listed = tuple(knowledge.listed_names())
        for name in _names(knowledge, listed, everyday):
            for spelling in spellings(name.alias) if name.kind != "security" else [fold(name.alias)]:
                patterns.setdefault(spelling, ([], []))[0].append(name)
        for word in _words(knowledge):
            patterns.setdefault(fold(word.written), ([], []))[1].append(
                word if word.written.isupper() and word.written.isascii() else word._replace(written="")
            )
        self.variants = frozenset(fold(w) for w in groups.get("variant", ()))
        self.small_variants = groups.get("small_variant", frozenset())
        self.tails = groups.get("tails", frozenset())
        self.not_names = groups.get("not_names", frozenset())
        apps, neutral = groups.get("not_model_kinds", frozenset()), groups.get("neutral_kinds", frozenset())
        self.models = frozenset(
            p.id for p in knowledge.products.values() if _is_model(frozenset(p.kinds), apps, neutral)
        )
        self.benchmarks = _any_name(groups.get("benchmarks", frozenset()))
        self.hardware = _any_name(groups.get("hardware_names", frozenset()))
        instruments = groups.get("instrument_kinds", frozenset())
        self.instruments = frozenset(p.id for p in knowledge.products.values() if p.kinds and p.kinds[0] in instruments)
        self.devices = frozenset(p.id for p in knowledge.products.values() if p.kinds == ("device",))
        """Things that people hold; they show their maker, but are no word of AI."""
        self.venues = frozenset(
            p.id for p in knowledge.products.values() if p.kinds == ("app",) and _is_large(p.company, knowledge)
        )
        """Apps of large companies where others do things: named, they seldom say that their owner acts."""
        hosts = groups.get("host_kinds", frozenset())
        self.hosts = frozenset(p.id for p in knowledge.products.values() if hosts.intersection(p.kinds[:1]))
        self.issuer_of = {r.security: r.company for r in knowledge.relations if r.kind == "is_listed_as"}
        self.listing_of = {c: s for s, c in sorted(self.issuer_of.items(), reverse=True)}
        """A company's first listing; linking brings its others along."""
        self.type_weights = {row.id: row.weight for row in knowledge.taxonomy.event_types}
        self.everyday = groups.get("everyday_products", frozenset()) | self.devices
        self.ai_makers = groups.get("ai_makers", frozenset()) | {
            c for c, row in knowledge.companies.items() if row.type in ("lab", "eval", "nonprofit-lab")
        }
        self.media = frozenset(c for c, row in knowledge.companies.items() if row.type == "media")
        self.by_code = _codes(listed)
        self.stand_alone = frozenset(
            c for c, row in knowledge.companies.items() if row.type in ("lab", "robotics", "chip")
        )
        self._entries = [(tuple(names), tuple(cues)) for names, cues in patterns.values()]
        self._automaton = AhoCorasick(list(patterns))

    def scan(self, document: Document) -> Scan:
        """All names whose conditions hold, and all words, in order of place; the longest name where they overlap."""
        text = f"{document.title}\n{document.text}"[:LONGEST]
        folded = _HALF.sub("\ufffd", fold(text)).replace("‑", "-")
        certain: list[Mention] = []
        doubtful: list[Mention] = []
        cues: list[Cue] = []
        entries = self._entries
        for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            names, words = entries[index]
            ends_whole = not (end < len(folded) and _is_latin(folded[end - 1]) and _is_latin(folded[end]))
            if start and _is_latin(folded[start]) and (_is_latin(folded[start - 1]) or folded[start - 1] == "_"):
                continue
            if folded[start - 1 : start] == "@" and folded[end : end + 1] == "_":
                continue
            if words and ends_whole:
                cues += [Cue(start, end, w.group) for w in words if not w.written or text[start:end] == w.written]
            for name in names:
                if not (ends_whole or _carries_version(name, folded, end)) or _cuts_version(name, folded, end):
                    continue
                if _is_written(name, text[start:end]) and not _is_credit(name, folded, start, end):
                    (doubtful if name.ambiguous else certain).append(Mention(start, end, name))
        cues.sort()
        traps = [(c.start, c.end) for c in cues if c.group == "traps"]
        if traps:
            certain, doubtful = (
                [m for m in found if not any(s <= m.start and m.end <= e for s, e in traps)]
                for found in (certain, doubtful)
            )
        if doubtful:
            certain += _resolved(doubtful, certain, cues, folded)
        found = longest(certain)
        return Scan(
            text=text,
            folded=folded,
            title_end=min(len(document.title), len(text)),
            mentions=tuple(m for m in found if m.name.kind != "person"),
            people=tuple(m for m in found if m.name.kind == "person"),
            cues=tuple(cues),
            sentences=(0, *(m.end() for m in _SENTENCE_END.finditer(text))),
        )


def spellings(alias: str) -> set[str]:
    """A name's folded spellings: its joints closed, spaced or hyphened (`qwen3.5`, `qwen 3.5`, `qwen-3.5`)."""
    folded = fold(alias)
    parts = [p for p in _JOINT.split(folded) if p] if folded.isascii() else []
    if not 1 < len(parts) <= _MOST_JOINTS + 1:
        return {folded}
    written = parts[:1]
    for left, right in pairwise(parts):
        joints = ("", " ", "-") if left[-1].isdigit() != right[0].isdigit() else (" ", "-")
        written = [start + joint + right for start in written for joint in joints]
    return {folded, *written}


def longest(found: Iterable[Mention]) -> list[Mention]:
    """Of overlapping mentions the longest; names that share one span all stay."""
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda m: (m.start, -m.end)):
        last = kept[-1] if kept else None
        if last is None or mention.start >= last.end or (mention.start, mention.end) == (last.start, last.end):
            kept.append(mention)
        elif mention.end - mention.start > last.end - last.start:
            kept[-1] = mention
    return kept


def _is_latin(character: str) -> bool:
    return character.isalnum() and not is_cjk(character)


def _carries_version(name: Name, folded: str, end: int) -> bool:
    """Whether a product's name runs straight into its version: `Qwen3.5`, `Yi34B`."""
    return name.kind == "product" and folded[end].isdigit() and folded[end - 1].isalpha() and not name.alias.islower()


def _cuts_version(name: Name, folded: str, end: int) -> bool:
    """Whether a name that is no model's would end inside a number: `AI2` in `AI 2.0`, `v0` in `v0.30.0`."""
    return (
        (name.kind != "product" or name.alias[:-1] in ("v", "V"))
        and folded[end - 1].isdigit()
        and folded[end : end + 1] == "."
        and folded[end + 1 : end + 2].isdigit()
    )


def _is_credit(name: Name, folded: str, start: int, end: int) -> bool:
    """Whether a company is only thanked for a picture, or is the paper that reports."""
    if name.kind == "product":
        return False
    return bool(_CREDIT.search(folded, max(0, start - 50), start) or _BYLINE.match(folded, end))


def _is_written(name: Name, written: str) -> bool:
    if name.case == "any":
        return True
    if name.case == "exact":
        return written == name.alias
    return not written.islower()


def _resolved(doubtful: list[Mention], certain: list[Mention], cues: list[Cue], folded: str) -> list[Mention]:
    """The ambiguous names that are meant: by a context word near, by kin named for certain, or by talk of AI."""
    kin = {m.name.company for m in certain}
    about_ai = any(c.group == "ai" for c in cues)
    found = []
    for mention in doubtful:
        start, end, name = mention
        around = folded[max(0, start - NEAR) : start] + "\n" + folded[end : end + NEAR]
        if name.not_context and _any_word(name.not_context).search(around):
            continue
        if (
            len(name.alias) == 1
            and is_cjk(name.alias)
            and (is_cjk(folded[start - 1 : start] or " ") or not _VERSIONED.match(folded, end))
        ):
            continue
        if (
            (not name.context and not name.ordinary)
            or (name.context and _any_word(name.context).search(around))
            or name.company in kin
            or (not name.ordinary and (about_ai or start == 0 or _stands_in_chinese(name, folded, start, end)))
        ):
            found.append(mention)
    return found


def _stands_in_chinese(name: Name, folded: str, start: int, end: int) -> bool:
    """Whether a Latin name stands among Chinese words, where everyday English words do not."""
    if not name.alias.isascii():
        return False
    before, after = folded[max(0, start - 2) : start].strip(), folded[end : end + 2].strip()
    return is_cjk(before[-1:] or " ") or is_cjk(after[:1] or " ")


def _is_large(company: str, knowledge: KnowledgeBase) -> bool:
    row = knowledge.companies.get(company)
    return row is not None and row.type == "bigtech"


def _any_word(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of some folded words, each on its own where it is Latin."""
    parts = (rf"(?<![a-z]){re.escape(w)}s?(?![a-z])" if w[0].isascii() else re.escape(w) for w in words)
    return re.compile("|".join(parts))


def _names(knowledge: KnowledgeBase, all_listed: Iterable[ListedName], ordinary: frozenset[str]) -> Iterator[Name]:
    for company in knowledge.companies.values():
        yield from _aliases("company", company.id, company.id, company.names, company.ambiguous, ordinary)
        for chief in company.chiefs:
            yield from (Name("person", company.id, name, company.id, "capital", chief=chief) for name in chief.names)
    for product in knowledge.products.values():
        yield from _aliases("product", product.id, product.company, product.names, product.ambiguous, ordinary)
    doubts = {d.alias: d for c in knowledge.companies.values() for d in c.ambiguous if is_cjk(d.alias[0])}
    dealt = next((g.words_zh for g in knowledge.taxonomy.words if g.id == "market"), ())
    for listed in all_listed:
        if listed.market == "US" or listed.type not in ("stock", "b_share"):
            continue
        for written in listed.names:
            if _HAN.search(written):
                alias = written.replace(" ", "")
                doubt = doubts.get(alias)
                context = _folded((*doubt.context, *dealt)) if doubt and doubt.context else ()
                but = _folded(doubt.not_context) if doubt else ()
                yield Name(
                    "security", listed.id, alias, None, "any", alias in ordinary, doubt is not None, context, but
                )


def _any_name(names: Iterable[str]) -> str:
    """A pattern for any of some names, folded, the longest first."""
    return "|".join(re.escape(fold(n)) for n in sorted(names, key=len, reverse=True)) or "(?!)"


def _is_model(kinds: frozenset[str], apps: frozenset[str], neutral: frozenset[str]) -> bool:
    telling = kinds - neutral
    return not telling or not telling <= apps


def _codes(all_listed: Iterable[ListedName]) -> dict[str, str]:
    """A security's id by its bare code; where two share one, the one still listed."""
    found: dict[str, str] = {}
    for listed in all_listed:
        if listed.code not in found or listed.status == "listed":
            found[listed.code] = listed.id
    return found


def _aliases(
    kind: str, id_: str, company: str, names: Iterable[str], doubts: Iterable[Ambiguity], ordinary: frozenset[str]
) -> Iterator[Name]:
    doubted = {d.alias: d for d in doubts}
    for alias in dict.fromkeys((*names, *doubted)):
        doubt = doubted.get(alias)
        yield Name(
            kind,
            id_,
            alias,
            company,
            case="exact" if doubt or _is_short(alias) else "capital" if alias in ordinary else "any",
            ordinary=alias in ordinary,
            ambiguous=doubt is not None or (alias in ordinary and is_cjk(alias[0])),
            context=_folded(doubt.context) if doubt else (),
            not_context=_folded(doubt.not_context) if doubt else (),
        )


def _is_short(alias: str) -> bool:
    return alias.isascii() and len(alias) <= _SHORT and alias.isalpha()


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(fold(w) for word in words if (w := re.sub(r"\(.*?\)", "", word).strip()))


def _words(knowledge: KnowledgeBase) -> Iterator[_Word]:
    for group in (taxonomy := knowledge.taxonomy).words:
        if group.id not in _LISTS.split(", "):
            yield from (_Word(group.id, w) for w in (*group.words_zh, *group.words_en))
    for type_ in taxonomy.event_types:
        yield from (_Word(f"type:{type_.id}", w) for w in (*type_.cues_zh, *type_.cues_en))
        yield from (_Word(f"strong:{type_.id}", w) for w in (*type_.strong_zh, *type_.strong_en))
        yield from (_Word(f"not:{type_.id}", w) for w in (*type_.negative_cues_zh, *type_.negative_cues_en))
    for modality in taxonomy.modalities:
        yield from (_Word(f"modality:{modality.id}", w) for w in (*modality.cues_zh, *modality.cues_en))
        yield from (_Word(f"out:{modality.id}", w) for w in (*modality.out_zh, *modality.out_en))
        yield from (_Word(f"in:{modality.id}", w) for w in (*modality.in_zh, *modality.in_en))


def is_likeness(folded: str, start: int, end: int) -> bool:
    """Whether a name is only what something else is likened to: `类 Sora`, `GPT-4-class`."""
    return bool(_LIKENED.search(folded, max(0, start - 5), start) or _LIKENS.match(folded, end))

"""What a person types into the search box, understood: words, "phrases", -exclusions and `key:value` filters.

A name of the knowledge base stands for what it names too, so that 月之暗面 finds Moonshot and the reverse; a model's name
is found with or without the space before its version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from knowledge.index import KnowledgeBase
from pipeline.names import Names, Subject, inflected, runs
from pipeline.records import Record
from pipeline.text import CJK, fold, is_cjk, tokens

MOST_WORDS = 24
"""Words of a query; what goes on is not a question."""
MOST_CHARACTERS = 400

_PART = re.compile(r'(?P<minus>-)?(?:(?P<key>[A-Za-z]+):(?P<value>"[^"]*"|\S+)|"(?P<phrase>[^"]*)"|(?P<word>\S+))')
_BOUNDARY = re.compile(r"(?<=[a-z])(?=\d)")
_CODE = re.compile(r"\$[A-Za-z.]{1,6}|(?:SH|SZ|BJ)?\.?\d{5,6}(?:\.[A-Z]{2})?|[A-Z]{4,6}:[A-Z.]{1,6}", re.IGNORECASE)
_SCRIPTS = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")
MOST_WAYS = 4
"""Ways to part a run that are tried."""
_AGO = re.compile(r"(\d{1,4})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
ENDED, APART, OTHERWISE = 0.9, 0.6, 0.5
"""What a word with another ending is worth, the pieces of a run that stand apart, and another word for the same notion."""
_PREFIXES = {"company": "co", "product": "pr", "security": "st"}


class Term(NamedTuple):
    """What an event's words or tags must hold: tokens that stand together, or one tag."""

    tokens: tuple[str, ...] = ()
    is_start: bool = False
    """Whether the last token may go on: a single character begins the pairs that it stands in."""
    tag: tuple[str, str] | None = None
    worth: float = 1.0
    """What it is worth, of 1, beside the words as they were typed."""


Alternative = tuple[Term, ...]
"""Terms that must all be held."""
Group = tuple[Alternative, ...]
"""Alternatives of which one must be held."""


class Query(Record):
    """A question: every group is answered, none of the excluded is, within a time."""

    groups: tuple[Group, ...] = ()
    excluded: tuple[Group, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    importance: float = 0.0
    """Events of a lower importance are left out."""
    together: tuple[Term, ...] = ()
    """The bare words side by side, where there are several: what holds them so answers better."""
    words: tuple[str, ...] = ()
    """What to mark where it stands in a title."""
    names: tuple[str, ...] = ()
    """Names that were understood as more than words, as `kind:id`."""

    def of_some_words(self) -> Query:
        """The question that any of its words answers; filters still hold."""
        words = [group for group in self.groups if any(term.tokens for way in group for term in way)]
        filters = tuple(group for group in self.groups if group not in words)
        some: Group = tuple(dict.fromkeys(way for group in words for way in group))
        return self.model_copy(update={"groups": (*filters, *([some] if some else []))})

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing at all."""
        return not (self.groups or self.excluded or self.since or self.until or self.importance)


def read_query(text: str, names: Names, knowledge: KnowledgeBase, zone: ZoneInfo, now: datetime) -> Query:
    """A typed query, understood. Raises ValueError that names the part it cannot read and what would do."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"query: at most {MOST_CHARACTERS} characters")
    reader = _Reader(names, knowledge, zone, now)
    bare: list[str] = []
    for part in list(_PART.finditer(text))[:MOST_WORDS]:
        key, word = part["key"], part["word"]
        if key and key.casefold() in FILTERS:
            reader.filter(key.casefold(), part["value"].strip('"'), bool(part["minus"]))
        elif key and not _is_spelled_with_colon(part):
            raise ValueError(f"{key}: is no filter; there are {', '.join(FILTERS)}")
        elif part["phrase"] is not None:
            reader.phrase(part["phrase"], bool(part["minus"]))
        elif part["minus"]:
            reader.phrase(word or part[0][1:], excluded=True)
        else:
            bare.append(word or part[0])
    reader.words(bare)
    return reader.query()


def plain(text: str, *tags: tuple[str, str], since: datetime | None = None, until: datetime | None = None) -> Query:
    """Every word of a text as it stands, and every tag; mere punctuation asks for what nothing holds."""
    words = text.split()
    asked = [tuple((way,) for way in (phrase(word),) if way) for word in words]
    groups = tuple(group for group in asked if group) or (((),) if words else ())
    return Query(groups=(*groups, *tagged(tags)), since=since, until=until, words=tuple(words))


def tagged(pairs: Iterable[tuple[str, str]]) -> tuple[Group, ...]:
    """Groups that ask for tags, one each: what a form's or a command's filters come to."""
    return tuple(((Term(tag=pair),),) for pair in pairs)


def phrase(text: str) -> Term | None:
    """The tokens of a text as they stand in a longer one, or None where nothing of it can be found."""
    kept = tokens(text)
    if not kept:
        return None
    ends_in_character = len(kept[-1]) == 1 and is_cjk(kept[-1])
    if ends_in_character and len(kept) > 1 and len(kept[-2]) == 2 and kept[-2].endswith(kept[-1]):
        return Term(tokens=tuple(kept[:-1]))
    return Term(tokens=tuple(kept), is_start=ends_in_character)


def spelled(text: str) -> tuple[Term, ...]:
    """A text's phrase in each way its version may be set off: `qwen3 5`, `qwen 3 5`."""
    folded = fold(text)
    ways = (text, _BOUNDARY.sub(" ", folded), re.sub(r"(?<=[a-z])[\s\-_]+(?=\d)", "", folded))
    return tuple(dict.fromkeys(term for way in ways if (term := phrase(way))))


def otherwise(text: str, names: Names) -> list[Alternative]:
    """What else may answer for a word: its other endings, its pieces apart, other words for the same notion."""
    ended = [(term._replace(worth=ENDED),) for way in inflected(text) if (term := phrase(way))]
    apart = [tuple(term._replace(worth=APART) for term in way) for way in pieces(text)]
    notion = [(term._replace(worth=OTHERWISE),) for way in names.notion(text) if (term := phrase(way))]
    return [*ended, *apart, *notion]


def pieces(text: str) -> list[Alternative]:
    """A run of Chinese, or of Chinese and Latin, as its words may be parted: 开源大模型 as 开源, 大模型; AI手机 as AI, 手机."""
    parts = _SCRIPTS.findall(fold(text))
    if not any(map(is_cjk, text)):
        return []
    ways: list[list[str]] = [[]]
    for part in parts:
        cuts = _cuts(part) if is_cjk(part[0]) else [[part]]
        ways = [[*way, *cut] for way in ways for cut in cuts][:MOST_WAYS]
    return [tuple(term for word in way if (term := phrase(word))) for way in ways if len(way) > 1]


def _cuts(run: str) -> list[list[str]]:
    """A run of Chinese in twos; of an odd number of characters, with the three at each place."""
    if len(run) < 4:
        return [[run]]
    pairs = len(run) // 2
    places = range(pairs) if len(run) % 2 else (-1,)
    found = []
    for three in places:
        ends = list(accumulate(3 if number == three else 2 for number in range(pairs)))
        found.append([run[start:end] for start, end in zip([0, *ends], ends, strict=False)])
    return found


class _Reader:
    """Gathers what the parts of a query ask for."""

    def __init__(self, names: Names, knowledge: KnowledgeBase, zone: ZoneInfo, now: datetime) -> None:
        self._names = names
        self._knowledge = knowledge
        self._zone = zone
        self._now = now
        self._groups: list[Group] = []
        self._excluded: list[Group] = []
        self._since: datetime | None = None
        self._until: datetime | None = None
        self._importance = 0.0
        self._is_mere_marks = False
        self._together: tuple[Term, ...] = ()
        self._marked: list[str] = []
        self._understood: list[str] = []

    def query(self) -> Query:
        """What was gathered; mere punctuation asks for what nothing holds."""
        nothing: tuple[Group, ...] = ((),) if self._is_mere_marks and not self._groups else ()
        return Query(
            groups=(*self._groups, *nothing),
            excluded=tuple(self._excluded),
            since=self._since,
            until=self._until,
            importance=self._importance,
            together=self._together,
            words=tuple(dict.fromkeys(self._marked)),
            names=tuple(dict.fromkeys(self._understood)),
        )

    # ---- words ----

    def phrase(self, text: str, excluded: bool = False) -> None:
        """Words that stand together; or, excluded, that do not."""
        ways = spelled(text)
        if not ways:
            return
        group: Group = tuple((way,) for way in ways)
        if excluded:
            self._excluded.append((*group, *((term,) for term in self._stands_for(text))))
        else:
            self._marked.append(text)
            self._groups.append(group)

    def words(self, words: Sequence[str]) -> None:
        """Bare words, each of which must be found; those that together are a name are looked for as one."""
        self._together = spelled(" ".join(words)) if len(words) > 1 else ()
        taken = 0
        for start, end in runs(words):
            if start < taken:
                continue
            together = " ".join(words[start:end])
            stands_for = self._stands_for(together)
            if stands_for or end == start + 1 or self._names.notion(together):
                taken = end
                self._word(together, stands_for)

    def _word(self, text: str, stands_for: Sequence[Term]) -> None:
        ways = spelled(text)
        if not ways:
            self._is_mere_marks = self._is_mere_marks or not stands_for
            return
        self._marked += [text, *text.split()]
        group: list[Alternative] = [(way,) for way in ways]
        group += [(term,) for term in stands_for]
        if not stands_for and (name := self._names.prefix(text)) and (rest := phrase(text[len(name) :])):
            group += [(term, rest) for term in self._stands_for(name)]
            self._marked += [name, text[len(name) :]]
        if not stands_for:
            group += otherwise(text, self._names)
        self._groups.append(tuple(dict.fromkeys(group)))

    def _stands_for(self, name: str) -> list[Term]:
        subjects = self._names.of(name)
        if not subjects and _CODE.fullmatch(name) and (code := self._names.security(name)):
            subjects = (Subject("security", code),)
        self._understood += [f"{subject.kind}:{subject.id}" for subject in subjects]
        return [_subject_term(subject) for subject in subjects]

    # ---- filters ----

    def filter(self, key: str, value: str, excluded: bool) -> None:
        """One `key:value`; several values stand between commas and any of them will do."""
        if excluded and key not in _TAGS:
            raise ValueError(f"-{key}: cannot be excluded")
        if key == "since":
            self._since = self._day(key, value)
        elif key == "until":
            self._until = self._day(key, value)
        elif key == "importance":
            self._importance = _number(key, value)
        else:
            wanted = [_TAGS[key](self, key, one) for one in value.split(",") if one]
            group: Group = tuple((Term(tag=tag),) for tag in dict.fromkeys(wanted))
            (self._excluded if excluded else self._groups).append(group)

    def company(self, key: str, value: str) -> tuple[str, str]:
        return "co", self._subject(key, value, self._names.of(value, "company"))

    def product(self, key: str, value: str) -> tuple[str, str]:
        found = self._names.of(value, "product")
        if not found and not tokens(value):
            raise ValueError(f"{key}:{value} is no name")
        return "pr", found[0].id if found else value

    def security(self, key: str, value: str) -> tuple[str, str]:
        found = self._names.security(value)
        return "st", found or self._subject(key, value, ())

    def event_type(self, key: str, value: str) -> tuple[str, str]:
        kinds = self._knowledge.taxonomy.event_types
        return "type", _choice(key, value, [(kind.id, kind.name_en, kind.name_zh) for kind in kinds])

    def modality(self, key: str, value: str) -> tuple[str, str]:
        kinds = self._knowledge.taxonomy.modalities
        return "mod", _choice(key, value, [(kind.id, kind.name_en, kind.name_zh) for kind in kinds])

    def certainty(self, key: str, value: str) -> tuple[str, str]:
        names = [("fact", "fact", "事实"), ("rumour", "rumor", "传闻"), ("denial", "denial", "否认")]
        return "cert", _choice(key, value, names)

    def _subject(self, key: str, value: str, found: Sequence[Subject]) -> str:
        if found:
            return found[0].id
        near = ", ".join(self._names.near(value))
        raise ValueError(f"{key}:{value} is not known" + (f"; did you mean {near}?" if near else ""))

    def _day(self, key: str, value: str) -> datetime:
        if ago := _AGO.fullmatch(value):
            return self._now - timedelta(days=int(ago[1]) * _DAYS[ago[2]])
        try:
            day = date.fromisoformat({4: f"{value}-01-01", 7: f"{value}-01"}.get(len(value), value))
        except ValueError:
            raise ValueError(f"{key}:{value} is no day; write 2024-03-18, 2024-03 or 7d (days ago)") from None
        return datetime.combine(day, time(), self._zone)


_TAGS: dict[str, Callable[[_Reader, str, str], tuple[str, str]]] = {
    "company": _Reader.company,
    "product": _Reader.product,
    "modality": _Reader.modality,
    "type": _Reader.event_type,
    "stock": _Reader.security,
    "security": _Reader.security,
    "certainty": _Reader.certainty,
}
FILTERS = (*_TAGS, "since", "until", "importance")
"""The keys of `key:value`."""


def _subject_term(subject: Subject) -> Term:
    return Term(tag=(_PREFIXES[subject.kind], subject.id))


def _is_spelled_with_colon(part: re.Match[str]) -> bool:
    """Whether what looks like a filter is a word with a colon: a code such as NASDAQ:NVDA, an address."""
    return part["key"].isupper() or part["value"].startswith("/")


def _choice(key: str, value: str, names: Sequence[tuple[str, ...]]) -> str:
    asked = fold(value).replace("_", " ").replace("-", " ")
    for ways in names:
        if asked in {fold(way).replace("_", " ").replace("-", " ") for way in ways}:
            return ways[0]
    raise ValueError(f"{key}:{value} is not known; there are {', '.join(ways[0] for ways in names)}")


def _number(key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{key}:{value} is no number; write 60 for events of at least 60") from None


# ---- marking -----------------------------------------------------------------------------------------------------------


def marks(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where a text holds what was asked for: spans of characters, in order, none touching another."""
    folded = fold(text)
    spans = sorted(span for word in words if word for span in _places(folded, fold(word)))
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _places(text: str, word: str) -> Iterator[tuple[int, int]]:
    pattern = r"[\s\-_]?".join(re.escape(piece) for piece in re.split(r"[\s\-_]+|(?<=[a-z])(?=\d)", word) if piece)
    if not pattern:
        return
    before = r"(?<![a-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = r"(?![a-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    for found in re.finditer(f"{before}{pattern}{after}", text):
        yield found.span()

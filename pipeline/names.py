"""Names as people type them: what a company, product or security is called in any language, and what looks like it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from knowledge.index import KnowledgeBase
from pipeline.text import fold

SubjectKind = Literal["company", "product", "security"]

LONGEST_NAME = 4
"""Words of a name that is looked for in a row of words."""
NEAR = 0.75
"""How alike two spellings are, of 1, for the one to be offered for the other."""

_ENDING = re.compile(r"(?<=[a-z]{3})(?:ation|ing|ed|es|s|e|)$")
"""What may end an English word of some length."""
_APART = re.compile(r"[\s\-_·.]+")


class Subject(NamedTuple):
    """What a name stands for."""

    kind: SubjectKind
    id: str


class Names:
    """Every name of the knowledge base, by its folded spelling without spaces and hyphens."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge
        self._subjects: dict[str, list[Subject]] = {}
        self._written: dict[str, str] = {}
        groups = {group.id: (*group.words_zh, *group.words_en) for group in knowledge.taxonomy.words}
        everyday = {spelling(word) for group in ("ordinary", "ordinary_shares") for word in groups.get(group, ())}
        for company in knowledge.companies.values():
            self._add("company", company.id, (company.id, *company.names))
        for product in knowledge.products.values():
            self._add("product", product.id, (product.id, *product.names))
        self._notions: dict[str, tuple[str, ...]] = {}
        for term in knowledge.taxonomy.terms:
            for word in (*term.zh, *term.en):
                self._notions[spelling(word)] = (*term.zh, *term.en)
        for listed in knowledge.listed_names():
            known = [name for name in listed.names if spelling(name) not in everyday]
            self._add("security", listed.id, known)

    def of(self, name: str, *kinds: SubjectKind) -> tuple[Subject, ...]:
        """What a name stands for, companies first; of some kinds only, where kinds are given."""
        found = self._subjects.get(spelling(name), ())
        return tuple(subject for subject in found if not kinds or subject.kind in kinds)

    def security(self, code: str) -> str | None:
        """The id of a security by any common spelling of its code, or by its name: `300364`, `$BABA`, `中文在线`."""
        bare = code.strip().lstrip("$").upper()
        turned = re.sub(r"^(SH|SZ|BJ|HK)\.?(\d+)$", r"\2.\1", bare)
        digits, _, market = turned.partition(".")
        if digits.isdigit() and 4 <= len(digits) <= 5 and market in ("", "HK"):
            turned = f"{digits.zfill(5)}.HK"
        elsewhere = (f"{bare}.{market}" for market in ("SZ", "SH", "BJ"))
        abroad = (f"{exchange}:{bare}" for exchange in ("NASDAQ", "NYSE", "AMEX"))
        for tried in (bare, turned, *elsewhere, *abroad):
            if found := self._knowledge.security(tried):
                return found.id
        named = self.of(code, "security")
        return named[0].id if named else None

    def prefix(self, text: str) -> str:
        """The longest start of a text that is a name of two characters or more; empty when none is."""
        for end in range(min(len(text), 24), 1, -1):
            if spelling(text[:end]) in self._subjects and not _cuts_word(text, end):
                return text[:end]
        return ""

    def notion(self, word: str) -> tuple[str, ...]:
        """The words of both languages for what a word of one stands for; none where it is no word for a known notion."""
        ways = map(spelling, (word, *inflected(word)))
        return next((self._notions[way] for way in ways if way in self._notions), ())

    def near(self, word: str, limit: int = 3) -> list[str]:
        """Names that are spelled nearly so, as they are written, the nearest first."""
        asked = spelling(word)
        likely = [name for name in self._written if abs(len(name) - len(asked)) <= 2 and set(name) & set(asked)]
        return [self._written[name] for name in difflib.get_close_matches(asked, likely, n=limit, cutoff=NEAR)]

    def _add(self, kind: SubjectKind, id_: str, names: Iterable[str]) -> None:
        subject = Subject(kind, id_)
        for name in names:
            spelled = spelling(name)
            held = self._subjects.setdefault(spelled, [])
            if spelled and subject not in held:
                held.append(subject)
            self._written.setdefault(spelled, name)


def spelling(name: str) -> str:
    """A name's letters alone: `Open-Sora`, `open sora` and `ＯｐｅｎＳｏｒａ` are spelled alike."""
    return _APART.sub("", fold(name))


def inflected(word: str) -> tuple[str, ...]:
    """An English word's other endings: `merging` gives merge, merges, merged. What takes no such ending is found by none of them."""
    folded = fold(word)
    if not (ending := _ENDING.search(folded)):
        return ()
    stem = folded[: ending.start()]
    ends = ("", "e", "s", "es", "ed", "ing", *(("ation",) if ending[0] in ("ation", "e", "ed", "ing") else ()))
    return tuple(stem + end for end in ends if stem + end != folded)


def runs(words: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Where names of several words may stand in a row of words, the longest first at each place."""
    for start in range(len(words)):
        for end in range(min(len(words), start + LONGEST_NAME), start, -1):
            yield start, end


def _cuts_word(text: str, end: int) -> bool:
    """Whether a cut falls inside a Latin word or a number."""
    before, after = text[end - 1], text[end : end + 1]
    return bool(after) and before.isascii() and before.isalnum() and after.isascii() and after.isalnum()

"""Lexicon: every name of the knowledge base in one automaton, built once; finds names in text by their words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product as combinations
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from knowledge.index import KnowledgeBase
from pipeline.text import fold, is_cjk

NEAR = 200
"""How many characters before and after an ambiguous name its context words may stand."""
_MOST_JOINTS = 3
_JOINT = re.compile(r"[-_ ]+|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")


class Name(NamedTuple):
    """One alias of one row of the knowledge base, with the conditions under which it counts."""

    kind: str
    """`company`, `product` or `security`."""
    id: str
    alias: str
    ambiguous: bool = False
    context: tuple[str, ...] = ()
    not_context: tuple[str, ...] = ()


class Mention(NamedTuple):
    """A name found in a text: offsets hold in the text and in its fold."""

    start: int
    end: int
    name: Name


class Lexicon:
    """All names of a knowledge base, ready to be found. Build it once; finding is pure."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self.knowledge = knowledge
        names: dict[str, list[Name]] = {}
        for name in _names(knowledge):
            for spelling in spellings(name.alias):
                names.setdefault(spelling, []).append(name)
        self._names = list(names.values())
        self._automaton = AhoCorasick(list(names))

    def find(self, text: str, folded: str) -> list[Mention]:
        """Every name in a text whose conditions hold, the longest where they overlap, in order of place."""
        found = [
            Mention(start, end, name)
            for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True)
            if stands_alone(folded, start, end)
            for name in self._names[index]
            if _is_meant(name, text, folded, start, end)
        ]
        return longest(found)


def spellings(alias: str) -> set[str]:
    """The folded spellings of a name: with its joints closed, spaced or hyphened (`qwen3.5`, `qwen 3.5`, `qwen-3.5`)."""
    folded = fold(alias)
    parts = [p for p in _JOINT.split(folded) if p]
    if not 1 < len(parts) <= _MOST_JOINTS + 1 or not folded.isascii():
        return {folded}
    found = {folded}
    for joints in combinations(("", " ", "-"), repeat=len(parts) - 1):
        if all(
            joint or (left[-1:].isdigit() != right[:1].isdigit())
            for joint, left, right in zip(joints, parts, parts[1:], strict=False)
        ):
            found.add("".join(part + joint for part, joint in zip(parts, (*joints, ""), strict=True)))
    return found


def stands_alone(folded: str, start: int, end: int) -> bool:
    """Whether a span does not cut a Latin word or a number in two. Chinese needs no boundary."""
    if start and _is_latin(folded[start]) and _is_latin(folded[start - 1]):
        return False
    return not (end < len(folded) and _is_latin(folded[end - 1]) and _is_latin(folded[end]))


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


def _is_meant(name: Name, text: str, folded: str, start: int, end: int) -> bool:
    written = text[start:end]
    if name.alias.isascii() and len(written) < 5 and written.islower() and not name.alias.islower():
        return False
    if not name.ambiguous:
        return True
    if written != name.alias:
        return False
    around = folded[max(0, start - NEAR) : end + NEAR]
    if any(word in around for word in name.not_context):
        return False
    return not name.context or any(word in around for word in name.context)


def _names(knowledge: KnowledgeBase) -> Iterator[Name]:
    for kind, rows in (("company", knowledge.companies.values()), ("product", knowledge.products.values())):
        for row in rows:
            doubts = {a.alias: a for a in row.ambiguous}
            for alias in (*row.names, *(a for a in doubts if a not in row.names)):
                doubt = doubts.get(alias)
                if doubt:
                    yield Name(kind, row.id, alias, True, _folded(doubt.context), _folded(doubt.not_context))
                else:
                    yield Name(kind, row.id, alias)
    for security in knowledge.securities.values():
        if security.name_zh:
            yield Name("security", security.id, security.name_zh)


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(fold(w) for w in words)

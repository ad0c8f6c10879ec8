"""The words that carry a headline: Latin words, numbers with their size, and Chinese in overlapping pairs, folded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from pipeline.text import fold

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_SIZE = "万亿|亿|百万|万|千|trillion|billion|million|thousand|bn|tn|[kmbt](?![a-z])"
_PIECE = re.compile(
    rf"(?P<han>[{_CJK}]+)"
    rf"|(?P<number>(?<![a-z0-9.])\d[\d,]*(?:\.\d+)*)(?:[\s-]?(?P<size>{_SIZE}))?(?P<percent>\s?%)?"
    r"|(?P<word>[a-z\u00c0-\u024f]+(?:'[a-z]+)?\d*(?:\.\d+)*)"
    rf"|(?P<other>[^\W_{_CJK}]+)"
)
_NAME_AND_VERSION = re.compile(r"^([a-z]{3,})(\d+(?:\.\d+)*)$")
_VERSION = re.compile(r"^#\d{1,2}(?:\.\d+)*$")
_SIZES = {
    "万亿": 1e12,
    "亿": 1e8,
    "百万": 1e6,
    "万": 1e4,
    "千": 1e3,
    "trillion": 1e12,
    "tn": 1e12,
    "t": 1e12,
    "billion": 1e9,
    "bn": 1e9,
    "b": 1e9,
    "million": 1e6,
    "m": 1e6,
    "thousand": 1e3,
    "k": 1e3,
}
_SENTENCE = re.compile(r"[。！？!?\n；]|\.\s")
_ENDINGS = ("ing", "ied", "ies", "ed", "es", "s", "e", "y")


def words(text: str) -> list[str]:
    """The folded words of a text in order; a number is its value (`#3e+10` for 300亿 and 30B), Chinese runs are pairs."""
    return list(_words(normal(text)))


def normal(text: str) -> str:
    """Text as the words are cut from: compatible forms folded into one, lower case, simplified."""
    return fold(unicodedata.normalize("NFKC", text)).replace("’", "'")


def _words(folded: str) -> Iterator[str]:
    for piece in _PIECE.finditer(folded):
        if han := piece["han"]:
            yield from [han[i : i + 2] for i in range(len(han) - 1)] or [han]
        elif number := piece["number"]:
            yield _number(number, piece["size"], piece["percent"])
        elif word := piece["word"]:
            parted = _NAME_AND_VERSION.match(word)
            if parted:
                yield from (stem(parted[1]), f"#{parted[2]}")
            else:
                yield stem(word)
        else:
            yield piece["other"]


def _number(digits: str, size: str | None, percent: str | None) -> str:
    """`#1.5` for a small or dotted number as it stands, `#3e+10` for one with a size, `#40%` for a share."""
    digits = digits.replace(",", "")
    if percent:
        return f"#{digits}%"
    if size and digits.count(".") <= 1 and len(digits) < 16:
        return f"#{float(digits) * _SIZES[size]:g}"
    if len(digits) > 4 and len(digits) < 16 and digits.isdigit():
        return f"#{float(digits):g}"
    return f"#{digits[:24]}"


def stem(word: str) -> str:
    """A Latin word without its ending, so that released, releases and release meet."""
    word = word.removesuffix("'s")
    for ending in _ENDINGS:
        if len(word) - len(ending) >= 4 and word.endswith(ending):
            return word[: -len(ending)]
    return word


def headline(title: str, text: str) -> str:
    """The title; with the first sentence of the text where the title is missing or only a label of a few words."""
    lead = first_sentence(text)
    if not lead or len(words(title)) >= 5:
        return title
    return lead if not title or lead.startswith(title) else f"{title}: {lead}"


def first_sentence(text: str, longest: int = 240) -> str:
    """The first sentence of a text, cut at a length in characters."""
    line = text.strip()[: longest * 2]
    end = next((m.start() for m in _SENTENCE.finditer(line) if m.start() >= 12), len(line))
    return line[: min(end, longest)].strip()


def versions(found: list[str]) -> list[str]:
    """Names with the version that stands right behind them: `gpt:4.5`, `claud:3`, `cursor:2.6`."""
    return [
        f"{name}:{number[1:]}"
        for name, number in pairwise(found)
        if name.isascii() and name.isalpha() and len(name) > 1 and _VERSION.match(number)
    ]

"""The words that carry a headline: Latin words, numbers with their size, and Chinese in overlapping pairs, folded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pipeline.text import fold

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_PIECE = re.compile(
    rf"(?P<han>[{_CJK}]+)"
    r"|(?P<number>(?<![a-z0-9.])\d[\d,]*(?:\.\d+)*)(?:\s?(?P<size>万亿|亿|万|千|trillion|billion|million|thousand|bn|tn|[kmbt](?![a-z])))?(?P<percent>\s?%)?"
    r"|(?P<word>[^\W\d_]+[^\W_]*(?:\.\d+)*)"
    rf"|(?P<mixed>[^\W_{_CJK}]+)"
)
_NAME_AND_VERSION = re.compile(r"^([a-z]{3,})(\d+(?:\.\d+)*)$")
_SIZES = {
    "万亿": 1e12, "亿": 1e8, "万": 1e4, "千": 1e3, "trillion": 1e12, "tn": 1e12, "t": 1e12, "billion": 1e9, "bn": 1e9, "b": 1e9,
    "million": 1e6, "m": 1e6, "thousand": 1e3, "k": 1e3,
}  # fmt: skip
_SENTENCE = re.compile(r"[。！？!?\n；]|\.\s")


def words(text: str) -> list[str]:
    """The folded words of a text in order; a number is its value (`#3e+10` for 300亿 and 30B), CJK runs are pairs."""
    return list(_words(fold(unicodedata.normalize("NFKC", text))))


def _words(folded: str) -> Iterator[str]:
    for piece in _PIECE.finditer(folded):
        if han := piece["han"]:
            if len(han) == 1:
                yield han
            yield from (han[i : i + 2] for i in range(len(han) - 1))
        elif number := piece["number"]:
            yield _number(number, piece["size"], piece["percent"])
        elif word := piece["word"]:
            parted = _NAME_AND_VERSION.match(word)
            if parted:
                yield parted[1]
                yield f"#{parted[2]}"
            else:
                yield word
        else:
            yield piece["mixed"]


def _number(digits: str, size: str | None, percent: str | None) -> str:
    """`#1.5` for a small or dotted number as it stands, `#3e+10` for one with a size, `#40%` for a share."""
    digits = digits.replace(",", "")
    if percent:
        return f"#{digits}%"
    if size is None or digits.count(".") > 1:
        return f"#{digits}"
    return f"#{float(digits) * _SIZES[size]:g}"


def headline(title: str, text: str) -> str:
    """The title; with the first sentence of the text where the title is missing or only a label of a few words."""
    lead = first_sentence(text)
    if len(words(title)) >= 5 or not lead:
        return title
    return lead if lead.startswith(title) else f"{title}: {lead}" if title else lead


def first_sentence(text: str, longest: int = 240) -> str:
    """The first sentence of a text, cut at a length in characters."""
    line = text.strip()[: longest * 2]
    end = next((m.start() for m in _SENTENCE.finditer(line) if m.start() >= 12), len(line))
    return line[: min(end, longest)].strip()


def versions(text: str) -> frozenset[str]:
    """Names with the version that stands right behind them: `gpt:4.5`, `claude:3`, `cursor:2.6`."""
    found = list(_words(fold(unicodedata.normalize("NFKC", text))))
    return frozenset(
        f"{name}:{number[1:]}"
        for name, number in zip(found, found[1:], strict=False)
        if name.isascii() and name.isalpha() and len(name) > 1 and re.fullmatch(r"#\d{1,2}(?:\.\d+)*", number)
    )

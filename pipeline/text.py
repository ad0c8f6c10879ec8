"""Words, for every step: text made safe at the door, folded for comparison, and cut into tokens for search."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import opencc

TOKENIZER_VERSION = 2
"""Raise it when `tokens` changes, or the tags that are indexed beside them: the stores then re-index."""

_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_RUN = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")


def clean(text: str) -> str:
    """Text that every store takes: NFC, without NUL, lone surrogates, controls and marks of direction."""
    return unicodedata.normalize("NFC", _UNSAFE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def fold(text: str) -> str:
    """Text for comparison: half-width, lower case, simplified. As long as the text itself, so offsets hold in both."""
    return text.translate(_folds())


def tokens(text: str) -> list[str]:
    """Tokens for search: a Latin or digit run is one; a CJK run gives its overlapping pairs and its last character."""
    found: list[str] = []
    for run in _RUN.findall(fold(unicodedata.normalize("NFKC", text))):
        if run[0] >= "\u3400":
            found += [run[i : i + 2] for i in range(len(run) - 1)]
            found.append(run[-1])
        else:
            found.append(run)
    return found


def is_cjk(character: str) -> bool:
    """Whether a character is Chinese (a unified ideograph)."""
    return (
        "\u3400" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\U00020000" <= character <= "\U0003134f"
    )


@cache
def _folds() -> dict[int, str]:
    """One character to one: full-width to half-width, capital to small, traditional to simplified."""
    to_simplified = opencc.OpenCC("t2s")
    table: dict[int, str] = {}
    han = "".join(chr(c) for c in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)))
    simplified = to_simplified.convert("\n".join(han)).split("\n")
    for old, new in zip(han, simplified, strict=True):
        if old != new and len(new) == 1:
            table[ord(old)] = new
    for code in (*range(0x20, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x2000), 0x3000, *range(0xFF01, 0xFF5F)):
        new = unicodedata.normalize("NFKC", chr(code)).lower()
        if len(new) == 1 and new != chr(code):
            table[code] = new
    return table

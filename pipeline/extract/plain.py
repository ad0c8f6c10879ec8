"""Residual HTML to plain text, in time that grows with the length of the text alone, whatever the nesting."""

from __future__ import annotations

import html
import re

_BLOCK_NAMES = """
    address article aside blockquote br center dd details div dl dt fieldset figcaption figure footer form h1 h2
    h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_INLINE_NAMES = """
    a abbr acronym amp-img audio b base basefont bdi bdo big body button canvas caption cite code col colgroup
    data del dfn em embed font frame html i iframe img input ins kbd label legend link map mark meta meter nobr
    noscript object option output param picture progress q rp rt ruby s samp select small source span strike
    strong sub sup time track tt u var video wbr
"""
_INLINE = frozenset(_INLINE_NAMES.split())
_HIDDEN_NAMES = """
    head script style svg template textarea title
"""
_HIDDEN = frozenset(_HIDDEN_NAMES.split())
_KNOWN = _BLOCKS | _INLINE | _HIDDEN
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_NAME = re.compile(r"</?([a-z][a-z0-9-]{0,20})(?=[\s/>])", re.IGNORECASE | re.ASCII)
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def plain(text: str) -> str:
    """The words of a text that may hold HTML. A `<` that opens no known tag is a word like any other."""
    for _ in range(2):  # summaries are often escaped twice
        text, tags = _strip(text)
        text = html.unescape(text)
        if not tags and not _NAME.search(text):
            break
    lines = (_SPACES.sub(" ", line).strip() for line in text.replace("\xa0", " ").split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


def _strip(text: str) -> tuple[str, int]:
    """The text without its tags, and how many there were."""
    scan = _Scan(text)
    parts: list[str] = []
    at = tags = 0
    while (start := text.find("<", at)) >= 0:
        parts.append(text[at:start])
        end, gap = scan.tag(start)
        if end == start:
            parts.append("<")
            end += 1
        else:
            parts.append(gap)
            tags += 1
        at = end
    parts.append(text[at:])
    return "".join(parts), tags


class _Scan:
    """Searches in one text for the ends of tags. What was not found once is not looked for again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._low = text.translate(_LOWER)
        self._absent: set[str] = set()

    def tag(self, start: int) -> tuple[int, str]:
        """Where the tag that starts here ends, and what stands in its place; the start itself where there is none."""
        if self._low.startswith("<!--", start):
            return self._after("-->", start + 4, start), " "
        if self._low.startswith("<![cdata[", start):
            return start + 9, ""
        if self._low.startswith(("<!doctype", "<?xml"), start):
            return self._after(">", start, start), ""
        named = _NAME.match(self._low, start)
        if named is None or named[1] not in _KNOWN:
            return start, ""
        end = self._after(">", start, start)
        if named[1] in _HIDDEN and end > start and self._low[start + 1] != "/":
            closing = self._find(f"</{named[1]}", end)
            return (closing if closing >= 0 else end), " "
        return end, "\n" if named[1] in _BLOCKS else ""

    def _after(self, mark: str, at: int, otherwise: int) -> int:
        """The place after the next mark, or `otherwise` where none follows."""
        found = self._find(mark, at)
        return found + len(mark) if found >= 0 else otherwise

    def _find(self, mark: str, at: int) -> int:
        if mark in self._absent:
            return -1
        found = self._low.find(mark, at)
        if found < 0:
            self._absent.add(mark)
        return found

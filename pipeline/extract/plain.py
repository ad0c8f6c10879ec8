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
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]{0,20})(?=[\s/>])")
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
    parts: list[str] = []
    at = tags = 0
    closed = {"-->": True, ">": True}  # whether one may still follow: a search that failed once is not made again
    while (start := text.find("<", at)) >= 0:
        parts.append(text[at:start])
        end, gap = _tag(text, start, closed)
        if end == start:
            parts.append("<")
            end += 1
        else:
            parts.append(gap)
            tags += 1
        at = end
    parts.append(text[at:])
    return "".join(parts), tags


def _tag(text: str, start: int, closed: dict[str, bool]) -> tuple[int, str]:
    """Where the tag that starts here ends, and what stands in its place; the start itself where there is none."""
    if text.startswith("<!--", start):
        return _after(text, "-->", start + 4, start, closed), " "
    if text.startswith("<![CDATA[", start):
        return start + 9, ""
    if text.startswith(("<!doctype", "<!DOCTYPE", "<?xml"), start):
        return _after(text, ">", start, start, closed), ""
    named = _NAME.match(text, start)
    if named is None:
        return start, ""
    name = named[1].lower()
    if name not in _BLOCKS and name not in _INLINE and name not in _HIDDEN:
        return start, ""
    end = _after(text, ">", start, start, closed)
    if name in _HIDDEN and end > start and text[start + 1] != "/":
        return max(end, _after(text, f"</{name}", end, start, closed)), " "
    return end, "\n" if name in _BLOCKS else ""


def _after(text: str, mark: str, at: int, otherwise: int, closed: dict[str, bool]) -> int:
    """The place after the next mark, or `otherwise` where none follows."""
    if not closed.get(mark, True):
        return otherwise
    found = text.find(mark, at)
    closed[mark] = found >= 0
    return found + len(mark) if found >= 0 else otherwise

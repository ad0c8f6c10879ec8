"""A feed's text kept within bounds before a parser sees it: so many items, and so many tags in each.

A parser takes a tenth of a millisecond for each tag, wherever it stands: a hundred thousand of them are an attack or a whole
page pasted unescaped. What an author wrote stays: the item's own markup becomes text, as most feeds write it anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from crawlers.mend import ITEM_END, close, parts

MOST_TAGS = 2_000
"""In one item, of those that a parser would have to follow."""
_MOST_QUIET = 50_000
"""Tags made text in one item: that costs a parser less than a tag, but not nothing. A long page has some thousands."""
_FOREIGN = re.compile(
    r"<(?=[/\w])(?!/?(?:rss|rdf:rdf|feed|channel|image|url|width|height|item|entry|items|title|link|guid|id|description|"
    r"summary|subtitle|content|pubdate|lastbuilddate|published|updated|modified|issued|created|author|name|email|uri|"
    r"contributor|category|comments|enclosure|source|language|generator|copyright|rights|logo|icon|ttl|managingeditor|"
    r"webmaster|docs|cloud|skiphours|skipdays|hour|day|textinput|[\w.-]{1,20}:[\w.-]{1,40})[\s/>])",
    re.I,
)
_TAG = re.compile(r"<[/\w]")


def bound(text: str, items: int) -> str:
    """The document with its first `items` items, and no item of more tags than a parser should follow."""
    ends = [match.end() for match in islice(ITEM_END.finditer(text), items)]
    if len(ends) == items and ITEM_END.search(text, ends[-1]):
        text = close(text[: ends[-1]])
    if text.count("<") <= MOST_TAGS:
        return text
    return "".join(_quiet(segment) for segment in _segments(text, ends))


def _segments(text: str, ends: list[int]) -> Iterator[str]:
    """The text from one item's end to the next."""
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        yield text[start:end]


def _quiet(segment: str) -> str:
    """An item whose markup is text where there is too much of it; nothing of one that is all tags."""
    if segment.count("<") <= MOST_TAGS:
        return segment
    cut = parts(segment)
    if sum(len(_TAG.findall(part)) for part, aside in cut if not aside) <= MOST_TAGS:
        return segment
    if sum(part.count("<") for part, aside in cut if not aside) > _MOST_QUIET:
        return ""
    quiet = [(part if aside else _FOREIGN.sub("&lt;", part), aside) for part, aside in cut]
    known = sum(len(_TAG.findall(part)) for part, aside in quiet if not aside)
    return "".join(part for part, _ in quiet) if known <= MOST_TAGS else ""

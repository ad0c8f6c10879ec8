"""Which items of a source are new, seen or changed since; and when too many are new at once. Pure."""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

from crawlers.addresses import split
from crawlers.entry import Entry

REMEMBERED = 2_000
"""Items that a source is known by at most; beyond, the oldest are forgotten. The store knows every address besides."""
_FEWEST = 200
"""Four times what a feed shows is enough, and this at least: the state is written at every visit (about 25 KB)."""
_TRACKING = re.compile(
    r"^(utm_\w+|fbclid|gclid|yclid|mc_cid|mc_eid|igshid|spm|scm|from|ref|ref_src|source|share_\w+|wt[._]\w+|cmpid|_hs\w+)$",
    re.I,
)
_MARKUP = re.compile(r"<[^>]*>|\s+")
_TELLING_WORDS = 40
_FLOOD = 10
_SUSPICIOUS = 4.0


def sort_out(entries: Sequence[Entry], seen: Mapping[str, str]) -> tuple[list[Entry], list[Entry]]:
    """The entries that are new, and those that were seen in another wording; what was seen as it is stays out.

    An item is known by its guid, its address or its words. A guid or address that several items share says nothing, nor
    does a guid by itself where address and words are all new.
    """
    new: list[Entry] = []
    edited: list[Entry] = []
    met: set[str] = set()
    for entry, marks in zip(entries, _marks(entries), strict=True):
        known = [mark for mark in marks if mark in seen]
        only_guid = known == [mark for mark in marks if mark.startswith("g")]
        if only_guid and len(marks) > 1 and not _is_telling(entry.guid or ""):
            known = []
        content = content_mark(entry)
        if met.intersection(marks):
            continue
        met.update(marks)
        if not known:
            new.append(entry)
        elif all(seen[mark] != content for mark in known):
            edited.append(entry)
    return new, edited


def remember(entries: Sequence[Entry], seen: Mapping[str, str]) -> dict[str, str]:
    """What is known after an answer: its marks, and older ones as far as there is room."""
    fresh = {mark: content_mark(entry) for entry, marks in zip(entries, _marks(entries), strict=True) for mark in marks}
    old = [(mark, content) for mark, content in seen.items() if mark not in fresh]
    room = max(0, 3 * min(max(_FEWEST, 4 * len(entries)), REMEMBERED) - len(fresh))
    return {**fresh, **dict(old[:room])}


def is_gap(new: int, shown: int) -> bool:
    """Whether an answer shares nothing with the last one, so that items may have come and gone between the two."""
    return shown >= 3 and new == shown


def is_flood(new: int, shown: int, elapsed: timedelta, gap_hours: float) -> bool:
    """Whether far more looks new than the source can have written since: an archive with new dates or addresses."""
    expected = elapsed / timedelta(hours=1) / max(gap_hours, 0.05)
    return shown >= _FLOOD and new > shown / 2 and new > max(_FLOOD - 1, _SUSPICIOUS * expected)


def content_mark(entry: Entry) -> str:
    """A short hash of an item's words, by which an edit shows."""
    return _short(f"{_folded(entry.title)}\n{_folded(entry.summary)[:4_000]}")


def canonical(url: str) -> str:
    """An address without what changes while the page stays: scheme, `www.`, tracking, fragment, a last slash."""
    parts = split(url.strip())
    if not parts.hostname:
        return url.strip()
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    query = sorted(
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(name)
    )
    path = re.sub(r"/(?:index\.(?:html?|php)|amp)?/?$", "", parts.path)
    return f"{host}{port}{path}" + (f"?{urlencode(query)}" if query else "")


def _marks(entries: Sequence[Entry]) -> list[list[str]]:
    """For each entry the marks that it is known by."""
    guids = Counter(entry.guid for entry in entries)
    addresses = Counter(canonical(entry.url) for entry in entries if entry.url)
    found = []
    for entry in entries:
        marks = []
        if words := _words_mark(entry):
            marks.append(f"w{words}")
        if entry.url and addresses[canonical(entry.url)] == 1:
            marks.append(f"u{_short(canonical(entry.url))}")
        if entry.guid and guids[entry.guid] == 1:
            marks.append(f"g{_short(_plain_guid(entry.guid))}")
        found.append(marks or [f"a{_short(f'{entry.guid} {entry.url} {entry.title} {entry.summary[:300]}')}"])
    return found


def _words_mark(entry: Entry) -> str:
    """A short hash of a title and the start of its text; nothing for words that may come again (`Weekly update`)."""
    words = _folded(entry.title) + _folded(entry.summary)[:300]
    if len(words) >= _TELLING_WORDS or not (entry.url or entry.guid):
        return _short(words)
    return ""


def _is_telling(guid: str) -> bool:
    """Whether a guid looks made for one item, and not like `latest`."""
    return len(guid) >= 16 or bool(re.search(r"\d{3}", guid))


def _plain_guid(guid: str) -> str:
    return canonical(guid) if guid.startswith(("http://", "https://")) else guid.strip()


def _folded(text: str) -> str:
    return _MARKUP.sub("", html.unescape(text)).lower()


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()

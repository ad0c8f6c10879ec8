"""Dedupe: recognise a document again. A reprint ends its trip here; another outlet's own words about the same event do not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from struct import pack

from rensa import RMinHash

from pipeline.records import Document, Fingerprint, Verdict
from pipeline.text import tokens

PERMUTATIONS = 128
BANDS = 32
"""32 bands of 4 hashes: finds 99.8 % of texts that share 77 % of their word pairs, 86 % at 56 %."""

SEED = 20240312
"""Of the hash family; stored bands are comparable only under one seed."""

SHORTEST_TEXT = 40
"""Tokens under which a text is a headline or a stub: it can be repeated by chance, so only the same source's own counts."""

NEAR = 0.70
"""Shared word pairs (Jaccard) from which two texts are one: a text edited by a fifth keeps 0.56, by a tenth 0.77."""

REVISION = timedelta(days=3)
"""How long after the first one a source's text under another address counts as a correction of it."""

_TELLING = re.compile(r"^[a-z0-9][a-z0-9.]*$")


def fingerprint(document: Document) -> Fingerprint:
    """What recognises the document again: hashes of its URL and its words, and bands under which near copies meet."""
    words = tokens(document.text)
    long = len(words) >= SHORTEST_TEXT
    return Fingerprint(
        url=_hash(document.canonical_url) if document.canonical_url else None,
        text=_hash(" ".join(words) if long else f"{' '.join(tokens(document.title))}\n{' '.join(words)}"),
        bands=_bands(_pairs(words)) if long else (),
    )


def dedupe(document: Document, fingerprint: Fingerprint, like: Sequence[Document]) -> Verdict:
    """New, or what it repeats among documents that share a hash or a band with it; the earliest of several."""
    others = sorted((d for d in like if d.id != document.id), key=lambda d: (d.when, d.id))
    again = next((d for d in like if d.id == document.id), None)
    if again is not None:
        return Verdict(kind="same_url", of=again.id)
    for other in others:
        if _same_page(document, other):
            return Verdict(kind="same_url", of=other.id)
    words = tokens(document.text)
    for other in others:
        if _same_words(document, other, words):
            return Verdict(kind="same_text", of=other.id)
    if fingerprint.bands:
        near = [(likeness(words, tokens(d.text)), d) for d in others if _telling_words_agree(words, d)]
        best = max(near, key=lambda pair: pair[0], default=None)
        if best is not None and best[0] >= NEAR:
            return Verdict(kind="near", of=best[1].id)
    return Verdict(kind="new")


def likeness(words: Sequence[str], others: Sequence[str]) -> float:
    """The share of word pairs that two token streams have in common (Jaccard), 0 to 1."""
    mine, theirs = _pairs(words), _pairs(others)
    either = len(mine | theirs)
    return len(mine & theirs) / either if either else 0.0


def _same_page(document: Document, other: Document) -> bool:
    if document.canonical_url and document.canonical_url == other.canonical_url:
        return True
    same_source = document.source_id == other.source_id
    return bool(same_source and document.external_id and document.external_id == other.external_id)


def _same_words(document: Document, other: Document, words: Sequence[str]) -> bool:
    """Word for word the same. A headline alone says so only within one source: two outlets may choose the same one."""
    theirs = tokens(other.text)
    if len(words) >= SHORTEST_TEXT:
        return list(words) == theirs
    if document.source_id != other.source_id or abs(document.when - other.when) > REVISION:
        return False
    return list(words) == theirs and tokens(document.title) == tokens(other.title)


def _telling_words_agree(words: Sequence[str], other: Document) -> bool:
    """Whether numbers and Latin names are mostly the same: a template filled for another day or company is news."""
    mine = {w for w in words if _TELLING.match(w)}
    theirs = {w for w in tokens(other.text) if _TELLING.match(w)}
    either = len(mine | theirs)
    return either < 5 or len(mine & theirs) / either >= NEAR


def _pairs(words: Sequence[str]) -> set[str]:
    return {f"{a} {b}" for a, b in pairwise(words)}


def _bands(pairs: Iterable[str]) -> tuple[str, ...]:
    """The minimum hashes in bands, each band one hex string that names its place."""
    sketch = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    sketch.update(sorted(pairs))
    digest = sketch.digest()
    rows = PERMUTATIONS // BANDS
    cuts = (digest[i * rows : (i + 1) * rows] for i in range(BANDS))
    return tuple(f"{i:02x}{_digest(pack(f'>{rows}Q', *cut))}" for i, cut in enumerate(cuts))


def _hash(text: str) -> str:
    return _digest(text.encode("utf-8", "replace"))


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()

"""What differs between two issues of one week: facts and words, and not what merely follows from them."""

from __future__ import annotations

import re
from difflib import unified_diff

from pipeline.digest.edits import edited
from pipeline.digest.rendering import render
from pipeline.digest.shape import Digest, Language
from pipeline.digest.smoothing import kept

_NUMBERS = re.compile(r"\\\[E?\d+\\\](?: \| )?")
"""Numbers of sources: one more report renumbers all that follow."""
_STAMP = re.compile(r"(，成稿时间|; made at) \d{4}-\d\d-\d\d \d\d:\d\d UTC")


def changes(old: Digest, new: Digest, language: Language, names: tuple[str, str] = ("old", "new")) -> list[str]:
    """A unified diff of two issues as Markdown, with people's edits; empty where they say the same.

    Left out is what says nothing: how sources are numbered, when it was written, and words that a model only joined
    otherwise.
    """
    before, after = (edited(one).model_copy(update={"edits": ()}) for one in (old, new))
    after = kept(after, before)
    return list(unified_diff(_lines(before, language), _lines(after, language), *names, lineterm="", n=1))


def _lines(digest: Digest, language: Language) -> list[str]:
    return _STAMP.sub("", _NUMBERS.sub("", str(render(digest, "md", language)))).splitlines()

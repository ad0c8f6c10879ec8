"""The language of a document, by its script first and by its small words where the script leaves it open."""

from __future__ import annotations

import re

from pipeline.text import is_cjk

SAMPLE = 3000
"""Characters that decide."""

_NAMES = {"cn": "zh", "chi": "zh", "zho": "zh", "cmn": "zh", "eng": "en", "jp": "ja", "kr": "ko"}
_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
_SMALL_WORDS = {
    "en": "the of and to in is for with that on its as by from are this has new at an can be will it how now more than",
    "fr": "le la les des et une du que est pour dans sur avec qui par au ses cette sont pas",
    "de": "der die das und ist mit für von den dem ein eine auf nicht sich auch werden wird zum im",
    "es": "el los las una para con por que del se como más sus esta son al ha lo",
    "pt": "os as uma para com por que do da não em dos mais como seu sua são foi ao",
    "it": "il gli una per con che della di del non sono più nel come alla dei le ha questo",
    "ru": "и в на что не с по для как это из от к за",
}
_LANGUAGE_OF: dict[str, set[str]] = {}
for _language, _words in _SMALL_WORDS.items():
    for _word in _words.split():
        _LANGUAGE_OF.setdefault(_word, set()).add(_language)


def language_of(title: str, text: str, given: str | None = None) -> str:
    """`zh`, `en`, another ISO 639-1 code, or `und`. What the words show outweighs what the source claims."""
    sample = f"{title}\n{text}"[:SAMPLE]
    claimed = _tidy(given)
    han = sum(map(is_cjk, sample))
    kana = sum("\u3040" <= c <= "\u30ff" for c in sample)
    hangul = sum("\uac00" <= c <= "\ud7a3" for c in sample)
    words = _WORD.findall(sample.lower())
    if kana and kana * 4 > han:
        return "ja"
    if hangul > han and hangul > 1:
        return "ko"
    latin = sum(1 for w in words if not is_cjk(w[0]))
    if han >= 2 and han * 2 >= latin:  # a word of Chinese is two characters
        return "zh"
    return _by_small_words(words, claimed)


def _tidy(given: str | None) -> str | None:
    """`zh` for zh-CN, zh_Hant, cn and the like; None where the claim says nothing."""
    code = re.split(r"[-_]", (given or "").strip().lower())[0]
    code = _NAMES.get(code, code)
    return code if re.fullmatch(r"[a-z]{2}", code) else None


def _by_small_words(words: list[str], claimed: str | None) -> str:
    votes: dict[str, int] = {}
    for word in words:
        for language in _LANGUAGE_OF.get(word, ()):
            votes[language] = votes.get(language, 0) + 1
    best = max(votes, key=lambda language: (votes[language], language == claimed, language == "en"), default=None)
    if best and (votes[best] >= 2 or best == claimed):
        return best
    if claimed and claimed != "zh":
        return claimed
    return best or ("en" if len(words) >= 3 and all(w.isascii() for w in words) else "und")

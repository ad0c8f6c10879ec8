"""Products and models of a text: known names with the version behind them, and new names by their shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.lexicon import Lexicon, Mention, Scan, is_likeness
from pipeline.records import ProductTag
from pipeline.text import fold, is_cjk
from pipeline.version import parse

_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[-_.·‑][A-Za-z0-9]+)*\+*")
_VERSION = re.compile(
    r"[vV]?\d{1,2}(?:\.\d{1,3}){0,2}[a-z]?|[A-Za-z]{1,2}\d{1,2}(?:\.\d{1,2})?\+?|0\d{3}|2[4-6]\d{2}|R\+"
)
_SIZE = re.compile(r"[AaEe]?\d+(?:\.\d+)?[BbMT]|\d+x\d+(?:\.\d+)?[Bb]")
_COUNTED = re.compile(
    r"\s?(?:月|年|日|亿|万|个|款|项|种|名|倍|次|天|小时|分|条|位|家|大|轮|%|％|[Kk]\b|times"
    r"|million|billion|x\b|hours|days|months|years|users|new|different|of\b)"
)
_HARDWARE = re.compile(
    r"(?:RTX|GTX|GB|MI|TPU|NVL|DDR|HBM|PCIe|SM|CVE|ISO|RFC|[HABLVTP])-?\d{2,}[A-Za-z]*|v\d.*"
    r"|[A-Za-z]\d|[A-Z]{1,2}\d{2}",
    re.ASCII,
)
_WEIGHT = {"name": 0, "version": 5, "shape": -15, "weak": -30, "series": -20, "likeness": -55, "maker": -25}
_NO_NAME_ENDS = frozenset({"AI", "Transformer", "Labs", "Lab", "Team"})
"""The last part of a hyphened word that names a team or a kind of net."""
_MAKERS = re.compile(
    r"\s?(?:的?(?:研究|开发|研发)?团队|的?开发[方者商]|公司|['’]s (?:team|makers?|creators?)|\s?(?:research )?team(?![a-z]))"
)
"""What stands behind a product's name that means the people who made it."""
_SERIES = re.compile(r"\D*?[ -]?[vV]?\d{1,2}(?:\.\d{1,2})?(?=[- ][A-Za-z0-9])")
_PHASE = re.compile(
    r"(?:day|top|tier|level|stage|phase|type|part|week|year|age|under|over|sub|step|pass)[-_]?\d+", re.IGNORECASE
)
"""A count with a word before it: `day-0`, `top-5`."""
_MOST = 60
_LETTERS = 4
"""So few capitals are an abbreviation of anything: a product only where a noun says so."""
_NO_THING = re.compile(r"[A-Z]+_[A-Z_\d]+|.*FLOPS|.*Errors?|.*\.md|eGPUs?|A?L?GPLv?\d|\w+-to-\w+")
"""Constants, units, errors and files."""
_PLURAL = re.compile(r"[A-Z]{2,5}s")


class Found(NamedTuple):
    """A product where it stands in the text."""

    start: int
    end: int
    rule: str
    id: str | None
    company: str | None


def find(scan: Scan, lexicon: Lexicon) -> list[Found]:
    """Every product, known or new, in order of place."""
    tokens = [(m.start(), m.end()) for m in _TOKEN.finditer(scan.text)]
    known = {m.start: m for m in scan.mentions if m.name.kind == "product"}
    makers = {m.start: m for m in scan.mentions if m.name.kind == "company"}
    taken = [(m.start, m.end) for m in scan.mentions]
    found: list[Found] = []
    edge = 0
    for mention in sorted(known.values()):
        if not scan.text[mention.start : mention.end].isascii():
            found.append(_after(scan, lexicon, mention, tokens))
    for place, (start, end) in enumerate(tokens):
        if start < edge:
            continue
        inside = next((known[at] for at in range(start, end) if at in known), None) if known else None
        this: Found | None = None
        if inside:
            this = _known(scan, lexicon, inside, tokens, place)
        elif start in makers:
            this = _of_maker(scan, lexicon, makers[start], tokens, place, known)
        elif not any(s < end and start < e for s, e in taken):
            this = _new(scan, lexicon, tokens, place)
        if this:
            found.append(this)
            edge = this.end
    found.sort()
    return [_in_part(scan, f) for f in found[:_MOST]]


def _in_part(scan: Scan, one: Found) -> Found:
    """A product by the part that its name plays: itself, a likeness, or the name of its makers."""
    if one.id and is_likeness(scan.folded, one.start, one.end):
        return one._replace(rule="likeness")
    return one._replace(rule="maker") if _MAKERS.match(scan.folded, one.end) else one


def tags(scan: Scan, found: list[Found]) -> tuple[ProductTag, ...]:
    """The products as tags, each name once, most relevant first."""
    best: dict[str, ProductTag] = {}
    counts: dict[str, int] = {}
    plain = sorted(found, key=lambda f: f.rule in ("likeness", "maker"))
    for start, end, rule, id_, company in [*plain, *_series(scan, found)]:
        written = scan.text[start:end]
        key = re.sub(r"[^\w.]+|_", "", written.lower())
        counts[key] = counts.get(key, 0) + 1
        if key in best:
            continue
        place = 90 - min(20, start // 4) if start < scan.title_end else 62 - min(30, (start - scan.title_end) // 20)
        named = parse(written)
        best[key] = ProductTag(
            name=written,
            id=id_,
            family=id_ or named.family,
            version=named.version,
            company=company,
            relevance=max(5, min(100, place + _WEIGHT[rule])),
            quote=written,
            rule=rule,
        )
    raised = (
        t.model_copy(update={"relevance": min(100, t.relevance + 3 * min(4, counts[k] - 1))}) for k, t in best.items()
    )
    return tuple(sorted(raised, key=lambda t: -t.relevance))


def _series(scan: Scan, found: list[Found]) -> Iterator[Found]:
    """The series that a known model's longer name belongs to: `Claude 3.5` of `Claude 3.5 Sonnet`."""
    for start, end, rule, id_, company in found:
        match = _SERIES.match(scan.text, start, end) if company and rule in ("name", "version") else None
        if match and parse(match[0]).version:
            yield Found(start, match.end(), "series", id_, company)


def _after(scan: Scan, lexicon: Lexicon, mention: Mention, tokens: list[tuple[int, int]]) -> Found:
    """A known Chinese name with the version behind it: `盘古 5.5`."""
    end = mention.end
    start_of_tail = end + 1 if scan.text[end : end + 1] in (" ", "-") else end
    place = next((i for i, t in enumerate(tokens) if t[0] == start_of_tail), None)
    if place is not None and _is_tail(scan, lexicon, *tokens[place]):
        end = _tail(scan, lexicon, tokens, place, tokens[place][1])
    return Found(mention.start, end, "version" if end > mention.end else "name", mention.name.id, mention.name.company)


def _known(scan: Scan, lexicon: Lexicon, mention: Mention, tokens: list[tuple[int, int]], place: int) -> Found | None:
    """A known name, grown to the whole hyphened word and the version and variant words that follow."""
    start, end = _left(scan, tokens[place][0], mention.start), mention.end
    last = place
    while last + 1 < len(tokens) and tokens[last + 1][0] < end:
        last += 1
    if tokens[last][1] > end:
        end = _trimmed(scan, lexicon, end, tokens[last][1])
    if end >= tokens[last][1]:
        end = _tail(scan, lexicon, tokens, last, end)
    if start < mention.start and mention.name.ordinary:
        return Found(start, end, "shape", None, None)
    rule = "version" if (start, end) != (mention.start, mention.end) else "name"
    return Found(start, end, rule, mention.name.id, mention.name.company)


def _left(scan: Scan, start: int, known: int) -> int:
    """Where a hyphened word's name starts: `Fun-CosyVoice` as a whole, but `llama-3` alone of `near-llama-3`."""
    before = scan.text[start:known]
    return start if before[:1].isupper() or before[:1].isdigit() else known


def _of_maker(
    scan: Scan, lexicon: Lexicon, maker: Mention, tokens: list[tuple[int, int]], place: int, known: dict[int, Mention]
) -> Found | None:
    """A company's name with a model's version or variant behind it: `Mistral Medium 3`, `MiniMax-M2.7`."""
    last = place
    while last + 1 < len(tokens) and tokens[last + 1][0] < maker.end:
        last += 1
    end = maker.end
    if tokens[last][1] > end:
        end = _trimmed(scan, lexicon, end, tokens[last][1])
        if end == maker.end:
            return None
    elif last + 1 < len(tokens) and tokens[last + 1][0] in known:
        return None
    end = _tail(scan, lexicon, tokens, last, end)
    return Found(maker.start, end, "version", None, maker.name.company) if end > maker.end else None


def _new(scan: Scan, lexicon: Lexicon, tokens: list[tuple[int, int]], place: int) -> Found | None:
    """A name that the knowledge base does not hold, by its shape and what stands beside it."""
    start, end = tokens[place]
    word = scan.text[start:end]
    if (
        word in lexicon.not_names
        or word.upper() in lexicon.not_names
        or not word[0].isalpha()
        or _HARDWARE.fullmatch(word)
        or _PLURAL.fullmatch(word)
        or _NO_THING.fullmatch(word)
        or scan.text[start - 1 : start] == "@"
        or _is_noun(scan, start, end)
    ):
        return None
    end = _trimmed(scan, lexicon, start + len(re.split("[-_‑]", word)[0]), end)
    word = scan.text[start:end]
    grown = _tail(scan, lexicon, tokens, place, end) if end == tokens[place][1] else end
    shape = _shape(word, grown > end, lexicon)
    if shape == "none" or word in lexicon.not_names or (shape == "plain" and fold(word) in lexicon.variants):
        return None
    beside = _beside_model(scan, start, grown)
    if shape == "plain":
        if _acts(scan, grown) or (word.isupper() and len(word) <= _LETTERS and not _before_noun(scan, grown)):
            return None
        if (
            not beside
            or not _is_set_off(scan, start, grown)
            or (grown > end and _SIZE.fullmatch(scan.text[end + 1 : grown]))
        ):
            return None
        grown = max(grown, _phrase(scan, tokens, place))
    return Found(start, grown, "shape" if beside or shape == "strong" else "weak", None, None)


def _acts(scan: Scan, end: int) -> bool:
    """Whether a release verb stands right behind a plain word, so that it names who releases, not what."""
    return any(c.group in ("release", "open_source") and 0 <= c.start - end <= 1 for c in scan.cues)


def _before_noun(scan: Scan, end: int) -> bool:
    """Whether a word for a model or a product stands right behind."""
    return any(c.group in ("model", "product") and 0 <= c.start - end <= 1 for c in scan.cues)


def _is_noun(scan: Scan, start: int, end: int) -> bool:
    """Whether a word is a common noun of the taxonomy: `Agent`, `Plan`, `Studio`."""
    return any(c.start == start and c.end == end and ":" not in c.group and c.group != "commentary" for c in scan.cues)


def _is_set_off(scan: Scan, start: int, end: int) -> bool:
    """Whether a plain capitalised word stands out as a name: in Chinese text, or right behind an English release verb."""
    if scan.text[end : end + 2] in ("'s", "’s"):
        return False
    around = scan.text[max(0, start - 2) : start] + scan.text[end : end + 2]
    return any(is_cjk(c) for c in around) or any(c.group == "release" and start - c.end == 1 for c in scan.cues)


def _phrase(scan: Scan, tokens: list[tuple[int, int]], place: int) -> int:
    """Where a name of several capitalised words ends: `Custom Agents`, `Personal Computer`."""
    end = tokens[place][1]
    for start, stop in tokens[place + 1 : place + 3]:
        if start != end + 1 or scan.text[end] != " " or not scan.text[start].isupper():
            break
        end = stop
    return end


def _shape(word: str, grown: bool, lexicon: Lexicon) -> str:
    """How much a word looks like a model's name: `strong`, `weak`, `plain` (needs a model beside it) or `none`."""
    letters = sum(c.isalpha() for c in word)
    parts = re.split("[-_‑]", word)
    if len(parts) > 1 and (parts[-1] in _NO_NAME_ENDS or parts[-1].lower().endswith(("lab", "labs"))):
        return "none"
    if _PHASE.fullmatch(word):
        return "none"
    if any(c.isdigit() for c in word):
        return "strong" if (letters >= 3 and not word.islower()) or (letters >= 3 and len(parts) > 1) else "none"
    if len(parts) > 1:
        if any(p.lower() in lexicon.variants for p in parts[1:]) and word[0].isupper():
            return "strong"
        return (
            "weak"
            if all(p[:1].isupper() for p in parts) and any(not p.isalpha() or p.isupper() for p in parts)
            else "none"
        )
    if any(c.isupper() for c in word[1:]) and any(c.islower() for c in word):
        return "strong" if grown else "weak"
    if word[0].isupper() and letters >= 3:
        return "plain"
    return "none"


def _beside_model(scan: Scan, start: int, end: int) -> bool:
    """Whether a release verb or a word for a model stands right before or behind."""
    for cue in scan.cues:
        if cue.group in ("release", "open_source", "model") and (
            (0 <= start - cue.end <= 1) or (0 <= cue.start - end <= 1)
        ):
            return True
    return False


def _tail(scan: Scan, lexicon: Lexicon, tokens: list[tuple[int, int]], place: int, end: int) -> int:
    """Where a name ends once version, size and variant words behind it are taken in."""
    for start, stop in tokens[place + 1 :]:
        if start != end + 1 or scan.text[end] not in " -‑" or not _is_tail(scan, lexicon, start, stop):
            break
        end = stop
    return end


def _is_tail(scan: Scan, lexicon: Lexicon, start: int, end: int) -> bool:
    word = scan.text[start:end]
    if _VERSION.fullmatch(word) and not (word[0].isalpha() and word[0].islower() and word[0] != "v"):
        return not (word.isdigit() and ((int(word) > 30 and len(word) < 4) or _COUNTED.match(scan.text, end)))
    if _SIZE.fullmatch(word):
        return True
    return all(_is_piece(p, lexicon) for p in re.split("[-_‑]", word))


def _is_piece(word: str, lexicon: Lexicon) -> bool:
    if word.lower() in lexicon.variants:
        return not word.islower() or word in lexicon.small_variants
    return bool(_SIZE.fullmatch(word) or _VERSION.fullmatch(word))


def _trimmed(scan: Scan, lexicon: Lexicon, kept: int, end: int) -> int:
    """A hyphened word's end without what is no part of the name: `GPT-4` of `GPT-4-level`."""
    while end > kept:
        cut = max(scan.text.rfind(mark, kept, end) for mark in "-_‑")
        if cut < 0 or scan.text[cut + 1 : end].lower() not in lexicon.tails:
            break
        end = cut
    return end

"""Numbers with multiplier and unit, in Chinese and English: `两百万字`, `128K tokens`, `$2.5`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.records import Qualifier

_MULTIPLES = {
    **{"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "bn": 1e9, "mn": 1e6},
    **{"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12},
    **{
        "千": 1e3,
        "万": 1e4,
        "十万": 1e5,
        "百万": 1e6,
        "千万": 1e7,
        "亿": 1e8,
        "十亿": 1e9,
        "百亿": 1e10,
        "千亿": 1e11,
        "万亿": 1e12,
    },
}
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_STEPS = {"十": 10, "百": 100, "千": 1000}
_QUALIFIERS: dict[str, Qualifier] = {
    **dict.fromkeys(
        (
            "约",
            "大约",
            "约为",
            "近",
            "将近",
            "接近",
            "左右",
            "上下",
            "about",
            "around",
            "approximately",
            "roughly",
            "nearly",
        ),
        "about",
    ),
    **dict.fromkeys(("almost", "~", "≈", "some", "an estimated", "几乎"), "about"),
    **dict.fromkeys(
        ("超", "超过", "逾", "突破", "多于", "大于", "more than", "over", "exceeding", ">", "多", "余", "+", "高于"),
        "more_than",
    ),
    **dict.fromkeys(("至少", "不少于", "不低于", "最低", "at least", "from", "以上", "≥", "起"), "at_least"),
    **dict.fromkeys(
        (
            "高达",
            "最高",
            "最多",
            "最长",
            "最大",
            "多达",
            "长达",
            "至多",
            "up to",
            "as many as",
            "as much as",
            "maximum",
            "≤",
            "以内",
        ),
        "up_to",
    ),
    **dict.fromkeys(("不到", "不足", "低于", "少于", "less than", "under", "below", "fewer than", "<"), "less_than"),
}
_BEFORE = "|".join(
    re.escape(w)
    for w in sorted(_QUALIFIERS, key=len, reverse=True)
    if w not in ("左右", "上下", "多", "余", "+", "以上", "起", "以内")
)
_QUANTITY = re.compile(
    rf"(?P<before>(?:{_BEFORE})(?:可达|达到|达|到|至|支持|可处理|为|有|相当于|a|an)?\s*)?"
    r"(?P<currency>us\$|hk\$|\$|¥|￥|€|usd\s?|rmb\s?)?"
    r"(?<![\d.a-z_])(?<!\d/)(?<!\dx-)(?<!\dx)(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
    r"|(?<![一二两三四五六七八九十百千])[一二两三四五六七八九十百千]{1,9}(?=个?(?:万|亿|分钟|倍|字|小时))|(?<![一-鿿])(?=[百千万]万"
    r"|[十百千]亿|万亿))"
    r"(?:\s?(?P<first>billion|million|trillion|thousand|[kmbt万亿])?\s?(?:-|–|~|至|到|to)\s?(?P<upper>\d+(?:\.\d+)?))?"
    r"(?:[^\S\n]?-?(?P<multiple>万亿|千亿|百亿|十亿|千万|百万|十万|亿|万|千|billion|million|trillion"
    r"|thousand|bn(?![a-z])|mn(?![a-z])|[kmbt](?![a-z0-9]))(?:\s?\(\d+(?:\.\d+)?[bmt]\))?)?"
    r"(?P<more>\s?(?:多(?=\s?[个张款项家名人字万亿倍帧秒参美元])|余|\+|以上|左右))?"
    r"(?:[^\S\n]?-?(?:个|的)?[^\S\n]?(?P<unit>(?:激活|活跃|总|active|activated|total"
    r"|trainable)?[\s-]?(?:参数|parameters?|params?)"
    r"|(?:训练)?\s?tokens?|词元|汉字|字符|字(?!节)|characters?|chinese characters|words"
    r"|帧/秒|帧每秒|帧|fps|frames?|倍|x(?![a-z0-9])|times|%|％|percent|秒|分半钟|分钟|小时"
    r"|seconds?|secs?|minutes?|mins?|hours?|s(?![a-z])|min(?![a-z])"
    r"|美元|美金|港元|港币|人民币|欧元|元|dollars|yuan|用户|人(?=使用|次|注册)|users"
    r"|monthly active users|downloads|次下载|积分|分(?![钟之享析别])|points|elo))?",
    re.IGNORECASE,
)


_FROM = re.compile(r"(?:从|由|from)\s?(?:约|大约|about|roughly|around)?\s?$")
"""What stands before what held until now: `from 200,000 to 2 million`."""
_UP_TO = re.compile(
    r"\s?(?:提升|提高|扩展|扩大|拓展|增加|增长|扩充|上升|升|跃升|up|increased|expanded|raised)?(?:到|至|了?到了?|\s?to\s?)约?\s?"
)
_WORD_BEFORE = re.compile(r"([a-z]+)\s$")
_PREPOSITIONS = frozenset(
    {"of", "from", "the", "to", "with", "between", "at", "in", "and", "are", "has", "have", "range"}
)


class Quantity(NamedTuple):
    """A number as the text gives it. Offsets hold in the text and in its fold."""

    start: int
    """Where its words start, `约` and the like included."""
    at: int
    """Where the number itself starts."""
    end: int
    value: float
    upper: float | None
    """The end of a range, where one is given."""
    multiple: str
    """The multiplier as written: `万`, `b`, or nothing."""
    unit: str
    currency: str
    qualifier: Qualifier


def find(folded: str) -> Iterator[Quantity]:
    """Every number of a folded text that could be a quantity, in order of place."""
    held: Quantity | None = None
    for match in _QUANTITY.finditer(folded):
        number = _value(match["number"])
        if number is None or _is_vague(match, folded) or _ends_name(match, folded):
            continue
        for one in _read(match, number, folded):
            if held and not held.unit and _UP_TO.fullmatch(folded, held.end, one.at) and one.unit:
                yield held._replace(unit=one.unit)
            elif held:
                yield held
            held = None
            if one.unit and (match["before"] or "").strip() == "from" and _UP_TO.match(folded, one.end):
                yield one._replace(start=one.at, qualifier="exact")
            elif not one.unit and _FROM.search(folded, max(0, one.at - 12), one.at):
                held = one._replace(start=one.at, qualifier="exact")
            else:
                yield one
    if held:
        yield held


def _read(match: re.Match[str], number: float, folded: str) -> Iterator[Quantity]:
    """The quantity of a match, or both ends of a change: `from 32K to 128K tokens`."""
    multiple = (match["multiple"] or "").lower()
    factor = _MULTIPLES.get(multiple, 1.0)
    own = (match["first"] or "").lower()
    upper = float(match["upper"]) if match["upper"] else None
    scale = _MULTIPLES[own] if own else 1.0 if upper is not None and number > upper else factor
    start = match.start("currency") if match["currency"] else match.start("number")
    one = Quantity(
        match.start(),
        start,
        match.end(),
        number * scale,
        upper * factor if upper is not None else None,
        multiple,
        (match["unit"] or "").strip(" -").lower(),
        (match["currency"] or "").strip().lower(),
        _qualifier(match, folded),
    )
    if upper is None or not _FROM.search(folded, max(0, match.start("number") - 12), match.start("number")):
        yield one
        return
    end = match.end("first") if own else match.end("number")
    yield one._replace(start=start, end=end, upper=None, multiple=own or multiple, qualifier="exact")
    there = match.start("upper")
    yield one._replace(start=there, at=there, value=upper * factor, upper=None, qualifier="exact")


def _is_vague(match: re.Match[str], folded: str) -> bool:
    """Whether a multiplier stands without a number: `数千万元` is no ten million."""
    at = match.start("number")
    return match["number"][:1] in "十百千万" and folded[at - 1 : at] in ("数", "几", "上", "成", "亿")


def _ends_name(match: re.Match[str], folded: str) -> bool:
    """Whether what looks like a range is the end of a model's name: `Llama 2-70B`."""
    if not match["upper"] or f"{match['number']}-{match['upper']}" not in match[0]:
        return False
    word = _WORD_BEFORE.search(folded, max(0, match.start("number") - 16), match.start("number"))
    return bool(word and match["multiple"] in ("b", "m") and word[1] not in _PREPOSITIONS)


def _qualifier(match: re.Match[str], folded: str) -> Qualifier:
    before = (match["before"] or "").strip()
    for suffix in ("", "可达", "达到", "达", "到", "至", "支持", "可处理", "为", "有", "相当于", " a", " an"):
        if before.removesuffix(suffix).strip() in _QUALIFIERS:
            return _QUALIFIERS[before.removesuffix(suffix).strip()]
    more = (match["more"] or "").strip()
    after = folded[match.end() : match.end() + 2]
    for word in (more, after, after[:1] if after[:1] in "起" else ""):
        if word in _QUALIFIERS:
            return _QUALIFIERS[word]
    return "exact"


def _value(number: str) -> float | None:
    if not number:
        return 1.0
    if number[0].isdigit() and number.isascii():
        return float(number.replace(",", "")) if len(number) < 20 else None
    total = part = 0
    for character in number:
        if character in _STEPS:
            total += (part or 1) * _STEPS[character]
            part = 0
        elif character in _DIGITS:
            part = _DIGITS[character]
        else:
            return None
    return float(total + part)

"""Numbers for people: a stored figure shown in Chinese or English, and the numbers that a text holds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.records import Fact

_LARGE_ZH = ((1e12, "万亿"), (1e8, "亿"), (1e4, "万"))
_LARGE_EN = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"))
_QUALIFIERS: Mapping[str, tuple[str, str]] = {
    "about": ("约", "about "),
    "at_least": ("至少", "at least "),
    "up_to": ("最高", "up to "),
    "more_than": ("超过", "more than "),
    "less_than": ("不足", "less than "),
}
_UNITS: Mapping[str, tuple[str, str]] = {
    "characters": ("{}字", "{} Chinese characters"),
    "tokens": ("{} tokens", "{} tokens"),
    "parameters": ("{}参数", "{} parameters"),
    "CNY_per_mtok": ("{}元/百万tokens", "CNY {} per million tokens"),
    "USD_per_mtok": ("${}/百万tokens", "${} per million tokens"),
    "CNY": ("{}元", "CNY {}"),
    "USD": ("{}美元", "${}"),
    "HKD": ("{}港元", "HKD {}"),
    "px": ("{}", "{}"),
    "frames": ("{}帧", "{} frames"),
    "fps": ("{}帧/秒", "{} frames a second"),
    "percent": ("{}%", "{}%"),
    "points": ("{}分", "{} points"),
    "elo": ("{} Elo", "{} Elo"),
    "times": ("{}倍", "{} times"),
    "units": ("{}", "{}"),
    "token_per_s": ("{} tokens/秒", "{} tokens a second"),
    "users": ("{}用户", "{} users"),
    "stages": ("{}个阶段", "{} stages"),
}


def show(fact: Fact, language: str) -> str:
    """A fact's figure for people: `200万字`, `2 million Chinese characters`; with its qualifier."""
    figure = show_value(fact.value, fact.unit, language)
    return _QUALIFIERS.get(fact.qualifier, ("", ""))[language != "zh"] + figure


def show_value(value: float | int | str, unit: str, language: str) -> str:
    """A value with its unit, for people. Words stay as they are."""
    if isinstance(value, str):
        return re.sub(r"(?<=\d)\s*[*xX]\s*(?=[\dA-Z])", "×", value.strip())
    if unit == "s":
        return _duration(value, language)
    return _UNITS.get(unit, ("{}", "{}"))[language != "zh"].format(show_number(value, language))


def show_number(value: float | int, language: str) -> str:
    """A number with its large unit where that keeps it exact: `3140亿`, `314 billion`; else with its digits."""
    for size, word in _LARGE_ZH if language == "zh" else _LARGE_EN:
        if abs(value) >= size:
            digits = plain(value / size).replace(",", "")
            if len(digits.replace(".", "").replace("-", "")) <= 4:
                return digits + word
    return plain(value)


def plain(value: float | int) -> str:
    """Digits as few as hold the number: `0.25`, `131,072`."""
    shown = f"{value:,.6f}".rstrip("0").rstrip(".")
    return shown if shown not in ("", "-0") else "0"


def _duration(seconds: float | int, language: str) -> str:
    for size, zh, en in ((3600, "小时", "hour"), (60, "分钟", "minute")):
        if seconds >= size and seconds % size == 0:
            count = plain(seconds / size)
            return f"{count}{zh}" if language == "zh" else f"{count} {en}{'' if count == '1' else 's'}"
    count = plain(seconds)
    return f"{count}秒" if language == "zh" else f"{count} second{'' if count == '1' else 's'}"


# ---- reading --------------------------------------------------------------------------------------------------------

_MULTIPLES: Mapping[str, float] = {
    "万亿": 1e12, "亿": 1e8, "千万": 1e7, "百万": 1e6, "万": 1e4, "千": 1e3, "百": 1e2,
    "trillion": 1e12, "billion": 1e9, "million": 1e6, "thousand": 1e3, "t": 1e12, "bn": 1e9, "b": 1e9, "m": 1e6, "k": 1e3,
}  # fmt: skip
_NUMBER = re.compile(
    r"(?<![\d.])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(\s?(?:万亿|千万|百万|亿|万|千|百)|\s?(?:trillion|billion|million|thousand)\b|(?:[TBMKtbmk]|bn)(?![A-Za-z]))?"
)


def numbers(text: str) -> list[tuple[str, frozenset[float]]]:
    """Every number written in digits, with the values it may stand for: `200万` is 2000000 (and 200 before its 万)."""
    found = []
    for match in _NUMBER.finditer(text):
        value = float(match[1].replace(",", ""))
        unit = (match[2] or "").strip()
        multiple = _MULTIPLES.get(unit) or _MULTIPLES.get(unit.lower(), 1.0)
        found.append((match[0].strip(), frozenset({value * multiple})))
    return found


def values(text: str) -> set[float]:
    """Every value that a stored text supports: with its large unit, and the bare digits too."""
    held: set[float] = set()
    for match in _NUMBER.finditer(text):
        value = float(match[1].replace(",", ""))
        unit = (match[2] or "").strip()
        held |= {value, value * (_MULTIPLES.get(unit) or _MULTIPLES.get(unit.lower(), 1.0))}
    return held


def spoken(text: str) -> set[float]:
    """Values that words stand for: digits, minutes and hours as seconds, and the small numerals of Chinese."""
    held = set(values(text))
    for match in re.finditer(r"(\d+(?:\.\d+)?)[\s-]*(分钟|分|小时|minutes?|mins?|hours?)", text, re.IGNORECASE):
        held.add(float(match[1]) * (3600 if match[2][0] in "小hH" else 60))
    for numeral, value in zip("一二两三四五六七八九十", (1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True):
        if numeral in text:
            held |= {float(value), value * 60.0, value * 3600.0, value * 1e4, value * 1e6, value * 1e8}
    for bare, size in (("千亿", 1e11), ("百亿", 1e10), ("十亿", 1e9), ("万亿", 1e12), ("千万", 1e7), ("百万", 1e6)):
        if bare in text:
            held.add(size)
    words = "one two three four five six seven eight nine ten".split()  # noqa: SIM905
    folded = text.lower()
    held |= {float(n) for n, word in enumerate(words, 1) if re.search(rf"\b{word}\b", folded)}
    sized = re.finditer(rf"\b({'|'.join(words)})[\s-](thousand|million|billion|trillion)\b", folded)
    held |= {(words.index(m[1]) + 1) * _MULTIPLES[m[2]] for m in sized}
    return held | ({0.5, 50.0} if "半" in text or "half" in folded else set())

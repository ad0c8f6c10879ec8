"""When a figure held: the day that a text gives for it, and the launch that a text looks back on."""

from __future__ import annotations

import re
from datetime import date

from pipeline.facts import months

_AS_OF = re.compile(
    r"(?:截至|截止|as of|by the end of)\s?(?:到)?\s?(?P<y>20\d\d)\s?[年-]\s?(?:(?P<m>1[0-2]"
    r"|0?[1-9])\s?[月-]\s?(?:(?P<d>3[01]|[12]\d|0?[1-9])\s?日?)?)?"
)


_HAN_MONTHS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_THEN = re.compile(
    r"(?=20\d\d\s?年|[去前今]年|[\d一二三四五六七八九十]{1,2}\s?月)(?P<y>20\d\d\s?年|去年|前年|今年)?\s?(?:(?P<m>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s?月份?)?(?:\d+\s?[日号])?"
    r"[^。;；,，\n]{0,8}?(?:发布|推出|上线|面世|问世|首发|亮相|开放|上市)(?:时|之初|之际|当时|那时)"
    r"|(?:when|at|since|as)\s[^.;\n]{0,40}?(?:launch|debut|releas|introduc|start|unveil)\w*\s?(?:last|in|back in)\s"
    rf"(?P<em>{months.PATTERN})?\s?(?:of\s)?(?P<ey>20\d\d)?"
)
"""When something came out, in a text that looks back on it: `去年10月推出时`."""
_NOW = re.compile(
    r"此次|本次|这次|如今|现在|目前|今天|今日|眼下|而今|现已|升至|提升到|提升至|提高到|扩展到|(?<![a-z])(?:now|today|this time)(?![a-z])"
)


def as_of(sentence: str) -> str | None:
    """The year, month or day that a sentence gives for its figures."""
    match = _AS_OF.search(sentence)
    if not match:
        return None
    parts = [match["y"], *(f"{int(p):02d}" for p in (match["m"], match["d"]) if p)]
    return "-".join(parts)


def held_then(folded: str, place: int, low: int, high: int, today: date) -> str | None:
    """The earlier year or month for which a sentence gives the figure at a place: `去年10月推出时支持…`."""
    for match in _THEN.finditer(folded, low, high):
        if place < match.start() and not match[0].isascii():
            continue
        if _NOW.search(folded, min(place, match.start()), max(place, match.end())):
            continue
        then = _month(match, today)
        if then and then < f"{today:%Y-%m}"[: len(then)]:
            return then
    return None


def _month(match: re.Match[str], today: date) -> str | None:
    """The year or month that a look back names, reckoned from the document's day."""
    said = (match["y"] or match["ey"] or "").rstrip(" 年")
    back = {"去": 1, "前": 2, "今": 0}
    year = int(said) if said.isdigit() else today.year - back[said] if said in back else None
    written = match["m"] or match["em"]
    if not written:
        return str(year) if year else None
    month = (
        int(written)
        if written.isdigit()
        else _HAN_MONTHS.index(written) + 1
        if written in _HAN_MONTHS
        else months.month_of(written)
    )
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    return f"{year:04d}-{month:02d}"

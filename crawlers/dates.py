"""Dates as sources write them, to aware UTC with a precision. What cannot be read stays unknown; nothing is guessed."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

Precision = Literal["time", "day", "unknown"]
Moment = tuple[datetime | None, Precision]
UNKNOWN: Moment = (None, "unknown")

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio janeiro",
            "feb february februar fevrier febrero febbraio fevereiro",
            "mar march marz maerz mars marzo marco mrz",
            "apr april avril abril aprile",
            "may mai mayo maggio maio",
            "jun june juni juin junio giugno junho",
            "jul july juli juillet julio luglio julho",
            "aug august aout agosto",
            "sep sept september septembre septiembre settembre setembro",
            "oct october oktober octobre octubre ottobre outubro okt",
            "nov november novembre noviembre novembro",
            "dec december dezember decembre diciembre dicembre dezembro dez",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONES = {
    **dict.fromkeys(("ut", "utc", "gmt", "z", "wet"), 0),
    **dict.fromkeys(("bst", "cet", "met"), 60),
    **dict.fromkeys(("cest", "eet"), 120),
    **dict.fromkeys(("eest", "msk"), 180),
    **dict.fromkeys(("hkt", "sgt"), 480),
    **dict.fromkeys(("jst", "kst"), 540),
    **dict.fromkeys(("edt",), -240),
    **dict.fromkeys(("est", "cdt", "et"), -300),
    **dict.fromkeys(("mdt",), -360),
    **dict.fromkeys(("mst", "pdt"), -420),
    **dict.fromkeys(("pst", "pt"), -480),
}
"""Minutes from UTC. CST is not here: it is China's or Chicago's, and the source's zone decides."""
_CENTRAL = timezone(timedelta(hours=-6))

_TIME = (
    r"(?P<hour>\d{1,2})[:时](?P<minute>\d{2})分?(?::?(?P<second>\d{2})秒?(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[ap]\.?m\.?))?"
)
_ZONE = r"(?P<zone>Z|[+-]\d{1,2}:?\d{2}|(?:GMT|UTC)\s*[+-]\s*\d{1,2}(?::?\d{2})?|[+-]\d{1,2}|[A-Za-z]{1,5}(?![A-Za-z]))"
_TAIL = rf"(?:(?:\s*T\s*|[\s,]+(?:(?:at|um|à)\s+)?|\s*){_TIME}\s*(?:{_ZONE})?)?"
_ISO = re.compile(
    rf"(?<!\d)(?P<year>\d{{4}})[-/.年](?P<month>\d{{1,2}})[-/.月](?P<day>\d{{1,2}})(?:日|(?!\d)){_TAIL}", re.I
)
_COMPACT = re.compile(
    r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?$"
)
_DAY_FIRST = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s-]+(?:de\s+)?(?P<name>[a-z]{{3,10}})\.?,?[\s-]+(?:de\s+)?(?P<year>\d{{4}}|\d{{2}}(?=\s+\d{{1,2}}:)){_TAIL}",
    re.I,
)
_MONTH_FIRST = re.compile(
    rf"(?<![a-z])(?P<name>[a-z]{{3,10}})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?!\d)(?:,)?{_TAIL}",
    re.I,
)
_ASCTIME = re.compile(
    rf"(?P<name>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+(?:(?P<zone>[A-Z]{{2,5}})\s+)?(?P<year>\d{{4}})", re.I
)
_EPOCH = re.compile(r"^\d{10}(\d{3})?(\.\d+)?$")


def read_date(text: str, zone: tzinfo = UTC, now: datetime | None = None) -> Moment:
    """The moment that a text names, and whether it names a time or a day alone. A day counts from its start in `zone`.

    `zone` also holds for times without one. Relative forms (`3小时前`, `2 days ago`) are read where `now` is given.
    """
    text = _plain(text)
    if not text or len(text) > 200:
        return UNKNOWN
    if _EPOCH.match(text):
        return from_number(float(text))
    for pattern in (_COMPACT, _ISO, _ASCTIME, _DAY_FIRST, _MONTH_FIRST):
        if match := pattern.search(text):
            return _moment(match.groupdict(), zone)
    return _ago(text, zone, now) if now else UNKNOWN


def from_number(value: float) -> Moment:
    """The moment of seconds or milliseconds since 1970; both are told apart by size, from 2001 to 2286."""
    seconds = value / 1000 if value >= 1e11 else value
    if not 1e9 <= seconds < 1e10:
        return UNKNOWN
    return datetime.fromtimestamp(seconds, UTC), "time"


def read_format(text: str, pattern: str, zone: tzinfo = UTC) -> Moment:
    """The moment in a text of a known form (as of `strptime`), found anywhere in it."""
    text = _plain(text)
    for candidate in (text, *_windows(text, pattern)):
        try:
            found = datetime.strptime(candidate, pattern)  # the zone follows
        except ValueError:
            continue
        has_time = any(code in pattern for code in ("%H", "%I", "%c", "%X"))
        aware = found if found.tzinfo else found.replace(tzinfo=zone)
        return _utc(aware), "time" if has_time else "day"
    return UNKNOWN


def _windows(text: str, pattern: str) -> list[str]:
    """Runs of as many words as the pattern has: a date among other words."""
    words, count = text.split(), len(pattern.split())
    return [" ".join(words[i : i + count]) for i in range(max(0, len(words) - count) + 1)][:20]


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name; UTC for none. Raises ZoneInfoNotFoundError for a name that is none."""
    return ZoneInfo(name) if name else UTC


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join(text.split())


def _moment(parts: dict[str, str | None], zone: tzinfo) -> Moment:
    year, month, day = int(parts["year"] or 0), _month(parts), int(parts["day"] or 0)
    if year < 100:
        year += 2000 if year < 70 else 1900
    if month is None:
        return UNKNOWN
    try:
        if not parts.get("hour"):
            return _utc(datetime(year, month, day, tzinfo=zone)), "day"
        return _utc(_at(year, month, day, parts, zone)), "time"
    except (ValueError, OverflowError):
        return UNKNOWN


def _at(year: int, month: int, day: int, parts: dict[str, str | None], zone: tzinfo) -> datetime:
    hour, minute, second = int(parts["hour"] or 0), int(parts["minute"] or 0), int(parts.get("second") or 0)
    half = (parts.get("half") or "").lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    extra = timedelta()
    if hour == 24 and minute == 0:
        hour, extra = 0, timedelta(days=1)
    if second == 60:
        second, extra = 59, extra + timedelta(seconds=1)
    return datetime(year, month, day, hour, minute, second, tzinfo=_zone(parts.get("zone"), zone)) + extra


def _month(parts: dict[str, str | None]) -> int | None:
    if name := parts.get("name"):
        return _MONTHS.get(name.lower()) or _MONTHS.get(name.lower()[:3])
    return int(parts["month"] or 0)


def _zone(name: str | None, otherwise: tzinfo) -> tzinfo:
    if not name:
        return otherwise
    plain = re.sub(r"^(gmt|utc)(?=\s*[+-])|\s", "", name.lower())
    if match := re.fullmatch(r"([+-])(\d{1,2}):?(\d{2})?", plain):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
    if plain == "cst":
        return otherwise if "Asia" in str(otherwise) else _CENTRAL
    return timezone(timedelta(minutes=_ZONES[plain])) if plain in _ZONES else otherwise


def _ago(text: str, zone: tzinfo, now: datetime) -> Moment:
    """Relative forms: minutes and hours keep a time, days are days."""
    lower = text.lower()
    for word, days in (("昨天", 1), ("yesterday", 1), ("前天", 2), ("今天", 0), ("today", 0)):
        if word in lower:
            return _utc(_midnight(now - timedelta(days=days), zone)), "day"
    if "刚刚" in lower or "just now" in lower:
        return _utc(now), "time"
    match = re.search(r"(\d{1,3}|an?|一)\s*个?\s*(分钟|小时|天|minute|min|hour|hr|day)s?\s*(前|ago)", lower)
    if not match:
        return UNKNOWN
    count = int(match[1]) if match[1].isdigit() else 1
    if match[2] in ("天", "day"):
        return _utc(_midnight(now - timedelta(days=count), zone)), "day"
    minutes = count * (60 if match[2] in ("小时", "hour", "hr") else 1)
    return _utc(now - timedelta(minutes=minutes)), "time"


def _midnight(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)

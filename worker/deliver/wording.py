"""An alert's words made safe for a channel: no mention, markup or link that its text smuggles in; and cut to size."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape as html_escape

from pipeline.records import Alert
from pipeline.text import clean

_URL = re.compile(r"https?://[^\s<>\"'，。；、）】」]+")
_RISKY_IN_URL = {character: f"%{ord(character):02X}" for character in "<>\"'()[]@|*_~`\\{}"}
_WIDE = str.maketrans({c: chr(ord(c) + 0xFEE0) for c in "<>[]()*_`~#@|\\{}!"})
_ENTITIES: dict[str, str | int | None] = {c: f"&#{ord(c)};" for c in "*[]()#`_~\\!|$"}
_ENTITIES |= {"<": "&lt;", ">": "&gt;"}


def lines(alert: Alert, *, repeat: bool = False) -> tuple[str, list[str]]:
    """An alert's title on one line, marked where it repeats, and the lines of its body."""
    mark = "[重复 / repeat] " if repeat else ""
    title = mark + " ".join(clean(alert.title).split())
    return title, clean(alert.body).split("\n")


def plain(text: str) -> str:
    """Text as it stands, for channels that take no markup."""
    return text


def wide(text: str) -> str:
    """Characters that could start markup or a mention in full width: for robots whose Markdown knows no escape."""
    return text.translate(_WIDE)


def entities(text: str) -> str:
    """Markup characters as entities (lark_md takes them), `@` in full width, and no entity of the text's own."""
    return re.sub(r"&(?=#?\w+;)", "＆", text).translate(str.maketrans(_ENTITIES)).replace("@", "＠")


def html(text: str) -> str:
    """Text for HTML, `@` in full width: Telegram turns a name behind it into a mention."""
    return html_escape(text, quote=True).replace("@", "＠")


def mrkdwn(text: str) -> str:
    """Text for Slack: its three control characters as entities, so that `<!channel>` is only words."""
    return html_escape(text, quote=False)


def safe(text: str, escape: Callable[[str], str], escape_url: Callable[[str], str] = plain) -> str:
    """Text escaped, its web addresses kept whole but for characters that a channel could take for markup."""
    out, at = [], 0
    for found in _URL.finditer(text):
        out.append(escape(text[at : found.start()]))
        url = "".join(_RISKY_IN_URL.get(character, character) for character in found.group())
        out.append(escape_url(url))
        at = found.end()
    return "".join([*out, escape(text[at:])])


def fit(parts: list[str], most: int, measure: Callable[[str], int], joint: str = "\n") -> str:
    """As many whole parts as fit, the last one (the id) always, with a mark where something was left out."""
    whole = joint.join(parts)
    if measure(whole) <= most:
        return whole
    *body, last = parts
    tail = joint + "…" + joint + last
    kept: list[str] = []
    for part in body:
        if measure(joint.join([*kept, part]) + tail) > most:
            break
        kept.append(part)
    return joint.join(kept) + tail if kept else cut(body[0] if body else "", most - measure(tail), measure) + tail


def cut(text: str, most: int, measure: Callable[[str], int] = len) -> str:
    """The beginning of a text that measures at most so much, never half a character."""
    if measure(text) <= most:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= most else (low, middle - 1)
    return text[:low]


def size(text: str) -> int:
    """Length in bytes of UTF-8."""
    return len(text.encode("utf-8", "replace"))


def units(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le", "replace")) // 2

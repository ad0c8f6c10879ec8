"""Destinations: where a watch tells, as an address that people type, read, checked, and masked where it is shown."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,200}")
_SLACK = re.compile(r"[A-Z0-9]{3,20}/[A-Z0-9]{3,20}/[A-Za-z0-9]{8,64}")
_BOT = re.compile(r"\d{5,20}:[A-Za-z0-9_-]{20,80}")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_CHAT = re.compile(r"-?\d{3,20}|@[A-Za-z][A-Za-z0-9_]{3,31}")


APPRISE = {
    "discord": "https://discord.com/",
    "gchat": "https://chat.googleapis.com/",
    "line": "https://api.line.me/",
    "pbul": "https://api.pushbullet.com/",
    "pover": "https://api.pushover.net/",
    "prowl": "https://api.prowlapp.com/",
    "pushplus": "https://www.pushplus.plus/",
    "schan": "https://sctapi.ftqq.com/",
    "spike": "https://api.spike.sh/",
    "threema": "https://msgapi.threema.ch/",
}
"""Schemes that go through apprise, with the one host that each reaches; those whose address names a host are not among them."""

_WORTH_HIDING = 6
"""Shorter pieces of an address are words, and no secrets."""


class DestinationInvalid(ValueError):
    """An address that no channel of ours understands; says what is wrong and never repeats a secret."""

    def __init__(self, url: str, why: str) -> None:
        self.url, self.why = masked(url), why
        super().__init__(f"{self.url}: {why}")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to tell, understood: the channel and what it needs."""

    channel: str
    address: str = field(repr=False)
    """A URL, a key, a path, a chat or a mail address."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    token: str = field(default="", repr=False)


def destination(url: str) -> Destination:
    """An address understood. Raises DestinationInvalid.

    `webhook+https://host/path#whsec_...,whsec_...`, `wecom://KEY`, `feishu://TOKEN?secret=...`, `lark://TOKEN?secret=...`,
    `dingtalk://TOKEN?secret=...`, `slack://T000/B000/XXXX`, `telegram://BOT:TOKEN/CHAT`, `mailto:who@example.com`.
    """
    scheme = url.partition(":")[0].lower()
    reader = _READERS.get(scheme)
    if reader is None:
        named = repr(scheme) if "://" in url else "what is no address"
        raise DestinationInvalid(url, f"no channel for {named}; known are {', '.join(sorted(_READERS))}")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise DestinationInvalid(url, "spaces, control characters and backslashes do not belong in an address")
    return reader(url)


def masked(url: str) -> str:
    """An address as it may be shown: the channel and who it reaches, never a key, token or secret."""
    scheme, colon, rest = url.partition(":")
    if not colon:
        return "…"
    if scheme.lower().startswith("webhook+"):
        return f"{scheme}://{urlsplit(url).hostname or '…'}/…"
    if scheme.lower() == "mailto":
        name, at, domain = rest.partition("@")
        return f"mailto:{name[:1]}…{at}{domain}"
    return f"{scheme}://…"


def without_secrets(text: str, url: str) -> str:
    """Text in which the other side may have repeated an address of ours, without what only the two of us may know."""
    try:
        found = destination(url)
    except DestinationInvalid:
        return text.replace(url, masked(url))
    whole = (url, found.address, found.token, *found.secrets)
    parts = re.split(r"[/?&=#:,]+", f"{url.partition(':')[2]}/{unquote(url)}") if found.channel != "mailto" else []
    host = urlsplit(found.address).hostname if found.channel == "webhook" else None
    for secret in sorted({*whole, *parts}, key=len, reverse=True):
        if len(secret) >= _WORTH_HIDING and secret != host:
            text = text.replace(secret, "…")
    return text


def webhook_key(secret: str) -> bytes:
    """The bytes of a `whsec_` secret. Raises ValueError for what is not base64 of 24 to 64 bytes."""
    try:
        found = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is whsec_ and base64") from error
    if not 24 <= len(found) <= 64:
        raise ValueError("a webhook secret has 24 to 64 bytes")
    return found


# ---- reading addresses ----------------------------------------------------------------------------------------------


def _webhook(url: str) -> Destination:
    address, _, fragment = url.partition("#")
    secrets = tuple(secret for secret in fragment.split(",") if secret)
    for secret in secrets:
        try:
            webhook_key(secret)
        except ValueError as error:
            raise DestinationInvalid(url, str(error)) from None
    plain = address.partition("+")[2]
    if not urlsplit(plain).hostname:
        raise DestinationInvalid(url, "it names no host")
    return Destination(channel="webhook", address=plain, secrets=secrets)


def _robot(url: str) -> Destination:
    parts = urlsplit(url)
    token = url.partition("://")[2].partition("?")[0].strip("/")
    if not _TOKEN.fullmatch(token):
        raise DestinationInvalid(url, "the key or token of the robot's address belongs behind //")
    return Destination(channel=parts.scheme, address=token, secrets=tuple(parse_qs(parts.query).get("secret", ())))


def _slack(url: str) -> Destination:
    path = url.partition("://")[2].strip("/")
    if not _SLACK.fullmatch(path):
        raise DestinationInvalid(url, "the three parts of the hook's address belong behind //: T000/B000/XXXX")
    return Destination(channel="slack", address=path)


def _telegram(url: str) -> Destination:
    token, _, chat = unquote(url.partition("://")[2]).partition("/")
    if not _BOT.fullmatch(token) or not _CHAT.fullmatch(chat):
        raise DestinationInvalid(url, "the bot's token and the chat belong behind //: 123456:ABC.../-100123")
    return Destination(channel="telegram", address=chat, token=token)


def _mail(url: str) -> Destination:
    recipient = unquote(url.partition(":")[2])
    if not _MAIL.fullmatch(recipient):
        raise DestinationInvalid(url, "one mail address belongs behind mailto:")
    return Destination(channel="mailto", address=recipient)


def _other(url: str) -> Destination:
    rest = url.partition("://")[2]
    if not re.fullmatch(r"[A-Za-z0-9_~@.+/-]{6,400}", rest):
        raise DestinationInvalid(
            url, "write it as apprise does: tokens behind //, parted by /, and no options behind ?"
        )
    return Destination(channel="apprise", address=url, secrets=tuple(part for part in re.split("[/@]", rest) if part))


_READERS: dict[str, Callable[[str], Destination]] = {
    "webhook+https": _webhook,
    "webhook+http": _webhook,
    "wecom": _robot,
    "feishu": _robot,
    "lark": _robot,
    "dingtalk": _robot,
    "slack": _slack,
    "telegram": _telegram,
    "mailto": _mail,
    **dict.fromkeys(APPRISE, _other),
}

SCHEMES = tuple(_READERS)
"""The beginnings of every address that we understand."""

"""Addresses as strangers write them: joined to their page, or nothing where they are none. Never raises."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

_NONE = SplitResult("", "", "", "", "")


def joined(base: str, link: str) -> str:
    """The web address that a link on a page leads to; empty for a script, a mail address or nonsense."""
    try:
        address = urljoin(base, link.strip())
        parts = urlsplit(address)
        ok = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:
        return ""
    return address if ok else ""


def split(url: str) -> SplitResult:
    """The parts of an address; all empty for one that has no such parts."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return _NONE
    return parts

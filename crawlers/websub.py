"""WebSub: asking a hub to tell of a feed's news at once, and knowing its word from a stranger's. Pure.

A ping only makes the source due: what is new is then fetched and read as ever, and polling goes on as the safety net.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

LEASE_SECONDS = 7 * 24 * 3600
"""Asked for; hubs may grant less. Renew when half of what was granted is over."""
_METHODS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


class NotOurs(Exception):
    """A call to our address that no subscription of ours explains."""


def subscription(topic: str, callback: str, secret: str, *, subscribe: bool = True) -> dict[str, str]:
    """The form to POST to a hub. The callback should be hard to guess, the secret under 200 bytes and used once."""
    return {
        "hub.mode": "subscribe" if subscribe else "unsubscribe",
        "hub.topic": topic,
        "hub.callback": callback,
        "hub.secret": secret,
        "hub.lease_seconds": str(LEASE_SECONDS),
    }


def confirm(query: Mapping[str, str], topic: str, *, subscribe: bool = True) -> tuple[str, int]:
    """What to answer a hub that asks whether we meant it, and the seconds it grants.

    Raises NotOurs for another topic or mode, as an answer to which a subscription must be refused with 404.
    """
    wanted = "subscribe" if subscribe else "unsubscribe"
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") != wanted or query.get("hub.topic") != topic or not challenge:
        raise NotOurs(f"a hub asks about {query.get('hub.topic')!r}, {query.get('hub.mode')!r}")
    granted = query.get("hub.lease_seconds", "")
    return challenge, int(granted) if granted.isdecimal() and len(granted) < 10 else LEASE_SECONDS


def is_signed(body: bytes, header: str, secret: str) -> bool:
    """Whether a ping bears the signature (`X-Hub-Signature: sha256=...`) that only its hub can write."""
    method, _, given = header.strip().partition("=")
    if method.lower() not in _METHODS or not given:
        return False
    expected = hmac.new(secret.encode(), body, _METHODS[method.lower()]).hexdigest()
    return hmac.compare_digest(expected.encode(), given.strip().lower().encode("utf-8", "replace"))

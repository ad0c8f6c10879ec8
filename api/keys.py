"""Who may come in: one admin key, compared by its hash, sent as a bearer token or kept in a strict cookie."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from fastapi import Request

COOKIE = "launchwatch_key"


def admin_key(given: str | None, home: Path) -> str:
    """The installation's key: the one that was set, or one made at the first start and kept in the home, its owner's alone."""
    if given:
        return given
    path = home / "admin.key"
    home.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text("utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        made = "lw_" + secrets.token_urlsafe(32)
        file.write(made + "\n")
    return made


class KeyHolder:
    """Knows the key when it is shown; keeps only its hash."""

    def __init__(self, key: str) -> None:
        self._digest = hashlib.sha256(key.encode()).digest()

    def opens(self, shown: str) -> bool:
        """Whether this is the key."""
        return hmac.compare_digest(hashlib.sha256(shown.encode()).digest(), self._digest)

    def admits(self, request: Request) -> bool:
        """Whether a request shows the key: as a bearer token, or in the cookie that the key's page set."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self.opens(token if scheme.lower() == "bearer" else request.cookies.get(COOKIE, ""))

"""Who may come in: one admin key, compared by its hash, sent as a bearer token or kept in a strict cookie."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from fastapi import HTTPException, Request

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


class NeedsKey(Exception):
    """A page was asked for without the key: its reader is shown where to type it."""


class KeyHolder:
    """Lets a request pass that shows the key; keeps only its hash."""

    def __init__(self, key: str) -> None:
        self._digest = hashlib.sha256(key.encode()).digest()

    def opens(self, shown: str) -> bool:
        """Whether this is the key."""
        return hmac.compare_digest(hashlib.sha256(shown.encode()).digest(), self._digest)

    def api(self, request: Request) -> None:
        """For JSON routes: 401 without the key."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        shown = token if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")
        if not self.opens(shown):
            raise HTTPException(401, "show the key: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})

    def page(self, request: Request) -> None:
        """For pages: the key's own page without it."""
        if not self.opens(request.cookies.get(COOKIE, "")):
            raise NeedsKey

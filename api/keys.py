"""Who may come in and how far: the installation's admin key, and keys of the store with a scope and an owner."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fastapi import Request

from storage import keys
from storage.engine import Store

COOKIE = "launchwatch_key"
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
REMEMBERED_SECONDS = 5.0
"""How long a key that was looked up is taken as still valid."""
SCOPES: tuple[keys.Scope, ...] = ("read", "write", "admin")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ADMIN_UNDER = ("/v1/keys", "/v1/audit", "/admin")
READ_UNDER = ("/mcp", "/leave")
"""Paths where even a POST changes nothing."""


def admin_key(given: str | None, home: Path) -> str:
    """The installation's key: the one that was set, or one made at the first start and kept in the home, its owner's alone."""
    if given:
        return given
    path = home / "admin.key"
    home.mkdir(parents=True, exist_ok=True)
    if not path.exists() or not path.read_text("utf-8").strip():
        _write_whole(path, "lw_" + secrets.token_urlsafe(32) + "\n")
    return path.read_text("utf-8").strip()


def _write_whole(path: Path, text: str) -> None:
    """A file of its owner's alone, there whole or not at all; of two that write it at once, one wins for both."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if path.exists() and not path.read_text("utf-8").strip():
        path.unlink(missing_ok=True)  # cut short by a crash; an empty key would open to everyone
    try:
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    key_id: str
    owner: str
    scope: keys.Scope
    by_cookie: bool = False
    """Whether a browser showed the key by itself, so that another site may be behind the request."""

    def may(self, scope: keys.Scope) -> bool:
        """Whether the caller's scope reaches so far."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    @property
    def sees(self) -> str | None:
        """The owner whose things the caller sees; None for everybody's."""
        return None if self.scope == "admin" else self.owner


def scope_needed(method: str, path: str) -> keys.Scope:
    """How far a key must reach for a request: reading is open to every key, keys and the log are the admin's."""
    if path.startswith(ADMIN_UNDER):
        return "admin"
    return "read" if method in SAFE_METHODS or path.startswith(READ_UNDER) else "write"


class KeyHolder:
    """Knows the keys when they are shown; keeps only their hashes."""

    def __init__(self, key: str, store: Store) -> None:
        self._admin = hashlib.sha256(key.encode()).hexdigest()
        self._store = store
        self._known: dict[str, tuple[float, keys.Key | None]] = {}

    def caller(self, request: Request) -> Caller | None:
        """Who asks: by the bearer token, or by the cookie that the key's page set."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.opens(token)
        return self.opens(request.cookies.get(COOKIE, ""), by_cookie=True)

    def opens(self, shown: str, by_cookie: bool = False) -> Caller | None:
        """Whose key this is; nobody's, when nothing is shown."""
        if not shown:
            return None
        digest = keys.digest_of(shown)
        if hmac.compare_digest(digest, self._admin):
            return Caller("admin", "admin", "admin", by_cookie)
        key = self._looked_up(digest) if shown.startswith(keys.PREFIX) else None
        return Caller(key.id, key.owner, key.scope, by_cookie) if key else None

    def csrf(self, request: Request) -> str:
        """What a page's form must send back; bound to the key that the browser holds."""
        held = request.cookies.get(COOKIE, "")
        return hmac.new(self._admin.encode(), f"csrf:{held}".encode(), "sha256").hexdigest()[:40]

    def is_own_form(self, request: Request, sent: str) -> bool:
        """Whether a page of ours sent a request that the browser's cookie opens."""
        return hmac.compare_digest(sent, self.csrf(request))

    def _looked_up(self, digest: str) -> keys.Key | None:
        held = self._known.get(digest)
        if held and time.monotonic() < held[0]:
            return held[1]
        with self._store.reading() as session:
            found = keys.find(session, digest)
        if len(self._known) > 1_000:
            self._known.clear()
        self._known[digest] = (time.monotonic() + REMEMBERED_SECONDS, found)
        return found


def caller_of(request: Request) -> Caller:
    """Who asks, as the gate found out."""
    found: Caller = request.state.caller
    return found


@dataclass
class Pace:
    """So many requests a minute for each caller, some of them at once."""

    per_minute: float
    at_once: float
    _held: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, who: str) -> float:
        """Seconds until a caller's next request may come; 0 when this one may."""
        now = time.monotonic()
        left, then = self._held.get(who, (self.at_once, now))
        left = min(self.at_once, left + (now - then) * self.per_minute / 60)
        if left < 1:
            self._held[who] = (left, now)
            return (1 - left) * 60 / self.per_minute
        if len(self._held) > 10_000:
            self._held.clear()
        self._held[who] = (left - 1, now)
        return 0.0


def write_down(store: Store, caller: Caller, method: str, path: str, status: int) -> None:
    """A change, in the log of who changed what."""
    at = datetime.now(UTC)
    deed = keys.Deed(at=at, key_id=caller.key_id, owner=caller.owner, did=f"{method} {path}"[:300], status=status)
    with store.writing() as session:
        keys.write_down(session, deed)

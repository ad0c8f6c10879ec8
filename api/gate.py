"""The one gate before every route: default deny, scopes, pace, forms of our own pages only, headers, the log of changes."""

from __future__ import annotations

import math
from urllib.parse import parse_qs

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from api.deps import Desk
from api.keys import CSRF_FIELD, CSRF_HEADER, SAFE_METHODS, Pace, scope_needed, write_down
from api.problems import API_UNDER, Next, problem, told
from api.repeats import REPLAYED, answered_once
from api.routes import feeds, websub

OPEN = frozenset({"/healthz", "/readyz", "/key"})
OPEN_UNDER = ("/static/", websub.PREFIX, feeds.PREFIX)
"""Paths that need no key: static files; hubs' callbacks and feeds, whose token is the key to one of them alone."""
LOGIN = "/key"
LOGINS_A_MINUTE = 10.0
MOST_FORM = 64 * 1024
MOST_BODY = 1024 * 1024
"""Bytes of a request: a watch, a key or a correction takes a few thousand."""

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)


class Gate:
    """Lets a request through to its route, or answers it."""

    def __init__(self, desk: Desk, per_minute: float) -> None:
        self._desk = desk
        self._pace = Pace(per_minute, at_once=max(20.0, per_minute / 4))
        self._logins = Pace(LOGINS_A_MINUTE, at_once=LOGINS_A_MINUTE)

    async def __call__(self, request: Request, call_next: Next) -> Response:
        """The route's answer, or the gate's own."""
        response = await self._answer(request, call_next)
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    async def _answer(self, request: Request, call_next: Next) -> Response:
        path, method = request.url.path, request.method
        if path == LOGIN and method == "POST" and (seconds := self._logins.wait(_address(request))):
            return _too_fast(seconds)
        if path in OPEN or path.startswith(OPEN_UNDER):
            return await call_next(request)
        caller = await run_in_threadpool(self._desk.keys.caller, request)
        if caller is None:
            return _needs_key(path)
        if seconds := self._pace.wait(caller.key_id):
            return _too_fast(seconds)
        needed = scope_needed(method, path)
        if not caller.may(needed):
            return told(request, 403, "Scope too small", f"this needs a key of scope {needed}; yours is {caller.scope}")
        if method not in SAFE_METHODS and caller.by_cookie and not await self._is_own_form(request):
            return told(request, 403, "Not from here", "the form has expired; load the page again")
        request.state.caller = caller
        if method in SAFE_METHODS:
            return await call_next(request)
        if _length(request) > MOST_BODY:
            return told(request, 413, "Too much", f"a request may have {MOST_BODY} bytes, and says how many it has")
        response = await answered_once(self._desk.store, caller.key_id, request, call_next)
        if needed != "read" and REPLAYED not in response.headers:
            await run_in_threadpool(write_down, self._desk.store, caller, method, path, response.status_code)
        return response

    async def _is_own_form(self, request: Request) -> bool:
        sent = request.headers.get(CSRF_HEADER, "")
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        if not sent and is_form and int(request.headers.get("content-length") or 0) <= MOST_FORM:
            sent = parse_qs((await request.body()).decode("utf-8", "replace")).get(CSRF_FIELD, [""])[0]
        return self._desk.keys.is_own_form(request, sent)


def _needs_key(path: str) -> Response:
    if not path.startswith(API_UNDER):
        return RedirectResponse(LOGIN, 303)
    response = problem(401, "Key needed", "show the key: Authorization: Bearer ...")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _too_fast(seconds: float) -> Response:
    response = problem(429, "Too fast", f"try again in {math.ceil(seconds)} s")
    response.headers["Retry-After"] = str(math.ceil(seconds))
    return response


def _length(request: Request) -> int:
    """The bytes that a request says it has; one that does not say has too many."""
    if "transfer-encoding" in request.headers:
        return MOST_BODY + 1
    said = request.headers.get("content-length", "0")
    return int(said) if said.isascii() and said.isdigit() else MOST_BODY + 1


def _address(request: Request) -> str:
    return request.client.host if request.client else ""

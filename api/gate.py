"""The one gate before every route: default deny, scopes, pace, forms of our own pages only, headers, the log of changes."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from api.deps import Desk
from api.keys import CSRF_FIELD, CSRF_HEADER, SAFE_METHODS, Pace, scope_needed, write_down
from api.routes import feeds, websub

OPEN = frozenset({"/healthz", "/readyz", "/key"})
OPEN_UNDER = ("/static/", websub.PREFIX, feeds.PREFIX)
"""Paths that need no key: static files; hubs' callbacks and feeds, whose token is the key to one of them alone."""
API_UNDER = ("/v1/", "/mcp")
LOGIN = "/key"
LOGINS_A_MINUTE = 10.0
MOST_FORM = 64 * 1024

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)

Next = Callable[[Request], Awaitable[Response]]
ProblemPage = Callable[[Request, int, str], Response]
"""An error as a page: of a request, with its status and what is wrong."""


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
            return _told(
                request, 403, "Scope too small", f"this needs a key of scope {needed}; yours is {caller.scope}"
            )
        if method not in SAFE_METHODS and caller.by_cookie and not await self._is_own_form(request):
            return _told(request, 403, "Not from here", "the form has expired; load the page again")
        request.state.caller = caller
        response = await call_next(request)
        if method not in SAFE_METHODS and needed != "read":
            await run_in_threadpool(write_down, self._desk.store, caller, method, path, response.status_code)
        return response

    async def _is_own_form(self, request: Request) -> bool:
        sent = request.headers.get(CSRF_HEADER, "")
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        if not sent and is_form and int(request.headers.get("content-length") or 0) <= MOST_FORM:
            sent = parse_qs((await request.body()).decode("utf-8", "replace")).get(CSRF_FIELD, [""])[0]
        return self._desk.keys.is_own_form(request, sent)


def problem(status: int, title: str, detail: str) -> Response:
    """An error as the API tells it (RFC 9457)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


def tell_problems(app: FastAPI, page: ProblemPage) -> None:
    """Every error of a route as a problem that says what to do: to people as a page, to programs as JSON."""
    app.state.problem_page = page
    app.add_exception_handler(ValueError, _bad_value)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(StarletteHTTPException, _refusal)


def _told(request: Request, status: int, title: str, detail: str) -> Response:
    """A problem, as whoever asked can read it."""
    is_person = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(API_UNDER)
    if is_person:
        page: ProblemPage = request.app.state.problem_page
        return page(request, status, detail)
    return problem(status, title, detail)


async def _bad_value(request: Request, error: Exception) -> Response:
    return _told(request, 422, "Bad value", str(error))


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
    return _told(request, 422, "Bad value", "; ".join(said)[:2_000])


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    answer = _told(request, error.status_code, str(error.detail).capitalize()[:120], str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


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


def _address(request: Request) -> str:
    return request.client.host if request.client else ""

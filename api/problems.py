"""Errors, told so that whoever asked can do something about them: to programs as a problem (RFC 9457), to people as a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

MEDIA_TYPE = "application/problem+json"
API_UNDER = ("/v1/", "/mcp")
"""Paths that programs ask."""

Next = Callable[[Request], Awaitable[Response]]
ProblemPage = Callable[[Request, int, str], Response]
"""An error as a page: of a request, with its status and what is wrong."""


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


def told(request: Request, status: int, title: str, detail: str) -> Response:
    """A problem, as whoever asked can read it."""
    is_person = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(API_UNDER)
    if is_person:
        page: ProblemPage = request.app.state.problem_page
        return page(request, status, detail)
    return problem(status, title, detail)


async def _bad_value(request: Request, error: Exception) -> Response:
    return told(request, 422, "Bad value", str(error))


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
    return told(request, 422, "Bad value", "; ".join(said)[:2_000])


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    answer = told(request, error.status_code, str(error.detail).capitalize()[:120], str(error.detail))
    answer.headers.update(error.headers or {})
    return answer

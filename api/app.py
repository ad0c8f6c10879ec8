"""The web side: JSON under /v1 and pages over the same queries. Every path needs the key but those of OPEN."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from api import pages
from api.deps import open_desk
from api.routes import (
    alerts,
    companies,
    digests,
    documents,
    events,
    feeds,
    health,
    search,
    securities,
    sources,
    watches,
    websub,
)
from settings import Settings

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)


OPEN = frozenset({"/healthz", "/readyz", "/key"})
OPEN_UNDER = ("/static/", websub.PREFIX, feeds.PREFIX)
"""Paths that need no key: static files; hubs' callbacks and feeds, whose token is the key to one of them alone."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application of an installation. Raises StoreError or KnowledgeInvalid, each a clear line."""
    settings = settings or Settings()
    app = FastAPI(
        title="Launchwatch",
        version=version("launchwatch"),
        summary="AI news and model releases as events, with facts, quotes and linked stocks.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        lifespan=_assisting,
    )
    app.state.desk = open_desk(settings)
    for part in (events, documents, search, digests, companies, securities, sources, watches, alerts):
        app.include_router(part.router, prefix="/v1")
    app.include_router(feeds.router, prefix="/v1")
    app.include_router(feeds.opened, include_in_schema=False)
    app.include_router(pages.router, include_in_schema=False)
    app.include_router(health.router)
    app.include_router(websub.router, include_in_schema=False)
    if find_spec("mcp"):
        from api.assistant import mount

        mount(app, app.state.desk)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.add_exception_handler(ValueError, _bad_value)
    app.middleware("http")(_guarded)
    return app


@asynccontextmanager
async def _assisting(app: FastAPI) -> AsyncIterator[None]:
    """The assistant's tools at work while the web side is."""
    server = getattr(app.state, "assistant", None)
    async with server.session_manager.run() if server else nullcontext():
        yield


async def _bad_value(request: Request, error: Exception) -> Response:  # noqa: ARG001 the signature is Starlette's
    return _problem(422, "Bad value", str(error))


async def _guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Default deny: what is not open and shows no key goes no further."""
    path = request.url.path
    is_open = path in OPEN or path.startswith(OPEN_UNDER)
    if is_open or request.app.state.desk.keys.admits(request):
        response = await call_next(request)
    elif path.startswith(("/v1/", "/mcp")):
        response = _problem(401, "Key needed", "show the key: Authorization: Bearer ...")
        response.headers["WWW-Authenticate"] = "Bearer"
    else:
        response = RedirectResponse("/key", 303)
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _problem(status: int, title: str, detail: str) -> Response:
    body = {"title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")

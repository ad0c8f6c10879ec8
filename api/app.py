"""The web side: JSON under /v1 and pages over the same queries. Every route needs the key but those that say otherwise here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from api import pages
from api.deps import Desk
from api.keys import KeyHolder, NeedsKey, admin_key
from api.routes import companies, digests, documents, events, health, search, securities, sources
from knowledge.load import load
from settings import Settings
from storage.engine import open_store

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application of an installation. Raises StoreError or KnowledgeInvalid, each a clear line."""
    settings = settings or Settings()
    key = settings.admin_key.get_secret_value() if settings.admin_key else None
    holder = KeyHolder(admin_key(key, settings.home))
    app = FastAPI(
        title="Launchwatch",
        version=version("launchwatch"),
        summary="AI news and model releases as events, with facts, quotes and linked stocks.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.state.desk = Desk(
        store=open_store(settings.store_url),
        knowledge=load(settings.knowledge) if settings.knowledge else load(),
        zone=settings.zone,
        keys=holder,
        author=settings.author,
    )
    for part in (events, documents, search, digests, companies, securities, sources):
        app.include_router(part.router, prefix="/v1", dependencies=[Depends(holder.api)])
    app.include_router(pages.router, dependencies=[Depends(holder.page)], include_in_schema=False)
    app.include_router(pages.open_router, include_in_schema=False)
    app.include_router(health.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.add_exception_handler(NeedsKey, _to_key)
    app.add_exception_handler(ValueError, _bad_value)
    app.middleware("http")(_guarded)
    return app


async def _to_key(request: Request, error: Exception) -> Response:  # noqa: ARG001 the signature is Starlette's
    return RedirectResponse("/key", 303)


async def _bad_value(request: Request, error: Exception) -> Response:  # noqa: ARG001 as above
    return JSONResponse(
        {"title": "Bad value", "status": 422, "detail": str(error)}, 422, media_type="application/problem+json"
    )


async def _guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cache-Control", "no-store")
    return response

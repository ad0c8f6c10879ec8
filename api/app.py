"""The web side: JSON under /v1 and pages over the same queries, behind one gate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api import described, pages
from api.deps import open_desk
from api.gate import Gate
from api.problems import tell_problems
from api.routes import (
    alerts,
    changes,
    companies,
    digests,
    documents,
    events,
    feeds,
    health,
    keys,
    products,
    search,
    securities,
    sources,
    watches,
    websub,
)
from settings import Settings


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
    for part in (
        events,
        documents,
        search,
        digests,
        companies,
        securities,
        sources,
        watches,
        alerts,
        keys,
        changes,
        products,
    ):
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
    described.describe(app)
    tell_problems(app, pages.problem_page)
    app.middleware("http")(Gate(app.state.desk, settings.api_per_minute))
    return app


@asynccontextmanager
async def _assisting(app: FastAPI) -> AsyncIterator[None]:
    """The assistant's tools at work while the web side is."""
    server = getattr(app.state, "assistant", None)
    async with server.session_manager.run() if server else nullcontext():
        yield

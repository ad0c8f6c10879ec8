"""`launchwatch serve`: the pages and the API alone."""

from __future__ import annotations

import typer
import uvicorn

from api.app import create_app
from cli.console import complain, read_settings
from cli.logs import start_logging
from cli.store import refusing

app = typer.Typer(add_completion=False)


@app.command()
def serve() -> None:
    """Serve the pages and the API at LAUNCHWATCH_HOST and LAUNCHWATCH_PORT until stopped."""
    settings = read_settings()
    start_logging(settings.log_level, settings.log_format)
    with refusing():
        web = create_app(settings)
        complain(f"http://{settings.host}:{settings.port}/ ; the key stands in {settings.home / 'admin.key'}")
        uvicorn.run(web, host=settings.host, port=settings.port, log_level="warning", server_header=False)

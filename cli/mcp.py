"""`launchwatch mcp`: the tools of an analyst's assistant, over the Model Context Protocol."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from cli.console import Refusal, complain, read_settings
from cli.logs import start_logging
from cli.store import refusing

app = typer.Typer(add_completion=False)


@app.command()
def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Serve at /mcp of LAUNCHWATCH_HOST and LAUNCHWATCH_PORT, behind a key.")
    ] = False,
) -> None:
    """Search, events, event, digest and company as read-only tools: on stdio for an assistant that starts this command."""
    if find_spec("mcp") is None:
        raise Refusal("the protocol's library is not installed; run: pip install 'launchwatch[mcp]'")
    settings = read_settings()
    start_logging(settings.log_level)
    with refusing():
        if http:
            import uvicorn

            from api.app import create_app

            complain(
                f"http://{settings.host}:{settings.port}/mcp ; send the key of {settings.home / 'admin.key'} as a bearer token"
            )
            uvicorn.run(
                create_app(settings), host=settings.host, port=settings.port, log_level="warning", server_header=False
            )
            return
        from api.assistant import make_server
        from api.deps import open_desk

        make_server(open_desk(settings)).run("stdio")

"""`launchwatch parse`: what a reader makes of a feed or a page."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cli.console import print_lines, read_settings
from crawlers.answer import FetchFailed
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.limits import FEED
from crawlers.parse import Parsed, parse_bytes, parse_file

app = typer.Typer(add_completion=False)


@app.command()
def parse(
    what: Annotated[list[str], typer.Argument(help="Files or http(s) addresses of feeds and pages.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one object a file.")] = False,
) -> None:
    """Read feeds and pages, and show the entries in them or say what they are instead."""
    contact = read_settings().contact
    with Cage() as cage:
        for name in what:
            answer = _answer(name, cage, contact)
            if as_json:
                print_lines([answer])
            else:
                _show(answer)


def _answer(name: str, cage: Cage, contact: str) -> Parsed:
    if name.startswith(("http://", "https://")):
        return asyncio.run(_fetched(name, cage, contact))
    return parse_file(name, cage)


async def _fetched(url: str, cage: Cage, contact: str) -> Parsed:
    async with Fetcher(Guard(), contact=contact) as fetcher:
        try:
            fetched = await fetcher.get(url, limits=FEED)
        except FetchFailed as error:
            return Parsed(file=url, error=str(error))
    return parse_bytes(
        url, fetched.body, cage, url=fetched.final_url, content_type=fetched.headers.get("content-type", "")
    )


def _show(parsed: Parsed) -> None:
    typer.echo(f"{parsed.file}: {parsed.error or f'{len(parsed.entries)} entries'}")
    for entry in parsed.entries:
        typer.echo(f"  {entry.published_at or 'no date'!s:25}  {entry.title}")

"""`launchwatch ingest`: feeds, pages and JSON Lines of documents, from files or addresses, into the store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.console import Refusal, complain, heed_interrupt, in_pieces, now, progress, read_lines, read_settings
from cli.store import opened_desk
from crawlers.answer import FetchFailed
from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from crawlers.parse import Parsed, parse_bytes, parse_file
from crawlers.sources import Source
from pipeline.door import DocumentInvalid, raw_document
from pipeline.records import RawDocument, State
from settings import Settings
from storage import documents
from worker.collect import raw_document as raw_of_entry
from worker.desk import Desk
from worker.jobs import process_due, receive

app = typer.Typer(add_completion=False)

AT_A_TIME = 200
"""Documents received in one transaction."""


class Unreadable(Exception):
    """One of the things named holds no documents; the others are taken in all the same."""


@app.command()
def ingest(
    what: Annotated[list[str], typer.Argument(help="Files (feeds, pages, .jsonl) or http(s) addresses.")],
) -> None:
    """Take in documents and run each through the pipeline. What is there already adds nothing."""
    settings, clock = read_settings(), now()
    with opened_desk(settings) as desk, Cage() as cage:
        unreadable = [name for name in what if not _receive(desk, name, cage, settings, clock)]
        fates = process_all(desk)
        typer.echo(summary(fates))
    if unreadable:
        raise Refusal(f"{len(unreadable)} of {len(what)} could not be read (said above); the others are in")


def process_all(desk: Desk) -> Counter[State]:
    """Every pending document through the trip, under a progress bar; how many ended in which state."""
    with desk.store.reading() as session:
        waiting = documents.counts_by_state(session)[State.PENDING]
    fates: Counter[State] = Counter()
    with progress("processing", waiting) as advance, in_pieces():
        while batch := process_due(desk, now()):
            fates += batch
            advance(batch.total())
            heed_interrupt()
    with desk.store.reading() as session:
        held = documents.counts_by_state(session)[State.PENDING]
    if held:
        complain(
            f"{held} documents wait: to be tried again, or held by another process or one that was killed; "
            "they come back by themselves within five minutes, then run this again or `launchwatch up`"
        )
    return fates


def summary(fates: Counter[State]) -> str:
    """How many documents ended in which state, in words."""
    told = (State.DONE, State.DUPLICATE, State.REJECTED, State.FAILED)
    return "processed: " + ", ".join(f"{fates[state]} {state.value}" for state in told)


def _receive(desk: Desk, name: str, cage: Cage, settings: Settings, clock: datetime) -> bool:
    try:
        raws = _documents(name, cage, settings, clock)
        new = known = 0
        while batch := list(islice(raws, AT_A_TIME)):
            received = receive(desk, batch, clock)
            new, known = new + received.new, known + received.known
    except Unreadable as error:
        complain(f"{name}: {error}")
        return False
    typer.echo(f"{name}: {new} new, {known} known already")
    return True


def _documents(name: str, cage: Cage, settings: Settings, clock: datetime) -> Iterator[RawDocument]:
    if name.endswith((".jsonl", ".ndjson")):
        return _of_lines(Path(name), settings.zone, clock)
    parsed = asyncio.run(_fetched(name, cage, settings.contact)) if "://" in name else parse_file(name, cage)
    if parsed.error is not None:
        raise Unreadable(parsed.error)
    source = Source(id="handed-in", name=Path(name).name, url="http://handed.in/", kind="rss", tier=2, language="und")
    return iter([raw_of_entry(source, entry, clock) for entry in parsed.entries])


def _of_lines(path: Path, zone: ZoneInfo, clock: datetime) -> Iterator[RawDocument]:
    """Every line is looked at before the first is kept, so that a file goes in whole or not at all."""
    raws = []
    for number, row in read_lines(path):
        try:
            raws.append(raw_document(row, zone, clock))
        except DocumentInvalid as error:
            raise Unreadable(f"line {number}: {error}; nothing of this file was taken in") from error
    return iter(raws)


async def _fetched(url: str, cage: Cage, contact: str) -> Parsed:
    async with Fetcher(Guard(), contact=contact) as fetcher:
        try:
            fetched = await fetcher.get(url)
        except FetchFailed as error:
            raise Unreadable(str(error)) from error
    content_type = fetched.headers.get("content-type", "")
    return parse_bytes(url, fetched.body, cage, url=fetched.final_url, content_type=content_type)

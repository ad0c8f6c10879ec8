"""`launchwatch cluster`: JSON Lines of documents in, the event of each out, as a stream without look-ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import Refusal, now, print_lines, read_lexicon, read_lines, read_settings
from pipeline import flow
from pipeline.door import DocumentInvalid, raw_document

app = typer.Typer(add_completion=False)


@app.command()
def cluster(
    file: Annotated[Path | None, typer.Argument(help="JSON Lines of documents, in order of time.")] = None,
) -> None:
    """Join documents about one happening: {"id", "event_id"} for each, in the order given.

    A document in: {"id", "title", "text"?, "url"?, "published_at"?, "language"?, "source"?}
    """
    settings, seen = read_settings(), now()
    lexicon = read_lexicon(settings)
    identifiers, raws = [], []
    for number, row in read_lines(file):
        try:
            raws.append(raw_document(row, settings.zone, seen))
        except DocumentInvalid as error:
            raise Refusal(f"{file or 'standard input'}, line {number}: {error}", code=2) from error
        identifiers.append(row.get("id"))
    events = flow.stream(raws, lexicon)
    print_lines(
        {"id": identifier, "event_id": event_id} for identifier, (_, event_id) in zip(identifiers, events, strict=True)
    )

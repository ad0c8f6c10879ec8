"""`launchwatch export`: events x securities with the three times that a study needs, as CSV or Parquet."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import Refusal, complain, day, end_of, on_terminal, read_settings, write_whole
from cli.store import opened_store
from storage.export import COLUMNS, FORMATS, as_csv, rows

app = typer.Typer(add_completion=False)


@app.command()
def export(
    since: Annotated[str, typer.Option("--from", help="The first day, 2024-03-18.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last, 2024-03-25.")],
    as_of: Annotated[
        str | None, typer.Option(help="Only what this store had seen and linked by the end of that day.")
    ] = None,
    format: Annotated[str, typer.Option(help="csv or parquet; from the file's name without it.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file in place of the screen.")] = None,
) -> None:
    """One row for each event and security linked to it, with the times of publication, first sight and knowing the link."""
    settings = read_settings()
    start, end = day(since, settings.zone, "--from"), day(until, settings.zone, "--to")
    if start is None or end is None or start >= end:
        raise Refusal("--from must lie before --to", code=2)
    known_by = end_of(day(as_of, settings.zone, "--as-of"))
    chosen = format or ("parquet" if output and output.suffix == ".parquet" else "csv")
    if chosen not in FORMATS:
        raise Refusal(f"--format: {chosen!r} is not one of {', '.join(FORMATS)}", code=2)
    write = _parquet() if chosen == "parquet" else as_csv
    with opened_store(settings) as store:
        found = rows(store, start, end, known_by)
        left_out = len(rows(store, start, end, None)) if known_by and not found else 0
    if left_out:
        complain(f"{left_out} links stand now, but this store drew the first of them after {as_of}")
    _give(write(found), output, chosen, len(found))


def _parquet() -> Any:
    """The writer of Parquet, which needs an extra."""
    try:
        return partial(import_module("storage.parquet").as_parquet, columns=COLUMNS)
    except ImportError as error:
        raise Refusal(
            "Parquet needs pyarrow: install the extra `launchwatch[parquet]`, or take --format csv", 1
        ) from error


def _give(content: str | bytes, output: Path | None, format: str, count: int) -> None:
    if output is not None:
        write_whole(output, content)
        complain(f"wrote {count} rows to {output}")
    elif isinstance(content, str):
        typer.echo(content, nl=False)
    elif on_terminal():
        raise Refusal(f"{format} is not for a screen: name a file with -o", code=2)
    else:
        sys.stdout.buffer.write(content)

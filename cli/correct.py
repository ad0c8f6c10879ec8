"""`launchwatch correct`: what a person corrects by hand, on record and undoable."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, cast, get_args

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from cli.console import Refusal, now, print_lines, print_table, read_settings
from cli.store import opened_desk, opened_store
from pipeline.correct import CorrectionRefused, Mark, pairs
from pipeline.records import Document
from settings import Settings
from storage import corrections, documents
from storage.corrections import Correction
from worker import correct as hand
from worker.correct import Author
from worker.desk import Desk

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Correct events by hand: merge, split, move, retitle, mark. Nothing that comes later overwrites it; undo takes it back.",
)

By = Annotated[str, typer.Option("--by", help="Who corrects; the user of this machine unless told.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the record.")]


@app.command()
def merge(
    survivor: Annotated[str, typer.Argument(help="The event whose id stays.")],
    other: Annotated[str, typer.Argument(help="The event that becomes part of it.")],
    by: By = "",
    why: Why = "",
) -> None:
    """Make two events one. The second one's id leads to the first from now on, and what would join it joins the first."""
    _do(lambda desk: hand.merge(desk, survivor, other, _author(by, why)))


@app.command()
def split(
    event: Annotated[str, typer.Argument(help="The event to part.")],
    document: Annotated[list[str], typer.Argument(help="The documents that make an event of their own.")],
    by: By = "",
    why: Why = "",
) -> None:
    """Take documents out of an event into one of their own, under a new id."""
    _do(lambda desk: hand.split(desk, event, document, _author(by, why)))


@app.command()
def move(
    document: Annotated[str, typer.Argument(help="The document.")],
    event: Annotated[str, typer.Argument(help="The event that it belongs to.")],
    by: By = "",
    why: Why = "",
) -> None:
    """Move a document into another event. It stays there."""
    _do(lambda desk: hand.move(desk, document, event, _author(by, why)))


@app.command()
def retitle(
    event: Annotated[str, typer.Argument(help="The event.")],
    zh: Annotated[str | None, typer.Option("--zh", help="The title in Chinese.")] = None,
    en: Annotated[str | None, typer.Option("--en", help="The title in English.")] = None,
    by: By = "",
    why: Why = "",
) -> None:
    """Give an event a title of your own."""
    _do(lambda desk: hand.retitle(desk, event, zh, en, _author(by, why)))


@app.command()
def mark(
    event: Annotated[str, typer.Argument(help="The event.")],
    as_what: Annotated[str, typer.Argument(metavar="rumour|fact|denial|noise", help="What it is.")],
    by: By = "",
    why: Why = "",
) -> None:
    """Mark an event. Noise is kept, but shown in no list, digest, search or alert."""
    if as_what not in get_args(Mark):
        raise Refusal(f"{as_what!r} is not one of {', '.join(get_args(Mark))}", code=2)
    _do(lambda desk: hand.mark(desk, event, cast(Mark, as_what), _author(by, why)))


@app.command()
def undo(
    number: Annotated[int, typer.Argument(help="The correction's number; `launchwatch correct list` shows it.")],
    by: By = "",
    why: Why = "",
) -> None:
    """Take a correction back: the events as they were, with what has joined them since."""
    _do(lambda desk: hand.undo(desk, number, _author(by, why)))


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON Lines, with the events before and after each correction.")
    ] = False,
) -> None:
    """The corrections, newest first: who, when, why, and whether they still stand."""
    settings = read_settings()
    with opened_store(settings) as store, store.reading() as session:
        found = corrections.recent(session, limit)
        if as_json:
            print_lines(_whole(session, correction) for correction in found)
            return
    table = Table("no.", "when", "by", "what", "events", "why", "undone")
    for c in found:
        undone = f"{c.undone_at.astimezone(settings.zone):%Y-%m-%d %H:%M} {c.undone_by}" if c.undone_at else ""
        when = f"{c.made_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
        table.add_row(str(c.id), when, c.made_by, _what(c), " ".join(c.event_ids), c.why, undone)
    print_table(table, f"{len(found)} corrections")


@app.command("pairs")
def pairs_() -> None:
    """What corrections teach, as JSON Lines: pairs of documents with label 1 (one event) or 0, for fitting the weights."""
    settings = read_settings()
    with opened_store(settings) as store, store.reading() as session:
        for pair in pairs(corrections.told(session)):
            one, other = documents.get(session, pair.one), documents.get(session, pair.other)
            if one and other:
                sides = {"a": _side(one, settings), "b": _side(other, settings)}
                print_lines([{"label": int(pair.same), **sides}])


def _do(correct: Callable[[Desk], Correction]) -> None:
    with opened_desk(read_settings()) as desk, _refusing():
        done = correct(desk)
    said = "undone" if done.undone_at else f"done; `launchwatch correct undo {done.id}` takes it back"
    typer.echo(f"correction {done.id} ({_what(done)} {' '.join(done.event_ids)}) {said}")


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except CorrectionRefused as error:
        raise Refusal(str(error)) from error


def _author(by: str, why: str) -> Author:
    return Author(by or getpass.getuser(), now(), why)


def _what(c: Correction) -> str:
    said = {
        "split": lambda d: f"split {' '.join(d['documents'])}",
        "move": lambda d: f"move {' '.join(d['documents'])}",
        "retitle": lambda d: "retitle " + " / ".join(d.values()),
        "mark": lambda d: f"mark {d['as']}",
    }
    return said[c.kind](c.detail) if c.kind in said else c.kind


def _whole(session: Session, correction: Correction) -> dict[str, Any]:
    before, after = corrections.before_and_after(session, correction.id)
    events = {"before": before, "after": after}
    shown = {
        name: [k.model_dump(mode="json", include={"event_id", "event", "documents"}) for k in kept]
        for name, kept in events.items()
    }
    return correction.model_dump(mode="json") | shown


def _side(document: Document, settings: Settings) -> dict[str, str]:
    day = document.when.astimezone(settings.zone).date().isoformat()
    return {"id": document.id, "lang": document.language, "date": day, "title": document.title, "text": document.text}

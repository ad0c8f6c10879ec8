"""`launchwatch digest`: the weekly viewpoint, and the daily and monthly ones, in every format; and an issue's life until it is locked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, cast

import typer
from pydantic import ValidationError
from rich.table import Table

from cli.console import (
    Refusal,
    complain,
    day,
    end_of,
    now,
    on_terminal,
    print_lines,
    print_table,
    read_settings,
    write_whole,
)
from cli.prices import reaching, read_quotes
from cli.store import opened_desk, opened_store
from knowledge.schema import Lens
from pipeline import digest as digests
from settings import Settings
from storage import digests as kept_digests
from storage.digests import DigestLocked, FileSpoilt
from worker.desk import Desk
from worker.digests import NotReviewed, StillOpen, edit, frozen, issue, keep, lock, review, stored, write
from worker.prices import Quotes

app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=False)

WeekOption = Annotated[
    str, typer.Option("--week", help="2024-W12; a day 2024-03-18 or a month 2024-03 too. Last week without it.")
]
LensOption = Annotated[str, typer.Option("--lens", help="The point of view: media, all, or one of your own.")]
LangOption = Annotated[str, typer.Option("--lang", help="zh or en.")]
PricesOption = Annotated[
    Path | None, typer.Option("--prices", help="A CSV of date,security,close and maybe index; or yahoo.")
]
MarketOption = Annotated[
    str, typer.Option("--market", help="Which security of it is the market; its column index else.")
]
SectorOption = Annotated[str, typer.Option("--sector", help="Which security of it is the sector's index.")]
ByOption = Annotated[str, typer.Option("--by", help="Who does it; LAUNCHWATCH_AUTHOR without it.")]


@dataclass(frozen=True)
class _Asked:
    """One issue that a command is about, with what it takes to write it."""

    desk: Desk
    settings: Settings
    period: digests.Period
    lens: Lens
    language: digests.Language
    clock: datetime

    @property
    def author(self) -> digests.AuthorBlock | None:
        return digests.AuthorBlock(name=self.settings.author) if self.settings.author else None

    def issue(self, quotes: Quotes | None = None) -> digests.Digest:
        """The issue as it stands."""
        return issue(self.desk, self.period, self.lens, self.language, self.clock, self.author, quotes)

    def as_known(self, by: datetime, quotes: Quotes | None) -> digests.Digest:
        """What could be written of what the store had by a time; nobody's edits are in it."""
        made = write(self.desk, self.period, self.lens, self.clock, self.author, quotes, by)
        if not made.inputs and (later := len(self.today().inputs)):
            complain(
                f"{later} events of {self.period.label} stand now, but this store saw the first of them after that day"
            )
        return made

    def today(self) -> digests.Digest:
        """What the store's facts give now, whatever was approved."""
        return write(self.desk, self.period, self.lens, self.clock, self.author)


def _person(by: str) -> str:
    """Who answers for a step."""
    name = by or read_settings().author
    if not name:
        raise Refusal("who does it? say --by NAME, or set LAUNCHWATCH_AUTHOR", code=2)
    return name


def _language(lang: str) -> digests.Language:
    if lang not in digests.LANGUAGES:
        raise Refusal(str(digests.UnknownFormat(lang, digests.LANGUAGES)), code=2)
    return cast(digests.Language, lang)


@contextmanager
def _asked(week: str, lens: str, lang: str) -> Iterator[_Asked]:
    """The issue of a label, lens and language; every error of digests as one clear line."""
    settings, clock = read_settings(), now()
    try:
        language = _language(lang)
        period = _period(week, settings.timezone, clock.astimezone(settings.zone).date())
        with opened_desk(settings) as desk:
            lenses = desk.lexicon.knowledge.lenses
            if lens not in lenses:
                raise Refusal(f"no lens is called {lens!r}; there are {', '.join(lenses)}", code=2)
            yield _Asked(desk, settings, period, lenses[lens], language, clock)
    except (digests.WrongPeriod, digests.EditInvalid) as error:
        raise Refusal(str(error), code=2) from error
    except (DigestLocked, FileSpoilt, NotReviewed, StillOpen, digests.FontsMissing) as error:
        raise Refusal(str(error)) from error


@app.callback()
def digest(
    ctx: typer.Context,
    week: WeekOption = "",
    lens: LensOption = "media",
    lang: LangOption = "zh",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(digests.FORMATS)}.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file in place of the screen.")] = None,
    prices: PricesOption = None,
    market: MarketOption = "",
    sector: SectorOption = "",
    save: Annotated[bool, typer.Option("--save", help="Keep it in the store as a draft.")] = False,
    as_of: Annotated[
        str | None, typer.Option(help="Only what this store had seen and linked by the end of that day.")
    ] = None,
) -> None:
    """The week's events in order, with facts, comparisons, themes and linked stocks; every number with its source.

    Once reviewed, and for good once locked, it is the very issue that was approved.
    """
    if ctx.invoked_subcommand:
        return
    if format not in digests.FORMATS:
        raise Refusal(str(digests.UnknownFormat(format, digests.FORMATS)), code=2)
    quotes = read_quotes(prices, market, sector, read_settings())
    known_by = end_of(day(as_of, read_settings().zone, "--as-of"))
    if known_by and save:
        raise Refusal("--as-of looks back; what is kept with --save is written of today's facts", code=2)
    with reaching(), _asked(week, lens, lang) as asked:
        sent = None if known_by else frozen(asked.desk, asked.period, asked.lens, asked.language, format)
        if sent is not None and not save:
            _hand_out(sent, format, output)
            return
        made = asked.as_known(known_by, quotes) if known_by else asked.issue(quotes)
        content = digests.render(made, format, lang)
        if save:
            keep(asked.desk, made, lang, asked.settings.author or "launchwatch", asked.clock)
    _hand_out(content, format, output)
    _warn(made, quotes, known_by)


def _warn(made: digests.Digest, quotes: Quotes | None, known_by: datetime | None) -> None:
    """What a reader should know beside the issue."""
    if moved := digests.conflicts(made):
        complain(f"the facts changed under {len(moved)} edited sentences; `launchwatch digest edit` shows them")
    if not made.inputs and not known_by:
        complain(f"the store holds no event of {made.period.label}; `launchwatch collect` or `ingest` fills it")
    if quotes:
        for name in quotes.missing(made.period):
            complain(
                f"{quotes.source.source} has no prices of the index {name!r} up to {made.period.label}: is that its name?"
            )


@app.command("edit")
def edit_issue(
    file: Annotated[Path | None, typer.Argument(help="The changed sheet (Markdown), or JSON of id and words.")] = None,
    week: WeekOption = "",
    lens: LensOption = "media",
    lang: LangOption = "zh",
    by: ByOption = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the sheet to change goes.")] = None,
) -> None:
    """Change sentences: without a file it gives the sheet to change, with one it takes the changes in and keeps them."""
    words = _read_edits(file) if file else {}
    person = _person(by) if file else ""
    with _asked(week, lens, lang) as asked:
        made = asked.issue()
        if file is None:
            _hand_out(digests.sheet(made, asked.language), "md", output)
            return
        changed = edit(asked.desk, made, words, asked.language, person, asked.clock)
    complain(
        f"sentences of {changed.period.label} that are a person's: {len(changed.edits)}; every new draft keeps them"
    )
    for missing in digests.unsupported_sentences(digests.edited(changed))[:10]:
        complain(f"no stored fact shows {missing}")


@app.command("review")
def review_issue(week: WeekOption = "", lens: LensOption = "media", lang: LangOption = "zh", by: ByOption = "") -> None:
    """Approve the issue as it stands: from here on it is not written anew, unless somebody edits it."""
    person = _person(by)
    with _asked(week, lens, lang) as asked:
        kept = review(asked.desk, asked.issue(), lang, person, asked.clock)
    complain(f"{kept.id} reviewed by {kept.history[-1].by}; `launchwatch digest lock` closes it for good")


@app.command("lock")
def lock_issue(week: WeekOption = "", lens: LensOption = "media", lang: LangOption = "zh", by: ByOption = "") -> None:
    """Close a reviewed issue for good: its words, its inputs and its knowledge version never change again."""
    person = _person(by)
    with _asked(week, lens, lang) as asked:
        kept = lock(asked.desk, asked.period, asked.lens, lang, person, asked.clock)
    complain(f"{kept.id} locked by {kept.history[-1].by}")


@app.command("diff")
def diff_issue(
    files: Annotated[
        list[Path] | None, typer.Argument(help="One or two issues in JSON; without: the kept one.")
    ] = None,
    week: WeekOption = "",
    lens: LensOption = "media",
    lang: LangOption = "zh",
) -> None:
    """What changed between the kept issue, or one or two given as JSON, and what today's facts give."""
    given = [_read_issue(path) for path in files or ()]
    if len(given) > 2:
        raise Refusal("at most two issues are compared", code=2)
    if len(given) == 2:
        old, new = given
        left, right = (str(path) for path in files or ())
    else:
        with _asked(week or (given[0].period.label if given else ""), lens, lang) as asked:
            kept = stored(asked.desk, asked.period, asked.lens, lang)
            if not given and kept is None:
                raise Refusal(f"no issue of {asked.period.label} is kept; `launchwatch digest --save` keeps one")
            old = given[0] if given else digests.Digest.model_validate_json(kept.body if kept else "")
            new = digests.carried(asked.today(), digests.Digest.model_validate_json(kept.body) if kept else None)
        left, right = str(files[0]) if files else "kept", "today"
    differing = list(digests.changes(old, new, _language(lang), (left, right)))
    for line in differing:
        typer.echo(line)
    if not differing:
        complain(f"{left} and {right} say the same")


@app.command("issues")
def list_issues(as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, one issue a line.")] = False) -> None:
    """The kept issues with their state, and who did what when."""
    with opened_store(read_settings()) as store, store.reading() as session:
        found = kept_digests.recent(session)
    if as_json:
        print_lines(one.model_dump(mode="json", exclude={"body"}) for one in found)
        return
    table = Table("id", "state", "by", "at", "steps")
    for one in found:
        last = one.history[-1]
        table.add_row(one.id, one.state, last.by, f"{last.at:%Y-%m-%d %H:%M}", str(len(one.history)))
    print_table(table, f"{len(found)} issues")


# ---- in and out -----------------------------------------------------------------------------------------------------


def _hand_out(content: str | bytes, format: str, output: Path | None) -> None:
    if output is not None:
        write_whole(output, content)
        complain(f"wrote {output}")
    elif isinstance(content, str):
        typer.echo(content, nl=not content.endswith("\n"))
    elif on_terminal():
        raise Refusal(f"{format} is not for a screen: name a file with -o", code=2)
    else:
        sys.stdout.buffer.write(content)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{path}: cannot be read ({error.strerror})", code=2) from error
    except UnicodeDecodeError as error:
        raise Refusal(f"{path}: not UTF-8 text", code=2) from error


def _read_edits(path: Path) -> dict[str, str]:
    """Words by sentence id, from a sheet or from a JSON object."""
    text = _read_text(path)
    if path.suffix.lower() != ".json":
        words = digests.read_sheet(text)
    else:
        try:
            words = json.loads(text)
        except json.JSONDecodeError as error:
            raise Refusal(f"{path}: not JSON ({error.msg}, line {error.lineno})", code=2) from error
        if not isinstance(words, dict) or not all(isinstance(value, str) for value in words.values()):
            raise Refusal(f"{path}: write one object of sentence id and words", code=2)
    if not words:
        raise Refusal(f"{path}: holds no sentence; ids stand behind ##", code=2)
    return words


def _read_issue(path: Path) -> digests.Digest:
    """An issue from its JSON, whose sentences are as people left them already."""
    try:
        return digests.Digest.model_validate_json(_read_text(path)).model_copy(update={"edits": ()})
    except ValidationError as error:
        raise Refusal(
            f"{path}: no issue as `--format json` writes it ({error.error_count()} faults)", code=2
        ) from error


def _period(label: str, zone: str, today: date) -> digests.Period:
    if label:
        return digests.parse_period(label, zone, today)
    return digests.Week.of(today, zone).previous()

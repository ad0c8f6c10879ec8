"""`launchwatch watches`: standing queries, and where and when to tell whom."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cli.console import Refusal, complain, now, print_lines, print_table, read_knowledge, read_settings
from cli.store import opened_store
from cli.watch_options import described, made
from knowledge.index import KnowledgeBase
from pipeline import rehearsal, timing
from pipeline.destination import destination, masked, without_secrets
from pipeline.records import Alert, Reason, Watch
from settings import Settings
from storage import outbox
from storage import rehearsal as past
from storage import watches as stored
from storage.engine import Store
from worker.deliver import Sent, send
from worker.deliver.http import GuardedClient
from worker.rounds import outside_of

app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=False)

MONTH = 30
SHOWN = 20
"""Alerts of a rehearsal shown in full, the newest."""

WatchId = Annotated[str, typer.Argument(help="The watch's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON Lines, one watch a line.")]
Yes = Annotated[bool, typer.Option("--yes", help="Save without showing what it would have sent, and without asking.")]
Days = Annotated[int, typer.Option(min=1, max=366, help="How many days back to try it on.")]


@app.callback()
def watches(ctx: typer.Context, as_json: AsJson = False) -> None:
    """The standing queries. Each tells its destinations of an event that meets it, once."""
    if not ctx.invoked_subcommand:
        listed(as_json=as_json)


@app.command("list")
def listed(
    owner: Annotated[str | None, typer.Option(help="Only this person's.")] = None, as_json: AsJson = False
) -> None:
    """Every watch, or one person's."""
    with opened_store(read_settings()) as store, store.reading() as session:
        found = stored.all_watches(session, owner)
    if as_json:
        print_lines(_shown(watch) for watch in found)
        return
    table = Table("id", "owner", "name", "asks for", "when", "tells")
    for watch in found:
        table.add_row(watch.id, watch.owner, watch.name, _asks(watch), _when(watch), str(len(watch.destinations)))
    print_table(table, f"{len(found)} watches")


@app.command()
def show(watch_id: WatchId, as_json: AsJson = False) -> None:
    """All about a watch, with the newest alerts that it raised."""
    with opened_store(read_settings()) as store, store.reading() as session:
        watch = _kept(stored.get(session, watch_id), watch_id)
        raised = stored.alerts(session, watch_ids=[watch.id], limit=5)
    if as_json:
        print_lines([_shown(watch)])
        return
    for name, shown in _shown(watch).model_dump().items():
        if shown not in ((), "", None, False):
            typer.echo(f"{name:20} {', '.join(map(str, shown)) if isinstance(shown, list | tuple) else shown}")
    for alert in raised:
        typer.echo(f"raised  {alert.made_at:%Y-%m-%d %H:%M} UTC  {alert.title}")


@app.command()
@described
def add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    given: Mapping[str, Any],
    yes: Yes = False,
    days: Days = MONTH,
) -> None:
    """Add a watch. An event must meet every list that is given. Shows first what it would have sent, and asks."""
    settings = read_settings()
    knowledge = read_knowledge(settings)
    watch = made(None, given, knowledge, id=_slug(name), name=name)
    with opened_store(settings) as store:
        with store.reading() as session:
            if stored.get(session, watch.id):
                raise Refusal(
                    f"there is a watch {watch.id!r}; `launchwatch watches edit {watch.id}` changes it", code=2
                )
        _save(store, watch, knowledge, settings, 0 if yes else days)


@app.command()
@described
def edit(
    watch_id: WatchId,
    given: Mapping[str, Any],
    name: Annotated[str | None, typer.Option(help="Call it otherwise; its id stays.")] = None,
    clear: Annotated[list[str] | None, typer.Option(help="Empty a list: company, word, to, ...")] = None,
    yes: Yes = False,
    days: Days = MONTH,
) -> None:
    """Change a watch: each option that is given takes the place of what it had."""
    settings = read_settings()
    knowledge = read_knowledge(settings)
    with opened_store(settings) as store:
        with store.reading() as session:
            old = _kept(stored.get(session, watch_id), watch_id)
        emptied: dict[str, Any] = dict.fromkeys(clear or (), ())
        watch = made(old, emptied | dict(given), knowledge, **({"name": name} if name else {}))
        _save(store, watch, knowledge, settings, 0 if yes else days)


@app.command("try")
@described
def rehearse(
    given: Mapping[str, Any],
    watch_id: Annotated[str, typer.Argument(help="A watch that stands; without it, what the options describe.")] = "",
    days: Days = MONTH,
) -> None:
    """What a watch would have sent in the past days; saves nothing."""
    settings = read_settings()
    knowledge = read_knowledge(settings)
    with opened_store(settings) as store:
        with store.reading() as session:
            old = _kept(stored.get(session, watch_id), watch_id) if watch_id else None
        watch = made(old, given, knowledge, **({} if old else {"id": "try", "name": "try"}))
        _show_past(store, watch, knowledge, settings, days)


@app.command()
def remove(watch_id: WatchId) -> None:
    """Remove a watch; its alerts stay on record."""
    with opened_store(read_settings()) as store, store.writing() as session:
        if not stored.remove(session, watch_id):
            raise Refusal(f"there is no watch {watch_id!r}; `launchwatch watches` lists them")


@app.command()
def pause(watch_id: WatchId) -> None:
    """Let a watch tell nothing until it is resumed."""
    _set_paused(watch_id, True)


@app.command()
def resume(watch_id: WatchId) -> None:
    """Let a paused watch tell again, from now on."""
    _set_paused(watch_id, False)


@app.command()
def test(watch_id: WatchId) -> None:
    """Send a test message to every destination of a watch, and show what each answered."""
    settings = read_settings()
    with opened_store(settings) as store, store.reading() as session:
        watch = _kept(stored.get(session, watch_id), watch_id)
    if not watch.destinations:
        raise Refusal(
            f"watch {watch_id} has no destination; `launchwatch watches edit {watch_id} --to ...` gives it one"
        )
    outside = outside_of(settings)
    alert, client, refused = _test_message(watch, now()), GuardedClient(outside.guard), 0
    for address in watch.destinations:
        outcome = send(alert, destination(address), client, now(), server=outside.mail)
        is_sent = isinstance(outcome, Sent)
        if is_sent:
            _reopen(settings, address)
        refused += not is_sent
        said = outcome.detail if isinstance(outcome, Sent) else without_secrets(outcome.reason, address)
        typer.echo(f"{masked(address)}\t{'sent' if is_sent else 'not sent'}\t{said}")
    if refused:
        raise Refusal(f"{refused} of {len(watch.destinations)} destinations did not take the test message")


def _reopen(settings: Settings, address: str) -> None:
    """A destination that had been switched off and takes messages again."""
    with opened_store(settings) as store, store.writing() as session:
        outbox.reopen(session, outbox.mark(session, address))


def _save(store: Store, watch: Watch, knowledge: KnowledgeBase, settings: Settings, days: int) -> None:
    """The watch kept; where days are given, after showing what it would have sent, and asking where a person can answer."""
    if days:
        _show_past(store, watch, knowledge, settings, days, to_stderr=True)
        if sys.stdin.isatty() and not typer.confirm("Save it?", default=True, err=True):
            raise Refusal("not saved")
    with store.writing() as session:
        stored.save(session, watch)
    note = "" if watch.destinations else "; it has no destination yet (--to), so it tells nobody"
    complain(f"watch {watch.id} saved{note}")


def _show_past(
    store: Store, watch: Watch, knowledge: KnowledgeBase, settings: Settings, days: int, *, to_stderr: bool = False
) -> None:
    with store.reading() as session:
        histories = past.histories(session, watch, now() - timedelta(days=days))
        told = rehearsal.rehearse(histories, [watch], knowledge, settings.zone)
    messages = timing.messages(watch, told, knowledge.taxonomy.markets)
    for line in _past_lines(watch, told, messages, days):
        typer.echo(line, err=to_stderr)


def _past_lines(watch: Watch, told: Sequence[Alert], messages: int, days: int) -> list[str]:
    zone = ZoneInfo(watch.timezone)
    lines = [f"in the past {days} days it would have told {len(told)} alerts in {messages} messages"]
    per_day = Counter(alert.made_at.astimezone(zone).date() for alert in told)
    lines += [f"  {day}  {many:4}  {'#' * min(many, 60)}" for day, many in sorted(per_day.items())]
    for alert in told[-SHOWN:]:
        lines.append(f"  {alert.made_at.astimezone(zone):%m-%d %H:%M}  {alert.title}")
        lines.append(f"               {getattr(alert.why, watch.language)}")
    return lines


def _test_message(watch: Watch, at: datetime) -> Alert:
    zh = watch.language == "zh"
    return Alert(
        id=f"test-{watch.id}-{at:%Y%m%dT%H%M%S}",
        watch_id=watch.id,
        event_id="",
        made_at=at,
        title=f"测试：关注「{watch.name}」" if zh else f"Test: watch “{watch.name}”",
        body="这是一条测试消息，不涉及任何事件。" if zh else "This is a test message. It tells of no event.",
        why=Reason(zh="有人要求发送测试消息", en="somebody asked for a test message"),
    )


def _set_paused(watch_id: str, paused: bool) -> None:
    with opened_store(read_settings()) as store, store.writing() as session:
        watch = _kept(stored.get(session, watch_id), watch_id)
        stored.save(session, watch.model_copy(update={"paused": paused}))
    complain(f"watch {watch_id} {'paused' if paused else 'resumed'}")


def _kept(watch: Watch | None, watch_id: str) -> Watch:
    if watch is None:
        raise Refusal(f"there is no watch {watch_id!r}; `launchwatch watches` lists them")
    return watch


def _shown(watch: Watch) -> Watch:
    """The watch as it may be shown: without the keys and secrets of its destinations."""
    return watch.model_copy(update={"destinations": tuple(map(masked, watch.destinations))})


def _slug(name: str) -> str:
    return re.sub(r"[^\w]+", "-", name.casefold()).strip("-") or "watch"


def _asks(watch: Watch) -> str:
    """What a watch asks for, in one line."""
    lists = (watch.companies, watch.products, watch.modalities, watch.event_types, watch.layers, watch.themes)
    parts = [", ".join(values) for values in (*lists, watch.securities, watch.words) if values]
    parts += [f"importance ≥ {watch.minimum_importance:g}"] if watch.minimum_importance else []
    parts += [f"tier ≤ {watch.minimum_tier}"] if watch.minimum_tier < 3 else []
    return "; ".join(parts) or "everything"


def _when(watch: Watch) -> str:
    """When a watch tells, in one line."""
    at = {"daily": watch.daily_at, "sessions": ", ".join(watch.sessions)}.get(watch.cadence, "")
    parts = [
        "paused" if watch.paused else "",
        f"{watch.cadence} {at}".strip(),
        f"quiet {watch.quiet}" if watch.quiet else "",
    ]
    return "; ".join(part for part in parts if part)

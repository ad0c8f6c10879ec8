"""`launchwatch doctor`: what is wrong with this installation, and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import typer

from cli.addresses import wrong_addresses
from cli.console import Refusal, now, read_knowledge, read_settings
from cli.store import opened_store
from crawlers.crawl import FetchState, Health
from pipeline.records import State
from settings import Settings
from storage import documents, outbox, queue, sources, subscriptions
from storage.engine import Store
from worker.deliver import masked
from worker.watchdog import fell_asleep

app = typer.Typer(add_completion=False)

SILENT = timedelta(minutes=3)
"""A job that has not said for so long that it lives is down: it says so every 15 to 60 seconds."""

Finding = tuple[bool, str]


@app.command()
def doctor() -> None:
    """Look over settings, knowledge, store, queue, sources and deliveries; say what is wrong and what to do."""
    settings = read_settings()
    findings = [(True, f"home {settings.home}"), *_space(settings)]
    knowledge = read_knowledge(settings)
    sizes = {name: len(getattr(knowledge, name)) for name in ("companies", "products", "relations", "themes")}
    findings.append((True, f"knowledge {knowledge.version}: " + ", ".join(f"{n} {name}" for name, n in sizes.items())))
    findings += _addresses(settings, knowledge.lenses)
    with opened_store(settings) as store:
        findings += _store(store, now())
    for fine, text in findings:
        typer.echo(f"{'ok  ' if fine else 'BAD '} {text}")
    wrong = sum(not fine for fine, _ in findings)
    if wrong:
        raise Refusal(f"{wrong} things are wrong (BAD above)")


def _space(settings: Settings) -> Iterator[Finding]:
    home = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(home).free / 2**30
    yield free > 1, f"{free:.1f} GiB free" + ("" if free > 1 else ": make room, or the store stops taking documents")


def _addresses(settings: Settings, lenses: Collection[str]) -> Iterator[Finding]:
    wrong = list(wrong_addresses(settings, lenses))
    yield from ((False, line) for line in wrong)
    address = settings.operator.get_secret_value()
    if not address:
        yield True, "nobody is told when a source fails: LAUNCHWATCH_OPERATOR names a channel"
    elif not any(line.startswith("LAUNCHWATCH_OPERATOR") for line in wrong):
        yield True, f"{masked(address)} is told when a source or a part fails"


def _is_bad(state: sources.SourceState) -> bool:
    """Whether a source does not do well: as the operator is told of it, so not where it slept before we came."""
    if state.health == Health.LATE:
        return fell_asleep(Health.LATE, FetchState.model_validate_json(state.state))
    return state.health in (Health.FAILING, Health.BLOCKED, Health.GONE)


def _store(store: Store, at: datetime) -> Iterator[Finding]:
    with store.reading() as session:
        counts = documents.counts_by_state(session)
        waiting = [d for d in queue.depth(session, at) if d.state != "quarantined"]
        aside = queue.quarantined(session)
        beats = queue.heartbeats(session)
        states = sources.all_states(session)
        deliveries = outbox.counts_by_state(session)
        notices = sources.notices(session)
        hubs = subscriptions.all_subscriptions(session)
    yield True, f"store {store}: " + ", ".join(f"{n} {state.value}" for state, n in counts.items())
    failed = counts[State.FAILED]
    yield not failed, f"{failed} documents failed" + ("; `launchwatch replay` tries them again" if failed else "")
    for work in aside[:5]:
        yield (
            False,
            f"set aside: {work.kind} {work.subject}: {work.reason}; `launchwatch replay --aside` tries it again",
        )
    for depth in waiting:
        late = at - depth.oldest > timedelta(minutes=10)
        yield not late, f"{depth.count} {depth.kind} waiting, the oldest since {depth.oldest:%Y-%m-%d %H:%M} UTC"
    if not beats:
        yield True, "no worker has ever run here; `launchwatch up` starts one"
    for name, beat in beats.items():
        quiet = at - beat
        yield (
            quiet < SILENT,
            f"{name} was last alive {beat:%Y-%m-%d %H:%M:%S} UTC"
            + ("" if quiet < SILENT else ": it is down; start `launchwatch up`"),
        )
    bad = [s for s in states if _is_bad(s)]
    asleep = sum(s.health == Health.LATE for s in states) - sum(s.health == Health.LATE for s in bad)
    yield (
        not bad,
        f"{len(states)} sources read, {len(bad)} of them late, failing, blocked or gone"
        + (": `launchwatch sources`" if bad else ""),
    )
    for state in bad[:10]:
        last = f"{state.last_success_at:%Y-%m-%d %H:%M} UTC" if state.last_success_at else "never"
        why = state.reason or f"nothing new since {state.last_new_at:%Y-%m-%d %H:%M} UTC"
        yield False, f"source {state.source_id} is {state.health}, last read {last}: {why}"
    if asleep:
        yield True, f"{asleep} sources have written nothing for long: they slept before we came"
    if hubs:
        verified = sum(hub.state == "verified" for hub in hubs)
        yield True, f"{len(hubs)} hubs asked to push, {verified} of them do; all feeds are polled besides"
    dead = deliveries.get("dead", 0)
    yield (
        not dead,
        f"{sum(deliveries.values())} deliveries, {dead} given up"
        + ("; `launchwatch alerts` shows why" if dead else ""),
    )
    for notice in notices[:10]:
        yield True, f"note: {notice.kind} {notice.subject}: {notice.text}"

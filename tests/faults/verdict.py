"""What a run kept, against what the world told: nothing missing, nothing twice, the store whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select, text

from pipeline.records import Document, State
from storage import backup, documents, events, outbox, queue, tables
from storage.engine import Store
from tests.faults.stories import Kind, Story
from tests.faults.world import World

MANY = 1_000_000


@dataclass
class Tally:
    """A fault's line of the table."""

    fault: str
    seed: int
    attempted: int = 0
    acked: int = 0
    ok: int = 0
    lost: int = 0
    duplicated: int = 0
    recovered: int = 0
    unexpected: int = 0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)
    """Measured beside the counts: how many kills, how slow the slowest."""
    wrong: list[str] = field(default_factory=list)
    """What is lost, duplicated or unexpected, in words."""

    def lose(self, what: str, count: int = 1) -> None:
        """Something that should be there and is not."""
        self.lost += count
        self.wrong.append(f"lost: {what}")

    def double(self, what: str, count: int = 1) -> None:
        """Something that is there more than once."""
        self.duplicated += count
        self.wrong.append(f"duplicated: {what}")

    def wonder(self, what: str, count: int = 1) -> None:
        """Something that nobody expects."""
        self.unexpected += count
        self.wrong.append(f"unexpected: {what}")

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost, twice or odd."""
        return not (self.lost or self.duplicated or self.unexpected)


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    stored: int
    pending: int
    unsent: int
    pushes: int
    works: int

    @property
    def is_quiet(self) -> bool:
        """Whether nothing that was taken in waits any more."""
        return not (self.pending or self.unsent or self.pushes or self.works)


def progress(store: Store) -> Progress:
    """How far the store has come."""
    with store.reading() as session:
        states = documents.counts_by_state(session)
        deliveries = outbox.counts_by_state(session)
        pushes = session.execute(text("SELECT count(*) FROM pushes")).scalar_one()
        works = session.execute(text("SELECT count(*) FROM work WHERE state <> 'quarantined'")).scalar_one()
    unsent = sum(count for state, count in deliveries.items() if state not in ("sent", "dead"))
    return Progress(
        stored=sum(states.values()), pending=states[State.PENDING], unsent=unsent, pushes=pushes, works=works
    )


def judge(tally: Tally, store: Store, world: World) -> None:
    """The whole account of a run, into its line."""
    kept = _all(store)
    with store.reading() as session:
        fates = {row.id: row for row in session.execute(_FATES)}
    by_key: dict[str, list[Document]] = defaultdict(list)
    twins: dict[str, list[Document]] = {}
    for document in kept:
        by_key[(document.url or "").rpartition("/")[2]].append(document)
    tally.attempted, tally.acked = len(world.told), len(kept)
    homes: dict[int, set[str]] = defaultdict(set)
    for story in world.told:
        twin = Story(story.number, _TWIN[story.kind], 0, "", "", story.published_at).key
        copied = {document.id for document in by_key.get(twin, twins.get(twin, []))}
        twins[story.key] = by_key.pop(story.key, [])
        tally.ok += _is_ok(tally, story, twins[story.key], copied, fates, homes)
    for key in by_key:
        tally.wonder(f"a document that nobody told: {key}")
    _judge_events(tally, store, homes)
    _judge_alerts(tally, store, world, homes)
    _judge_store(tally, store)


_documents = tables.table(tables.DocumentRow)
_FATES = select(
    _documents.c.id, _documents.c.state, _documents.c.event_id, _documents.c.reason, _documents.c.duplicate_of
)
_TWIN: dict[str, Kind] = {"news": "again", "again": "news", "off-topic": "off-topic"}


def _all(store: Store) -> list[Document]:
    with store.reading() as session:
        ids = documents.ids(session, limit=MANY)
        return [found for at in range(0, len(ids), 5000) for found in documents.several(session, ids[at : at + 5000])]


def _is_ok(
    tally: Tally,
    story: Story,
    found: Sequence[Document],
    copied: set[str],
    fates: Mapping[str, object],
    homes: dict[int, set[str]],
) -> bool:
    """Whether a story is one document that ended where it should."""
    if not found:
        tally.lose(f"{story.key} of site {story.source} is not stored")
        return False
    if len(found) > 1:
        tally.double(f"{story.key} is {len(found)} documents", len(found) - 1)
    fate: object = fates[found[0].id]
    state, event_id, reason, of = (getattr(fate, name) for name in ("state", "event_id", "reason", "duplicate_of"))
    if state == State.PENDING.value:
        tally.lose(f"{story.key} is still pending")
    elif story.kind == "off-topic":
        if state == State.REJECTED.value and event_id is None:
            return True
        tally.wonder(f"{story.key} should be rejected and is {state}: {reason}")
    elif state == State.DONE.value and event_id:
        homes[story.number].add(event_id)
        return True
    elif state == State.DUPLICATE.value and of in copied:
        return True
    else:
        tally.wonder(f"{story.key} ended as {state}: {reason}")
    return False


def _judge_events(tally: Tally, store: Store, homes: dict[int, set[str]]) -> None:
    """One event a happening; every report in exactly one event."""
    tenants: dict[str, set[int]] = defaultdict(set)
    for number, ids in homes.items():
        if len(ids) > 1:
            tally.double(f"happening {number} is {len(ids)} events", len(ids) - 1)
        for event_id in ids:
            tenants[event_id].add(number)
    for event_id, numbers in tenants.items():
        if len(numbers) > 1:
            tally.wonder(f"event {event_id} mixes happenings {sorted(numbers)}", len(numbers) - 1)
    with store.reading() as session:
        stored = events.recent(session, MANY)
    seats = Counter(report.document_id for event in stored for report in event.reports)
    for document_id, count in seats.items():
        if count > 1:
            tally.double(f"document {document_id} is told of by {count} events", count - 1)
    for event in stored:
        if event.id not in tenants:
            tally.wonder(f"event {event.id} has no document")


def _judge_alerts(tally: Tally, store: Store, world: World, homes: dict[int, set[str]]) -> None:
    """One alert a happening, received under one id; every delivery resolved."""
    with store.reading() as session:
        made = session.execute(text("SELECT id, event_id FROM alerts WHERE watch_id = 'everything'")).all()
        states = outbox.counts_by_state(session)
        again = session.execute(text("SELECT count(*) FROM delivery_attempts WHERE state <> 'sent'")).scalar_one()
    by_event: dict[str, list[str]] = defaultdict(list)
    for alert_id, event_id in made:
        by_event[event_id].append(alert_id)
    taken = Counter(received.id for received in world.journal)
    for number, ids in homes.items():
        alerts = [alert for event_id in ids for alert in by_event[event_id]]
        if not alerts:
            tally.lose(f"happening {number} raised no alert")
        elif len(alerts) > 1:
            tally.double(f"happening {number} raised {len(alerts)} alerts", len(alerts) - 1)
        for alert in alerts:
            if not taken[alert]:
                tally.lose(f"alert {alert} never arrived")
    for alert in set(taken) - {alert_id for alert_id, _ in made}:
        tally.wonder(f"the receiver was sent {alert}, of which the store knows nothing")
    for state, count in states.items():
        if state != "sent":
            tally.wonder(f"{count} deliveries ended as {state}", count)
    tally.recovered += again
    repeats = taken.total() - len(taken)
    tally.remarks.append(f"{len(made)} alerts, {repeats} raw repeats")


def _judge_store(tally: Tally, store: Store) -> None:
    """The store whole, its queue empty."""
    for fault in backup.faults(store):
        tally.wonder(fault)
    with store.reading() as session:
        for work in queue.quarantined(session, MANY):
            tally.wonder(f"{work.kind} {work.subject} was set aside after {work.attempts}: {work.reason}")
        left = [depth for depth in queue.depth(session, datetime.now(UTC)) if depth.state != "quarantined"]
    for depth in left:
        tally.lose(f"{depth.count} {depth.kind} still {depth.state}", depth.count)

"""Real weeks replayed in order of time through the whole trip, with a watch on each of some companies: is each annotated event
told exactly once?

    python -m benchmarks.replay_alerts --data DIR [--companies 10] [--explain]

DIR holds `week_2024_03.jsonl` and `week_2024_03_events.jsonl`. The companies are those with the most annotated documents that
the knowledge base knows. A row knows only its day: it counts as published that day, and as seen at a time of that day, in
the order of the file, so that each has a minute of its own. A page that gave several rows is no address of any of them.
Told once means: of the events that hold its documents, one was told as new. `late` is a telling that waited for a later look
though a document was there; an update is no repetition.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.lexicon import Lexicon
from pipeline.records import Alert, RawDocument, Watch
from pipeline.text import fold
from pipeline.watching import ABOUT
from storage import documents, events, watches
from storage.engine import open_store
from worker import jobs
from worker.desk import Desk

ZONE = ZoneInfo("Asia/Shanghai")
CHUNK = 25
"""Documents between two looks of the worker, which takes them by day and not by minute."""
LATE = timedelta(minutes=CHUNK)
"""A telling is late that was brought by a document of a later look."""


@dataclass
class Annotated:
    """An annotated event of a watched company, and what was told of it."""

    id: str
    label: str
    company: str
    document_ids: tuple[str, ...]
    told: list[Alert] = field(default_factory=list)
    updates: int = 0
    first_seen: datetime | None = None

    @property
    def verdict(self) -> str:
        """`once`, `missed`, `duplicate` or `late`."""
        if len(self.told) != 1:
            return "duplicate" if self.told else "missed"
        at = self.told[0].seen_at
        return "late" if at and self.first_seen and at > self.first_seen + LATE else "once"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--companies", type=int, default=10)
    asked.add_argument(
        "--explain", action="store_true", help="show besides where the documents of each event not told once went"
    )
    said = asked.parse_args()
    rows = _rows(said.data / "week_2024_03.jsonl")
    knowledge = load()
    labelled = _rows(said.data / "week_2024_03_events.jsonl")
    annotated = chosen(labelled, knowledge, said.companies)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/replay.db")
        desk = Desk(store=store, lexicon=Lexicon(knowledge), sources={}, zone=ZONE)
        began = time.perf_counter()
        stored = replay(desk, rows, sorted({one.company for one in annotated}))
        took = time.perf_counter() - began
        attribute(desk, annotated, stored, {doc: one["event_id"] for one in labelled for doc in one["doc_ids"]})
        print(f"{len(rows)} documents in {took:.0f} s; {len({one.company for one in annotated})} companies watched")
        report(desk, annotated, stored, explain=said.explain)
        store.close()


def chosen(rows: Sequence[dict[str, Any]], knowledge: KnowledgeBase, most: int) -> list[Annotated]:
    """The annotated events of the companies with the most annotated documents that the knowledge base knows."""
    by_name = {fold(name): company.id for company in knowledge.companies.values() for name in company.names}
    known = [(by_name.get(fold(row["main_company"])), row) for row in rows]
    weight = Counter[str]()
    for company, row in known:
        if company:
            weight[company] += row["n_docs"]
    top = {company for company, _ in sorted(weight.items(), key=lambda item: (-item[1], item[0]))[:most]}
    return [
        Annotated(row["event_id"], row["label"], company, tuple(row["doc_ids"]))
        for company, row in known
        if company in top and company
    ]


def replay(desk: Desk, rows: Sequence[dict[str, Any]], companies: Sequence[str]) -> dict[str, str]:
    """Every row through the door and the trip; the store's id of each row's document."""
    with desk.store.writing() as session:
        for company in companies:
            watches.save(session, Watch(id=company, name=company, companies=(company,), rumours=True, language="en"))
    stored: dict[str, str] = {}
    ordered = sorted(rows, key=lambda row: row["date"])
    pages = Counter(row["url"] for row in rows)
    per_day: Counter[str] = Counter()
    for start in range(0, len(ordered), CHUNK):
        raws = [_raw(row, pages, per_day) for row in ordered[start : start + CHUNK]]
        now = raws[-1].first_seen_at + timedelta(seconds=1)
        for row, raw in zip(ordered[start : start + CHUNK], raws, strict=True):
            received = jobs.receive(desk, [raw], now)
            stored[row["id"]] = received.ids[0] if received.ids else ""
        while jobs.process_due(desk, now):
            pass
    return stored


def _raw(row: dict[str, Any], pages: Counter[str], per_day: Counter[str]) -> RawDocument:
    day = datetime.combine(date.fromisoformat(row["date"]), clock(), ZONE).astimezone(UTC)
    per_day[row["date"]] += 1
    return RawDocument(
        id=row["id"],
        source_id=row["source"],
        tier=2,
        url=row["url"] if pages[row["url"]] == 1 else None,
        title=row["title"] or "",
        text=row["text"] or "",
        language=row["lang"],
        published_at=day,
        published_precision="day",
        first_seen_at=day + timedelta(hours=8, seconds=60 * per_day[row["date"]]),
    )


def attribute(desk: Desk, annotated: Sequence[Annotated], stored: dict[str, str], labels: dict[str, str]) -> None:
    """Which alerts told of each annotated event: those of the events of ours that its documents sit in, where they lead."""
    with desk.store.reading() as session:
        raised: dict[tuple[str, str], list[Alert]] = defaultdict(list)
        for alert in watches.alerts(session, limit=100_000):
            raised[alert.event_id, alert.watch_id].append(alert)
        homes: dict[str, Counter[str]] = defaultdict(Counter)
        for row, label in labels.items():
            homes[documents.seat_of(session, stored[row]) or ""][label] += 1
        for one in annotated:
            seen = [
                document.first_seen_at for row in one.document_ids if (document := documents.get(session, stored[row]))
            ]
            one.first_seen = min(seen, default=None)
            for home, holds in homes.items():
                if home and holds[one.id] and holds[one.id] == max(holds.values()):
                    alerts = raised[home, one.company]
                    one.told += [alert for alert in alerts if alert.version == 1]
                    one.updates += sum(alert.version > 1 for alert in alerts)


def report(desk: Desk, annotated: Sequence[Annotated], stored: dict[str, str], *, explain: bool) -> None:
    """A line an event with what came of it, why it was not told once, the counts; on request where its documents went."""
    for one in annotated:
        print(f"{one.verdict:9}  {one.company:14} {one.label[:52]:52}  told {len(one.told)}  updates {one.updates}")
        if one.verdict != "once":
            for line in [*reasons(desk, one, stored), *(explained(desk, one, stored) if explain else [])]:
                print(f"             {line}")
    counts = Counter(one.verdict for one in annotated)
    print(f"{len(annotated)} annotated events: " + ", ".join(f"{n} {word}" for word, n in counts.most_common()))
    with desk.store.reading() as session:
        every = watches.alerts(session, limit=100_000)
    births = sum(alert.version == 1 for alert in every)
    print(f"{len(every)} alerts in all: {births} events told as new, {len(every) - births} updates")


def reasons(desk: Desk, one: Annotated, stored: dict[str, str]) -> list[str]:
    """Why an event was told more than once, late or not at all: a line a telling."""
    if not one.told:
        return ["none of its documents made an event that is about the company and new"]
    tellings = sorted(one.told, key=lambda alert: alert.made_at)
    with desk.store.reading() as session:
        ours = {stored[row] for row in one.document_ids}
        return [
            f"{alert.seen_at:%m-%d %H:%M} “{alert.title[:48]}”: {_reason(session, tellings[0], alert, one.company, ours)}"
            for alert in tellings
        ]


def _reason(session: Session, first: Alert, alert: Alert, company: str, ours: set[str]) -> str:
    event = events.get(session, alert.event_id)
    assert event is not None, "what was told is kept"
    brought = next(report for report in event.reports if report.first_seen_at == alert.seen_at)
    parts = []
    if brought.document_id not in ours:
        parts.append("told of another report, which is none of its documents; one of them joined it later")
    if event.follows:
        parts.append(f"a follow-up {event.days_after:.1f} days after {event.follows}")
    shared = [tag.name for tag in event.products if tag.company == company and tag.relevance >= ABOUT]
    parts.append(f"names {', '.join(shared[:3])}" if shared else "names no product of the company")
    facts = [f"{fact.kind} {fact.value:g}" for fact in event.facts if fact.document_id == brought.document_id]
    parts += [f"says {', '.join(facts[:4])}"] if facts else []
    apart = alert.made_at - first.made_at
    return "; ".join([*parts, f"{apart.total_seconds() / 3600:.0f} h after the first"])


def explained(desk: Desk, one: Annotated, stored: dict[str, str]) -> list[str]:
    """Where each document of an event went, and what its event says of the watched company."""
    lines = [f"told {alert.seen_at:%m-%d %H:%M} as {alert.event_id}: {alert.title[:60]}" for alert in one.told]
    with desk.store.reading() as session:
        for row in one.document_ids:
            fate = documents.fate(session, stored[row]) if stored[row] else None
            event = events.get(session, fate.event_id) if fate and fate.event_id else None
            tag = next((tag for tag in event.companies if tag.id == one.company), None) if event else None
            about = f"{tag.role} {tag.relevance}" if tag else "company not seen"
            where = f"{event.id} {event.certainty} {about}; {len(event.reports)} reports" if event else ""
            state = f"{fate.state.value} {fate.reason}" if fate else "known at the door"
            document = documents.get(session, stored[row]) if stored[row] else None
            seen = f"{document.first_seen_at:%m-%d %H:%M}" if document else ""
            lines.append(f"{row} {seen} {state} {where} | {document.title[:60] if document else ''}")
    return lines


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()

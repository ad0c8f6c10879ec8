"""The hot queries of a filled PostgreSQL store: which table each reads from end to end, and how long it takes.

    python -m benchmarks.bench_plans postgresql://...    # as `benchmarks/filled.py` fills it

A table that is read from end to end and holds more than a thousand rows is a fault, and the exit code says so.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from pipeline.query import plain
from pipeline.records import Fingerprint, State
from storage import documents, events, finding, gauges, likenesses, outbox, queue, sources, watches
from storage.engine import open_store

LARGE = 1_000
_SCANNED = re.compile(r"Seq Scan on (\w+)")
_TIMED = re.compile(r"(?:Planning|Execution) Time: ([0-9.]+) ms")
PRINT = Fingerprint(url="u", text="t", bands=tuple(f"b{number}" for number in range(32)))


def hot(session: Session) -> dict[str, Callable[[], object]]:
    """What runs for each document, each page or each look at the figures, by name."""
    ids = list(session.execute(text("SELECT id FROM documents TABLESAMPLE SYSTEM (0.01) LIMIT 50")).scalars())
    keys = list(session.execute(text("SELECT key FROM event_keys TABLESAMPLE SYSTEM (0.05) LIMIT 12")).scalars())
    one = session.execute(text("SELECT id FROM events LIMIT 1")).scalar_one()
    at = session.execute(text("SELECT max(filed_at) FROM documents")).scalar_one()
    minute, day = timedelta(minutes=1), timedelta(days=1)
    return {
        "claim work": lambda: queue.claim(session, [documents.PROCESS], at, minute, 50),
        "due work": lambda: queue.due(session, [documents.PROCESS], at),
        "entries": lambda: documents.raws(session, ids),
        "seats": lambda: documents.seats_of(session, ids),
        "known hashes": lambda: likenesses.known(session, likenesses.hashes(PRINT)),
        "like documents": lambda: likenesses.under(session, likenesses.hashes(PRINT)),
        "candidates": lambda: events.candidates(session, keys, at, timedelta(days=21), 30),
        "abandoned": lambda: documents.fail_abandoned(session, at),
        "claim deliveries": lambda: outbox.claim(session, at, minute),
        "next delivery": lambda: outbox.next_due(session),
        "documents of event": lambda: documents.of_event(session, one),
        "links of event": lambda: events.links_of(session, one),
        "scores of event": lambda: events.scores_of(session, one),
        "follow-ups": lambda: events.follow_ups(session, one),
        "page of events": lambda: events.page(session),
        "page of a company": lambda: events.page(session, company="company-3"),
        "a day's events": lambda: events.between(session, at - day, at),
        "search": lambda: finding.find(session, plain("w3")),
        "failed documents": lambda: documents.in_state(session, State.FAILED),
        "documents by source": lambda: sources.document_counts(session, at - day),
        "newest alerts": lambda: watches.alerts(session),
        "figures": lambda: gauges.read(session, at),
    }


def plans(session: Session, ask: Callable[[], object]) -> list[str]:
    """The plan of each statement that a question runs; what it changes is undone."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    nested = session.begin_nested()
    ask()
    nested.rollback()
    event.remove(engine, "before_cursor_execute", note)
    reads = [(said, values) for said, values in asked if said.lstrip().upper().startswith("SELECT")]
    return [_explained(session, said, values) for said, values in reads]


def _explained(session: Session, statement: str, values: Any) -> str:
    told = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE) {statement}", values)
    return "\n".join(told.scalars())


def main(arguments: Sequence[str]) -> int:
    """Print a line a question; 1 where a large table is read from end to end."""
    store = open_store(arguments[0])
    faults = 0
    with store.writing() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        rows = session.execute(text("SELECT relname, reltuples FROM pg_class"))
        sizes: dict[str, float] = {row.relname: row.reltuples for row in rows}
        for name, ask in hot(session).items():
            found = plans(session, ask)
            scanned = {table for plan in found for table in _SCANNED.findall(plan) if sizes.get(table, 0) > LARGE}
            took = sum(float(time) for plan in found for time in _TIMED.findall(plan))
            faults += bool(scanned)
            print(
                f"{name:22} {took:9.1f} ms  {'reads all of ' + ', '.join(sorted(scanned)) if scanned else 'by index'}"
            )
        session.rollback()
        session.connection()
    store.close()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How long a digest of a busy week takes, small and large side by side, from a store and in processor time.

    python -m benchmarks.bench_digest            500 and 5,000 events of one week, 2,000 earlier ones to compare with
    python -m benchmarks.bench_digest --quick    100 and 1,000

Prints one JSON line a size and their relation: with ten times the events the time may grow about tenfold, not more.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from knowledge.load import load
from pipeline import digest
from pipeline.lexicon import Lexicon
from storage import events
from storage.engine import open_store
from tests.pipeline.founding_week import WEEK, founding_week
from worker.desk import Desk
from worker.digests import write

NOW = datetime(2024, 3, 25, 1, tzinfo=UTC)
SIZES = (500, 5_000)
QUICK = (100, 1_000)
ROUNDS = 3


def main(argv: list[str]) -> int:
    """Measures; 0 when done, 1 where the large week takes 5 s of processor time or more."""
    lexicon = Lexicon(load())
    found = [_measured(lexicon, size) for size in (QUICK if "--quick" in argv else SIZES)]
    for one in found:
        print(json.dumps(one))
    small, large = (one["write_cpu_s"] for one in found)
    print(json.dumps({"times_the_events": found[1]["events"] / found[0]["events"], "times_the_cpu": large / small}))
    return int(large >= 5.0)


def _measured(lexicon: Lexicon, size: int) -> dict[str, float]:
    """Seconds for a week of a size: to read and compose (the best of some rounds), and to show in each format."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'store.db'}")
        desk = Desk(store, lexicon, {}, ZoneInfo("Asia/Shanghai"))
        with store.writing() as session:
            for one in _week(size):
                events.save(session, one.event)
                events.save_links(session, one.event.id, one.links, NOW)
                events.save_scores(session, [one.score])
        lens, cpu, wall = lexicon.knowledge.lenses["media"], [], []
        for _ in range(ROUNDS):
            begun, spent = time.perf_counter(), time.process_time()
            made = write(desk, WEEK, lens, NOW)
            cpu.append(time.process_time() - spent)
            wall.append(time.perf_counter() - begun)
        store.close()
    shown = {f"{name}_cpu_s": _spent(made, name) for name in digest.FORMATS}
    return {"events": len(made.inputs), "write_cpu_s": round(min(cpu), 3), "write_wall_s": round(min(wall), 3), **shown}


def _spent(made: digest.Digest, name: str) -> float:
    begun = time.process_time()
    digest.render(made, name, "zh")
    return round(time.process_time() - begun, 3)


def _week(size: int) -> Iterator[digest.Ranked]:
    """Copies of the founding week's events, spread over the week; four for each ten again, three weeks before."""
    given = founding_week()
    for number in range(size + size * 2 // 5):
        one = given[number % len(given)]
        start = WEEK.start if number < size else WEEK.start - timedelta(days=21)
        yield _copy(one, f"ev-{number:05}", start + timedelta(minutes=number % 10_000), number)


def _copy(one: digest.Ranked, event_id: str, when: datetime, number: int) -> digest.Ranked:
    event = one.event
    reports = tuple(r.model_copy(update={"document_id": f"{r.document_id}-{number}"}) for r in event.reports)
    facts = tuple(f.model_copy(update={"document_id": f"{f.document_id}-{number}"}) for f in event.facts)
    event = event.model_copy(
        update={"id": event_id, "published_at": when, "occurred_on": None, "reports": reports, "facts": facts}
    )
    links = tuple(link.model_copy(update={"event_id": event_id}) for link in one.links)
    score = one.score.model_copy(update={"event_id": event_id, "total": 50.0 + number % 40})
    return digest.Ranked(event=event, links=links, score=score)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

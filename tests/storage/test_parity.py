"""SQLite and PostgreSQL do the same: whatever is done to both, as Hypothesis chooses, leaves them in one state."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.query import plain
from pipeline.records import Fingerprint, RawDocument, State
from storage import documents, events, finding, outbox, queue, search, sources, tables, watches
from storage.engine import Store, open_store
from tests import servers
from tests.factories import make_alert, make_event
from tests.storage.factories import MINUTE, NOW, make_link, make_sketch, make_tags

STEPS = int(os.environ.get("PARITY_STEPS", "25"))
RUNS = int(os.environ.get("PARITY_RUNS", "5"))
"""25 x 5 steps by default; PARITY_RUNS=400 does the 10,000 of the reliability plan."""

ODD = st.text(st.characters(codec=None), max_size=12) | st.sampled_from(["\x00", "a\x00b", "é", "e\u0301", "字" * 2000])
SAFE = st.text(st.characters(codec="utf-8"), max_size=12)
SMALL = st.integers(0, 4)
TIMES = st.integers(-3, 3).map(lambda n: NOW + n * MINUTE)
WORDS = st.lists(st.sampled_from(["开源", "源模", "模型", "型", "gpt", "5", "_"]), max_size=6)


class Parity(RuleBasedStateMachine):
    """Two stores side by side."""

    stores: tuple[Store, ...]
    clock: datetime = NOW

    def both(self, do: Callable[[Session], Any]) -> Any:
        """The one answer that both stores give."""
        answers = []
        for store in self.stores:
            with store.writing() as session:
                answers.append(do(session))
        assert answers[0] == answers[1]
        return answers[0]

    @rule(minutes=st.integers(0, 3))
    def time_passes(self, minutes: int) -> None:
        self.clock += timedelta(minutes=minutes)

    @rule(number=SMALL, title=SAFE, guid=SAFE | st.just("g" * 6000) | st.none(), at=TIMES)
    def receive(self, number: int, title: str, guid: str | None, at: datetime) -> None:
        raw = RawDocument(id=guid, source_id="feed", url=f"https://x/{number}", title=title, first_seen_at=at)
        self.both(lambda session: documents.receive(session, [raw], self.clock))

    @rule(limit=SMALL, ends=st.sampled_from(["done", "failed", "for good", "back", "vanish"]))
    def work(self, limit: int, ends: str) -> None:
        for work in self.both(lambda session: queue.claim(session, [documents.PROCESS], self.clock, MINUTE, limit)):
            self.both(partial(self._end, work=work, ends=ends))

    def _end(self, session: Session, work: queue.Work, ends: str) -> object:
        if ends == "done":
            raw = documents.raw(session, work.subject)
            document = documents.get(session, work.subject)
            assert document is not None
            print_of = Fingerprint(url=raw.url, text=raw.title, bands=("b",))
            parts = (document, print_of, make_tags(document.id), ())
            like = documents.like(session, print_of)
            documents.finish(session, *parts, state=State.DONE if not like else State.DUPLICATE, now=self.clock)
            return like, queue.done(session, work, self.clock)
        if ends == "failed":
            return queue.failed(session, work, "no", self.clock + MINUTE)
        if ends == "for good":
            return queue.failed(session, work, "no"), documents.fail_abandoned(session, self.clock)
        return queue.put_back(session, work, self.clock) if ends == "back" else None

    @rule()
    def replay(self) -> None:
        self.both(lambda session: documents.reopen(session, documents.ids(session), self.clock))

    @rule(number=SMALL, at=TIMES, title=ODD, keys=st.lists(SMALL, max_size=3), words=WORDS)
    def save_event(self, number: int, at: datetime, title: str, keys: list[int], words: list[str]) -> None:
        event = make_event("openai", id=f"e{number}", published_at=at, title_zh=tables.safe(title))
        sketch = make_sketch(event.id, *(f"k{key}" for key in keys), when=at)
        links = [make_link(event.id, f"NASDAQ:S{key}") for key in set(keys)]

        def save(session: Session) -> None:
            events.save(session, event, sketch)
            events.save_links(session, event.id, links, self.clock)
            search.index(session, "event", event.id, at, words, words[::-1], [f"co_{number}"])

        self.both(save)

    @rule(keys=st.lists(SMALL, max_size=4), at=TIMES, limit=st.integers(1, 3))
    def look_for_candidates(self, keys: list[int], at: datetime, limit: int) -> None:
        self.both(lambda s: events.candidates(s, [f"k{key}" for key in keys], at, 2 * MINUTE, limit))

    @rule(words=WORDS, text=ODD, number=SMALL | st.none())
    def look_for_words(self, words: list[str], text: str, number: int | None) -> None:
        tags = [] if number is None else [("co", str(number))]
        self.both(lambda s: finding.find(s, plain(" ".join(words), *tags)))
        self.both(lambda s: finding.find(s, plain(tables.safe(text))))

    @rule(number=SMALL, destination=ODD)
    def raise_alert(self, number: int, destination: str) -> None:
        alert = make_alert(id=f"a{number}", event_id=f"e{number}", made_at=self.clock)

        def save(session: Session) -> tuple[bool, int]:
            return watches.save_alert(session, alert), outbox.push(session, alert, [destination], self.clock)

        self.both(save)

    @rule(ends=st.sampled_from(["sent", "failed", "unknown", "vanish"]), retry=st.booleans())
    def send(self, ends: str, retry: bool) -> None:
        at = self.clock + MINUTE if retry else None
        for delivery in self.both(lambda session: outbox.claim(session, self.clock, MINUTE, 2)):
            if ends != "vanish":
                values: dict[str, Any] = {"state": ends, "answer": "answer", "now": self.clock, "retry_at": at}
                self.both(partial(outbox.finish, delivery=delivery, **values))

    @rule(kind=ODD, text=ODD)
    def notify(self, kind: str, text: str) -> None:
        self.both(lambda session: sources.notify(session, kind, "x", text, self.clock))

    @rule(job=SMALL, at=TIMES)
    def take_slot(self, job: int, at: datetime) -> None:
        self.both(lambda session: queue.slot(session, str(job), at))

    @invariant()
    def both_stores_hold_the_same(self) -> None:
        held = []
        for store in self.stores:
            with store.reading() as session:
                held.append({table.name: _rows(session, table) for table in tables.metadata.sorted_tables})
        assert held[0] == held[1]


def _rows(session: Session, table: Any) -> list[tuple[Any, ...]]:
    """A table's rows; a notice's number is nobody's business, and PostgreSQL counts those that met a conflict too."""
    shown = [c for c in table.columns if (table.name, c.name) != ("notices", "id")]
    return sorted((tuple(row) for row in session.execute(select(*shown))), key=repr)


@pytest.mark.slow
def test_whatever_is_done_leaves_both_stores_in_the_same_state(
    postgres_server: servers.Postgres, migrated_file: Path
) -> None:
    with tempfile.TemporaryDirectory() as folder:

        class Fresh(Parity):
            """A run on two empty stores."""

            def __init__(self) -> None:
                super().__init__()
                self.address = postgres_server.borrow()
                self.path = Path(tempfile.mkdtemp(dir=folder)) / "store.db"
                self.path.write_bytes(migrated_file.read_bytes())
                self.stores = (open_store(f"sqlite:///{self.path}"), open_store(self.address))

            def teardown(self) -> None:
                for store in self.stores:
                    store.close()
                postgres_server.give_back(self.address)

        checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
        run = settings(
            max_examples=RUNS, stateful_step_count=STEPS, deadline=None, suppress_health_check=checks, database=None
        )
        run_state_machine_as_test(Fresh, settings=run)

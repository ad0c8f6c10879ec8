"""Poison: stories whose words crash, fill or hang whatever reads them, as a fault in a parser's C code would."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from pipeline import flow
from pipeline.records import RawDocument, State
from storage import backup, documents, queue
from tests import servers
from tests.faults.stage import Stage, running, stage
from tests.faults.stories import OFF_TOPIC_EVERY, stories_of
from tests.faults.verdict import Tally, progress

CRASH, FILL, HANG = "POISON-CRASH", "POISON-FILL", "POISON-HANG"
GIBIBYTE = 1 << 30
PATIENCE = 150.0


def arm() -> None:
    """From now on this process's reader heeds the words of poison."""
    read = flow.read

    def heeding(raw: Any, lexicon: Any) -> Any:
        if CRASH in raw.title:
            os.kill(os.getpid(), signal.SIGKILL)
        if FILL in raw.title:
            _fill(4 * GIBIBYTE)
        while HANG in raw.title:
            time.sleep(0.1)
        return read(raw, lexicon)

    flow.read = heeding


def _fill(size: int) -> None:
    held = bytearray(size)
    for place in range(0, size, 4096):
        held[place] = 1


def feed_poison(tally: Tally, count: int, advance: Callable[[], None]) -> None:
    """One item that crashes, one that fills 4 GB, one that never ends, among `count` good ones, on both ways to run."""
    for scaled in (False, True):
        with ExitStack() as stack:
            place: dict[str, Any] = {}
            if scaled:
                address = stack.enter_context(servers.postgres()).borrow()
                place = {"database_url": address, "redis": stack.enter_context(servers.redis_server())}
            made = stack.enter_context(stage(sources=1, poison=True, hard_seconds=8.0, **place))
            roles = ("worker", "beat") if scaled else ("worker",)
            _feed(tally, made, roles, count // 2, advance)


def _feed(tally: Tally, made: Stage, roles: tuple[str, ...], count: int, advance: Callable[[], None]) -> None:
    dice = random.Random(tally.seed)
    words = [CRASH, FILL, HANG]
    raws = [_raw(number, made) for number in range(count)]
    for place, word in zip(sorted(dice.sample(range(count), len(words))), words, strict=True):
        raws.insert(place, _raw(place, made, word))
    with made.store.writing() as session:
        ids = documents.receive(session, raws, made.plan.now()).ids
    bad = {
        document_id: raw.title.split()[0] for document_id, raw in zip(ids, raws, strict=True) if "POISON" in raw.title
    }
    tally.attempted += len(ids)
    tally.acked += len(set(ids))
    with running(made, roles) as parts:
        made.revive_until(parts, lambda: not progress(made.store).pending, PATIENCE)
        tally.remarks.append(f"{dict(parts.ended) or 'no part'} ended and was started again ({', '.join(roles)})")
        tally.recovered += sum(times for line, times in parts.heard.items() if line == "again")
    _judge(tally, made, ids, bad, advance)


def _raw(number: int, made: Stage, word: str = "") -> RawDocument:
    (story, *_) = stories_of(number * OFF_TOPIC_EVERY + 1, 1, made.plan.now())
    title = f"{word} {number}" if word else story.title
    seen = {"published_at": story.published_at, "first_seen_at": story.published_at, "published_precision": "time"}
    return RawDocument.model_validate(
        {
            "source_id": "site-0",
            "title": title,
            "text": story.text,
            "url": f"https://example.com/{word}{number}",
            **seen,
        }
    )


def _judge(tally: Tally, made: Stage, ids: Sequence[str], bad: dict[str, str], advance: Callable[[], None]) -> None:
    with made.store.reading() as session:
        fates = {document_id: documents.fate(session, document_id) for document_id in ids}
        aside = {work.subject: work for work in queue.quarantined(session)}
    for document_id, fate in fates.items():
        advance()
        assert fate is not None
        if document_id not in bad:
            if fate.state is State.DONE:
                tally.ok += 1
            else:
                tally.lose(f"a good neighbour ended as {fate.state}: {fate.reason}")
            continue
        work = aside.get(document_id)
        if work is None or fate.state is not State.FAILED or not fate.reason:
            tally.wonder(f"{bad[document_id]} is {fate.state}, its work {work}")
        elif work.attempts != queue.STRIKES:
            tally.wonder(f"{bad[document_id]} had {work.attempts} attempts: {work.reason}")
        else:
            tally.ok += 1
            tally.remarks.append(f"{bad[document_id]}: {work.attempts} attempts, {fate.reason}")
    for fault in backup.faults(made.store):
        tally.wonder(fault)

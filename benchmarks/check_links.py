"""Every link of the installation's store held against what a link must carry; exits 1 where any lacks it.

    LAUNCHWATCH_HOME=... launchwatch ingest week_2024_03.jsonl
    LAUNCHWATCH_HOME=... python -m benchmarks.check_links

A link must have its reason in Chinese and in English, evidence, the day it speaks for, that day not before its relations
began, and stand behind every direct link of its event where it is indirect.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cli.console import read_knowledge, read_settings
from cli.store import opened_store
from knowledge.index import KnowledgeBase, last_day
from pipeline.records import Link
from pipeline.text import is_cjk
from storage import events as stored
from storage.engine import Store

EVER = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def main() -> int:
    """Print what every link that is wrong lacks, then how many were looked at."""
    settings = read_settings()
    knowledge = read_knowledge(settings)
    with opened_store(settings) as store:
        found = links_of(store)
    wrong = [fault for links in found for fault in faults(links, knowledge)]
    for fault in wrong:
        print(fault)
    links = sum(map(len, found))
    print(
        f"{links} links of {len(found)} events, {sum(link.direct for one in found for link in one)} direct; {len(wrong)} faults"
    )
    return 1 if wrong or not links else 0


def links_of(store: Store) -> list[list[Link]]:
    """The links of each event of a store that has any, in the order in which they are shown."""
    with store.reading() as session:
        events = stored.between(session, *EVER)
        known = stored.known_links(session, [event.id for event in events])
    return [[one.link for one in links] for links in known.values() if links]


def faults(links: Sequence[Link], knowledge: KnowledgeBase) -> Iterator[str]:
    """What the links of one event lack."""
    began = {relation.id: relation.valid_from for relation in knowledge.relations}
    for link in links:
        name = f"{link.event_id} {link.security_id}"
        if not any(map(is_cjk, link.reason.zh)):
            yield f"{name}: no reason in Chinese: {link.reason.zh!r}"
        if not any(letter.isascii() and letter.isalpha() for letter in link.reason.en):
            yield f"{name}: no reason in English: {link.reason.en!r}"
        if not all(one.strip() for one in link.evidence or ("",)):
            yield f"{name}: no evidence"
        for step in link.path[1:]:
            start = began.get(step)
            if start and last_day(start) > link.as_of:
                yield f"{name}: speaks for {link.as_of}, but {step} began in {start}"
    order = [link.direct for link in links]
    if order != sorted(order, reverse=True):
        yield f"{links[0].event_id}: an indirect link stands before a direct one"


if __name__ == "__main__":
    sys.exit(main())

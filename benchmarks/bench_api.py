"""How long the API's pages of events take over a large store: over HTTP on loopback, in process, and the raw database query.

    python -m benchmarks.bench_api --folder DIR [--documents 1000000] [--url postgresql://...] [--asked 500]

The store is one that benchmarks.filled makes, and in which nothing changes but that it is sealed. It is asked through the
whole web side, on a connection that is kept: one event with its links, scores and follow-ups; a page of 50; a page of a
company's 50, whose further pages are asked by cursor; and what changed in an hour. The raw query fetches the same rows.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.filled import END, filled
from benchmarks.served import Served, given, served, told
from storage import events
from storage.engine import Store


def main() -> None:
    """Print how long each way takes."""
    said = given(__doc__, 500)
    store, stream = filled(said.documents, said.folder, said.url)
    ids = some_events(store, said.asked)
    companies = stream.world.draw(random.Random(5), "companies", said.asked)
    print(f"{said.documents:,} documents in {store}; each asked {said.asked} times")
    with served(store) as web:
        told("one event over HTTP", ids, lambda id_: web.get(f"/v1/events/{id_}"))
        told("the newest 50", ids, lambda _: web.get("/v1/events"))
        told("a company's 50", companies, lambda name: web.get("/v1/events", {"company": name}))
        told("its next 50", companies, next_page(web))
        hour = {"since": (END - timedelta(hours=1)).isoformat(), "limit": "200"}
        told("changes of an hour", ids[:50], lambda _: web.get("/v1/changes", hour))
    with store.reading() as session:
        told("one event in process", ids, lambda id_: whole(session, id_))
        told("one event, raw", ids, lambda id_: raw(session, id_))
        told("a company's 50, in process", companies, lambda name: events.page(session, company=name, limit=50))
    store.close()


def some_events(store: Store, many: int) -> list[str]:
    """Events of all times, the same each run."""
    with store.reading() as session:
        found = session.execute(text("SELECT id FROM events ORDER BY id")).scalars().all()
    return random.Random(6).choices(found, k=many)


def next_page(web: Served) -> Callable[[str], object]:
    """How a company's next page is asked for: from the cursor that its last one gave."""
    cursors: dict[str, str] = {}

    def ask(name: str) -> None:
        query = {"company": name} | ({"cursor": cursors[name]} if name in cursors else {})
        if follows := json.loads(web.get("/v1/events", query))["next"]:
            cursors[name] = follows
        else:
            cursors.pop(name, None)

    return ask


def whole(session: Session, event_id: str) -> object:
    """What the API fetches for an event."""
    found = events.get(session, event_id)
    links, scores = events.links_of(session, event_id), events.scores_of(session, event_id)
    return found, links, scores, events.follow_ups(session, event_id)


def raw(session: Session, event_id: str) -> object:
    """The same rows by SQL alone."""
    of_event = ("events WHERE id", "links WHERE event_id", "scores WHERE event_id", "events WHERE follows")
    return [session.execute(text(f"SELECT * FROM {where} = :id"), {"id": event_id}).all() for where in of_event]


if __name__ == "__main__":
    main()

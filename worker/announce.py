"""Tells a WebSub hub which of the feeds that readers were given have something new; the hub then tells the readers."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from storage import events, feeds, live
from worker.deliver.outcome import Client, NoAnswer, NotReached, Request
from worker.desk import Desk

FORMATS = ("atom", "json")


def announce(desk: Desk, client: Client, hub: str, public_url: str, now: datetime) -> int:
    """How many feeds the hub was told of. What it does not take is told again in the next round."""
    with desk.store.reading() as session:
        given = feeds.given(session)
        if not given:
            return 0
        changed = dict(live.changed_since(session, min(feed.told_at for feed in given)))
        found = events.several(session, list(changed))
        linked = {event_id: events.securities_of(session, event_id) for event_id in found}
    news = [
        feed
        for feed in given
        if any(
            changed.get(id_, now) > feed.told_at and feeds.is_in(feed, event, linked[id_])
            for id_, event in found.items()
        )
    ]
    taken = [feed.token for feed in news if all(_ping(client, hub, topic(public_url, feed, form)) for form in FORMATS)]
    if taken:
        until = max(changed.values())
        with desk.store.writing() as session:
            feeds.told(session, taken, until)
    return len(taken)


def topic(public_url: str, feed: feeds.FeedAsked, form: str) -> str:
    """Where the outside reads a feed."""
    return f"{public_url}/feeds/{feed.token}.{form}"


def _ping(client: Client, hub: str, address: str) -> bool:
    """Whether the hub took it: any 2xx, as the recommendation's publishers do."""
    body = urlencode({"hub.mode": "publish", "hub.url": address}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = client.post(Request(url=hub, body=body, headers=headers))
    except (NoAnswer, NotReached):
        return False
    return 200 <= answer.status < 300

"""Subscriptions to hubs and what they push, on both stores."""

from __future__ import annotations

from datetime import timedelta

from storage import queue, sources, subscriptions
from storage.engine import Store
from tests.storage.factories import DAY, MINUTE, NOW

LEASE = timedelta(minutes=10)


def test_a_hub_is_wanted_once_and_given_up_when_its_feed_names_it_no_more(store: Store) -> None:
    with store.writing() as session:
        subscriptions.want(session, "acme", "https://hub", "https://acme/feed", NOW)
        first = subscriptions.get(session, "acme")
        subscriptions.want(session, "acme", "https://hub", "https://acme/feed", NOW + DAY)
        assert subscriptions.get(session, "acme") == first
        subscriptions.want(session, "acme", "https://other", "https://acme/feed", NOW + DAY)
        second = subscriptions.get(session, "acme")
        assert first is not None
        assert second is not None
        assert first.token != second.token
        assert subscriptions.by_token(session, first.token) is None
        subscriptions.want(session, "acme", None, None, NOW + DAY)
        assert subscriptions.all_subscriptions(session) == []


def test_what_is_due_is_taken_by_one(store: Store) -> None:
    with store.writing() as session:
        subscriptions.want(session, "acme", "https://hub", "https://acme/feed", NOW)
        assert len(subscriptions.take_due(session, NOW, NOW + LEASE)) == 1
        assert subscriptions.take_due(session, NOW, NOW + LEASE) == []
        assert len(subscriptions.take_due(session, NOW + LEASE, NOW + DAY)) == 1


def test_a_push_is_kept_until_it_was_read(store: Store) -> None:
    with store.writing() as session:
        subscriptions.want(session, "acme", "https://hub", "https://acme/feed", NOW)
        found = subscriptions.get(session, "acme")
        assert found is not None
        assert subscriptions.keep_push(session, found.token, "sha256=1", "text/xml", b"\x00\xff", NOW)
        ((_, number),) = queue.due(session, [subscriptions.PUSH], NOW)
        push = subscriptions.push(session, int(number))
        assert push is not None
        assert (push.body, push.source_id, push.received_at) == (b"\x00\xff", "acme", NOW)
        subscriptions.drop_push(session, push.id)
        assert subscriptions.push(session, push.id) is None


def test_a_visit_is_claimed_by_one_collector_at_a_time(store: Store) -> None:
    with store.writing() as session:
        sources.save_state(session, sources.SourceState(source_id="a", health="fresh", next_due=NOW - DAY))
        assert sources.claim(session, NOW, ["a", "new"], LEASE) == ["new", "a"]
        assert sources.claim(session, NOW, ["a", "new"], LEASE) == []
        assert sources.claim(session, NOW + LEASE, ["a", "new"], LEASE) == ["a", "new"]
        assert sources.state(session, "a").health == "fresh"


def test_notices_are_told_once_and_forgotten_in_time(store: Store) -> None:
    with store.writing() as session:
        sources.notify(session, "gap", "acme", "missed some", NOW)
        assert [n.subject for n in sources.untold(session)] == ["acme"]
        sources.mark_told(session, NOW)
        sources.notify(session, "gap", "acme", "missed more", NOW + MINUTE)
        assert sources.untold(session) == []
        assert sources.forget_notices(session, NOW) == 0
        assert sources.forget_notices(session, NOW + DAY) == 1

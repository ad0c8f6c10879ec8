"""Whatever reports come in whatever order: one birth a watch, updates only for substance, and silence for what is old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alert import AHEAD, FRESH, alerts, changes
from pipeline.records import Alert, Event, EventFact, Report
from pipeline.watching import WatchBook
from tests.factories import MOMENT, make_event, make_report, make_watch

BOOK = WatchBook(
    [make_watch(id="all"), make_watch(id="rumours too", rumours=True), make_watch(id="lab", companies=("lab",))]
)

STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "age": st.sampled_from([-48, -1, 0, 1, 30, 60, 500]),
            "dated": st.sampled_from([True, True, True, False]),
            "history": st.sampled_from([False, False, False, True]),
            "tier": st.sampled_from([1, 2, 3]),
            "certainty": st.sampled_from(["fact", "fact", "rumour", "denial", "retrospect"]),
            "value": st.sampled_from([None, None, 1, 2, 3]),
        }
    ),
    max_size=7,
)


def grown(event: Event | None, number: int, step: dict[str, Any]) -> tuple[Event, Report]:
    """The event with one more report, an hour after the one before."""
    seen = MOMENT + timedelta(hours=number)
    published = seen - timedelta(hours=step["age"]) if step["dated"] else None
    report = make_report(f"d{number}", at=published, first_seen_at=seen, tier=step["tier"], history=step["history"])
    fact = EventFact(
        kind="price",
        value=step["value"] or 0,
        unit="USD",
        quote=f"${step['value']}",
        document_id=f"d{number}",
        subject="lab",
    )
    facts = (*(event.facts if event else ()), *([fact] if step["value"] else []))
    reports = (*(event.reports if event else ()), report)
    first = min((r.published_at for r in reports if r.published_at), default=None)
    given = {"facts": facts, "reports": reports, "published_at": first, "certainty": step["certainty"]}
    return make_event("lab", **given), report


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_one_birth_a_watch_and_updates_for_substance_alone(steps: list[dict[str, Any]]) -> None:
    event: Event | None = None
    ever: dict[str, Alert] = {}
    for number, step in enumerate(steps):
        before = event
        event, brought = grown(before, number, step)
        now = brought.first_seen_at + timedelta(minutes=1)
        made = alerts(event, before, [], [], BOOK, now, brought)
        again = alerts(event, before, [], [], BOOK, now + timedelta(minutes=5), brought)
        assert [a.id for a in again] == [a.id for a in made]  # a retry makes the same ids
        is_old = (
            brought.published_at is None or brought.published_at > now + AHEAD or now - brought.published_at > FRESH
        )
        if is_old or step["history"] or step["certainty"] == "retrospect":
            assert made == []
        substance = list(changes(event, before)) if before else []
        for alert in made:
            if alert.version > 1:
                assert substance
                assert all(change.reason.en in alert.why.en for change in substance)
                assert alert.title.startswith("[Update]")
            else:
                assert not alert.title.startswith("[Update]")
            if alert.id in ever:  # kept once by the store: a birth has one id for ever
                assert alert.version == 1
            ever[alert.id] = alert
    for watch in BOOK.watches:
        births = {alert.id for alert in ever.values() if alert.watch_id == watch.id and alert.version == 1}
        assert len(births) <= 1

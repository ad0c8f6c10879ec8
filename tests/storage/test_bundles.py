from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.records import Alert
from storage import bundles, outbox, watches
from storage.engine import Store
from tests.factories import make_alert, make_watch
from tests.storage.factories import MINUTE, NOW

HOUR = timedelta(hours=1)
WATCH = make_watch(cadence="hourly", destinations=("mailto:a@example.com", "mailto:b@example.com"))


def after(slot: datetime) -> datetime:
    return slot + HOUR


def joined(bundle: bundles.Bundle, held: Sequence[Alert]) -> Alert:
    return make_alert(id=bundle.id, body="\n".join(alert.id for alert in held))


def test_alerts_of_one_slot_are_one_bundle_with_one_way_out_to_each_destination(store: Store) -> None:
    with store.writing() as session:
        for name in ("one", "two"):
            alert = make_alert(id=name)
            watches.save_alert(session, alert)
            bundle = bundles.hold(session, WATCH, alert, NOW + HOUR, after, NOW)
            bundles.hold(session, WATCH, alert, NOW + HOUR, after, NOW)
        assert [alert.id for alert in bundles.members(session, bundle.id)] == ["one", "two"]
        assert bundles.of_alert(session, "one") == bundle
        assert outbox.claim(session, NOW + HOUR - MINUTE, MINUTE) == []
        due = outbox.claim(session, NOW + HOUR, MINUTE)
        assert [(d.kind, d.alert_id) for d in due] == [("bundle", bundle.id)] * 2


def test_a_sealed_bundle_never_changes_and_what_comes_late_goes_to_the_next(store: Store) -> None:
    with store.writing() as session:
        for name in ("one", "late"):
            watches.save_alert(session, make_alert(id=name))
        first = bundles.hold(session, WATCH, make_alert(id="one"), NOW, after, NOW)
        sealed = bundles.seal(session, first.id, joined, NOW)
        second = bundles.hold(session, WATCH, make_alert(id="late"), NOW, after, NOW)
        assert second.slot == NOW + HOUR
        assert bundles.seal(session, first.id, lambda *_: make_alert(id="other"), NOW + MINUTE) == sealed
        assert sealed is not None
        assert sealed.body == "one"


def test_a_bundle_that_would_tell_nothing_stays_so(store: Store) -> None:
    with store.writing() as session:
        watches.save_alert(session, make_alert())
        bundle = bundles.hold(session, WATCH, make_alert(), NOW, after, NOW)
        assert bundles.seal(session, bundle.id, lambda *_: None, NOW) is None
        assert bundles.seal(session, bundle.id, joined, NOW) is None
        assert bundles.seal(session, "no such bundle", joined, NOW) is None

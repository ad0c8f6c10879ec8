from __future__ import annotations

from storage import watches
from storage.engine import Store
from tests.factories import make_alert, make_watch
from tests.storage.factories import DAY, NOW


def test_a_watch_is_kept_changed_and_removed(store: Store) -> None:
    with store.writing() as session:
        watches.save(session, make_watch(companies=("openai",)))
        watches.save(session, make_watch(companies=("kimi",), destinations=("mailto:a@example.com",)))
        watches.save(session, make_watch(id="w2", owner="bo"))
        assert watches.get(session, "w1") == make_watch(companies=("kimi",), destinations=("mailto:a@example.com",))
        assert [watch.id for watch in watches.all_watches(session)] == ["w1", "w2"]
        assert [watch.id for watch in watches.all_watches(session, "bo")] == ["w2"]
        assert watches.remove(session, "w1")
        assert not watches.remove(session, "w1")
        assert watches.get(session, "w1") is None


def test_an_alert_is_kept_once(store: Store) -> None:
    alert = make_alert()
    with store.writing() as session:
        assert watches.save_alert(session, alert)
        assert not watches.save_alert(session, alert)
        assert watches.save_alert(session, alert.model_copy(update={"id": "update", "version": 2}))
        assert watches.alert(session, alert.id) == alert
        assert [a.version for a in watches.alerts_of_event(session, alert.event_id)] == [1, 2]


def test_alerts_come_newest_first_in_pages_and_outlive_their_watch(store: Store) -> None:
    with store.writing() as session:
        watches.save(session, make_watch())
        for number in range(5):
            made_at = NOW + (number // 2) * DAY
            watches.save_alert(session, make_alert(id=f"a{number}", event_id=f"e{number}", made_at=made_at))
        watches.remove(session, "w1")
        first = watches.alerts(session, limit=2)
        rest = watches.alerts(session, before=first[-1])
        assert [a.id for a in first + rest] == ["a4", "a3", "a2", "a1", "a0"]
        assert watches.alerts(session, watch_ids=["w2"]) == []
        assert [a.id for a in watches.alerts(session, watch_ids=["w1"], since=NOW + 2 * DAY)] == ["a4"]

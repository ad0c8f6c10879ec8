from __future__ import annotations

from datetime import timedelta

from storage import alert_history, bundles, outbox, watches
from storage.engine import Store
from tests.factories import make_alert, make_watch
from tests.storage.factories import DAY, MINUTE, NOW


def test_history_is_found_by_watch_time_state_and_words(store: Store) -> None:
    with store.writing() as session:
        for number, title in enumerate(["Kimi 支持 200 万字", 'A "quoted" 100%_title', "held back"]):
            alert = make_alert(id=f"a{number}", watch_id=f"w{number}", title=title, made_at=NOW + number * DAY)
            watches.save_alert(session, alert)
            if number < 2:
                outbox.push(session, alert, ["mailto:a@example.com"], NOW)
            else:
                watch = make_watch(id="w2", cadence="daily", destinations=("mailto:b@example.com",))
                bundles.hold(session, watch, alert, NOW + 3 * DAY, lambda at: at + DAY, NOW)
        (sent, _) = outbox.claim(session, NOW, MINUTE)
        outbox.finish(session, sent, "sent", "250 ok", NOW)

        def found(**asked: object) -> list[str]:
            return [told.alert.id for told in alert_history.find(session, **asked)]  # type: ignore[arg-type]

        assert found() == ["a2", "a1", "a0"]
        assert found(watch_ids=["w1", "w2"]) == ["a2", "a1"]
        assert found(since=NOW + DAY, until=NOW + 2 * DAY) == ["a1"]
        assert found(text="200 万字") == ["a0"]
        assert found(text='a "QUOTED"') == ["a1"]
        assert found(text="100%_t") == ["a1"]
        assert found(text="1%t") == []
        assert found(states=["sent"]) == ["a0"]
        assert found(states=["new"]) == ["a2"]
        assert found(before=make_alert(id="a1", made_at=NOW + DAY)) == ["a0"]
        [held] = alert_history.find(session, text="held back")
        assert held.bundle is not None
        assert held.bundle.slot == NOW + 3 * DAY
        assert [d.kind for d in held.deliveries] == ["bundle"]


def test_news_that_another_watch_told_shows_that_way_out(store: Store) -> None:
    with store.writing() as session:
        for name in ("one", "two"):
            alert = make_alert(id=name, watch_id=name, substance="news", made_at=NOW + timedelta(seconds=1))
            watches.save_alert(session, alert)
            outbox.push(session, alert, ["mailto:a@example.com"], NOW)
        both = alert_history.find(session)
        assert [[d.alert_id for d in told.deliveries] for told in both] == [["one"], ["one"]]
        assert len(outbox.recent(session)) == 1

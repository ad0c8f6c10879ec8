"""One id follows a document through the logs: from the door to the delivery of its alert."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from storage import watches
from tests.factories import make_raw, make_watch
from worker import delivery, jobs, trail
from worker.deliver.outcome import Sent
from worker.desk import Desk

NOW = datetime(2024, 3, 18, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def every_level() -> Iterator[None]:
    """Logging as it is before any command set it up."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


class Kind:
    """A client whose every letter arrives."""

    def post(self, *_: object, **__: object) -> Sent:
        return Sent("ok")


def test_a_document_can_be_followed_by_its_id(desk: Desk, monkeypatch: object) -> None:
    with desk.store.writing() as session:
        watches.save(
            session, make_watch(id="xai", companies=("xai",), destinations=("webhook+https://hook.example/a",))
        )
    monkeypatch.setattr(delivery, "send", lambda *_, **__: Sent("ok"))  # type: ignore[attr-defined]
    with structlog.testing.capture_logs() as lines:
        received = jobs.receive(desk, [make_raw("xAI releases Grok-9", "xAI released Grok-9 today.")], NOW)
        trail.received("wire", received.fresh)
        jobs.process_due(desk, NOW)
        delivery.deliver_due(desk, Kind(), lambda: NOW)  # type: ignore[arg-type]  # nothing of it is called
    (document_id,) = received.fresh
    of_it = [line for line in lines if document_id in (line.get("document"), *line.get("documents", ()))]
    assert [line["event"] for line in of_it] == ["received", "read", "placed", "linked", "alerted", "delivered"]
    assert len({line["event_id"] for line in of_it if "event_id" in line}) == 1
    assert of_it[-1]["alert"] == of_it[-2]["alert"]


def test_what_was_not_kept_leaves_no_line(desk: Desk) -> None:
    with structlog.testing.capture_logs() as lines:
        jobs.receive(desk, [make_raw("周末北京有小雨", "周末出门请带伞。")], NOW)
        jobs.process_due(desk, NOW)
    assert [line["event"] for line in lines] == ["read", "placed"]
    assert lines[-1]["state"] == "rejected"


def test_the_door_says_which_are_new(desk: Desk) -> None:
    once = jobs.receive(desk, [make_raw("a title", "words " * 60)], NOW)
    again = jobs.receive(desk, [make_raw("a title", "words " * 60)], NOW)
    assert (once.fresh, again.fresh) == (once.ids, ())

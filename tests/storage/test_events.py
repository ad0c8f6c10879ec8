from __future__ import annotations

from datetime import datetime

import pytest

from pipeline.records import CompanyTag, Event, Modalities, ProductTag, SecurityTag
from storage import events
from storage.engine import Store
from tests.factories import make_event
from tests.storage.factories import DAY, MINUTE, NOW, make_link, make_score, make_sketch


def at(number: int, when: datetime = NOW, *companies: str, **given: object) -> Event:
    """Event number so-and-so, filed at a time."""
    return make_event(*companies, id=f"e{number}", published_at=when, **given)


def test_an_event_comes_back_as_it_was_saved(store: Store) -> None:
    event = at(1, NOW, "openai", title_zh="发布", modalities=Modalities(output=("video",)))
    with store.writing() as session:
        events.save(session, event)
    with store.reading() as session:
        assert events.get(session, "e1") == event
        assert events.get(session, "e2") is None
        assert events.count(session) == 1


def test_saving_again_replaces_and_refiles(store: Store) -> None:
    with store.writing() as session:
        events.save(session, at(1, NOW, "openai"))
        events.save(session, at(1, NOW - DAY, "kimi"))
        assert [e.id for e in events.between(session, NOW - DAY, NOW)] == ["e1"]
        assert events.between(session, NOW, NOW + DAY) == []
        assert events.page(session, company="openai").events == ()
        assert [e.id for e in events.page(session, company="kimi").events] == ["e1"]


def test_candidates_share_keys_near_in_time(store: Store) -> None:
    with store.writing() as session:
        for number, (keys, when) in enumerate(
            [(("a", "b"), NOW), (("a",), NOW - DAY), (("c",), NOW), (("a",), NOW - 9 * DAY), (("a",), NOW + DAY)]
        ):
            events.save(session, at(number, when), make_sketch(f"e{number}", *keys, when=when))
        found = events.candidates(session, ["a", "b"], NOW, 2 * DAY, 10)
        assert [sketch.event_id for sketch in found] == ["e0", "e4", "e1"]
        assert [sketch.event_id for sketch in events.candidates(session, ["b", "a"], NOW, 2 * DAY, 2)] == ["e0", "e4"]
        assert events.candidates(session, [], NOW, DAY) == []


def test_a_rare_key_counts_more_than_a_common_one(store: Store) -> None:
    with store.writing() as session:
        for number in range(events.PER_KEY + 50):
            when = NOW + number * MINUTE
            events.save(session, at(number, when), make_sketch(f"e{number}", "common", when=when))
        events.save(session, at(999, NOW - DAY), make_sketch("e999", "rare", when=NOW - DAY))
        found = events.candidates(session, ["common", "rare"], NOW, 5 * DAY, 3)
    assert [sketch.event_id for sketch in found] == ["e999", f"e{events.PER_KEY + 49}", f"e{events.PER_KEY + 48}"]


def test_keys_of_any_length_are_found(store: Store) -> None:
    long = "字" * 3000
    with store.writing() as session:
        events.save(session, at(1), make_sketch("e1", long))
        events.save(session, at(2), make_sketch("e2", long[:-1]))
        assert [s.event_id for s in events.candidates(session, [long], NOW, DAY)] == ["e1"]


def test_an_event_may_be_found_under_other_keys_than_its_sketch(store: Store) -> None:
    with store.writing() as session:
        events.save(session, at(1), make_sketch("e1", "a"))
        events.save(session, at(1), keys=["b"])
        assert events.candidates(session, ["a"], NOW, DAY) == []
        assert len(events.candidates(session, ["b"], NOW, DAY)) == 1


def test_pages_run_newest_first_without_gap_or_repeat(store: Store) -> None:
    with store.writing() as session:
        for number in range(23):
            events.save(session, at(number, NOW + (number // 4) * MINUTE))
        seen: list[str] = []
        cursor = None
        while True:
            page = events.page(session, cursor=cursor, limit=5)
            seen += [event.id for event in page.events]
            cursor = page.next
            if cursor is None:
                break
        assert seen == [event.id for event in events.recent(session, 100)]
        assert len(set(seen)) == 23


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, {"e0", "e1", "e2"}),
        ({"company": "openai"}, {"e0", "e1"}),
        ({"company": "openai", "modality": "video"}, {"e1"}),
        ({"product": "GPT-5"}, {"e0"}),
        ({"product": "gpt"}, {"e0"}),
        ({"event_type": "funding"}, {"e2"}),
        ({"security": "NASDAQ:NVDA"}, {"e0"}),
        ({"security": "300364.SZ"}, {"e2"}),
        ({"security": "300364.SZ", "company": "openai"}, set()),
        ({"since": NOW + MINUTE}, {"e1", "e2"}),
        ({"until": NOW + MINUTE}, {"e0"}),
    ],
)
def test_a_page_meets_every_filter(store: Store, wanted: dict[str, object], expected: set[str]) -> None:
    product = ProductTag(name="GPT-5", id="gpt", quote="GPT-5")
    with store.writing() as session:
        events.save(session, at(0, NOW, "openai", products=(product,)))
        events.save_links(session, "e0", [make_link("e0", "NASDAQ:NVDA")], NOW)
        events.save(session, at(1, NOW + MINUTE, "openai", modalities=Modalities(output=("video",))))
        named = SecurityTag(id="300364.SZ", quote="中文在线")
        events.save(session, at(2, NOW + DAY, "kimi", event_type="funding", securities=(named,)))
    with store.reading() as session:
        assert {event.id for event in events.page(session, **wanted).events} == expected  # type: ignore[arg-type]


def test_a_link_keeps_when_it_was_first_known(store: Store) -> None:
    nvidia, amd = make_link("e1", "NASDAQ:NVDA", weight=0.9), make_link("e1", "NASDAQ:AMD")
    with store.writing() as session:
        events.save(session, at(1))
        events.save_links(session, "e1", [nvidia], NOW)
        stronger = nvidia.model_copy(update={"weight": 0.95})
        events.save_links(session, "e1", [stronger, amd], NOW + DAY)
    with store.reading() as session:
        assert events.links_of(session, "e1") == [stronger, amd]
        assert events.links_of(session, "e1", known_by=NOW) == [stronger]
        assert events.links_of(session, "e1", known_by=NOW - MINUTE) == []


def test_a_link_no_longer_drawn_is_withdrawn_and_not_forgotten(store: Store) -> None:
    link = make_link("e1", "NASDAQ:NVDA")
    with store.writing() as session:
        events.save(session, at(1))
        events.save_links(session, "e1", [link], NOW)
        events.save_links(session, "e1", [], NOW + DAY)
        assert events.links_of(session, "e1") == []
        assert events.links_of(session, "e1", known_by=NOW) == [link]
        assert events.page(session, security="NASDAQ:NVDA").events == ()
        assert events.securities_of(session, "e1") == []
        events.save_links(session, "e1", [link], NOW + 2 * DAY)
        assert events.links_of(session, "e1") == [link]
        assert events.links_of(session, "e1", known_by=NOW + DAY) == []


def test_links_of_several_events_tell_since_when_they_are_known(store: Store) -> None:
    nvidia, amd = make_link("e1", "NASDAQ:NVDA", weight=0.9), make_link("e2", "NASDAQ:AMD")
    with store.writing() as session:
        for number in (1, 2):
            events.save(session, at(number))
        events.save_links(session, "e1", [nvidia], NOW)
        events.save_links(session, "e2", [amd], NOW + DAY)
        events.save_links(session, "e1", [], NOW + 2 * DAY)

    def known(by: datetime | None) -> dict[str, list[tuple[str, datetime]]]:
        with store.reading() as session:
            found = events.known_links(session, ["e1", "e2", "e3"], by)
        return {key: [(one.link.security_id, one.known_at) for one in links] for key, links in found.items()}

    first, second = ("NASDAQ:NVDA", NOW), ("NASDAQ:AMD", NOW + DAY)
    assert known(NOW - MINUTE) == {"e1": [], "e2": [], "e3": []}
    assert known(NOW) == {"e1": [first], "e2": [], "e3": []}
    assert known(NOW + DAY) == {"e1": [first], "e2": [second], "e3": []}
    assert known(None) == {"e1": [], "e2": [second], "e3": []}


def test_two_paths_to_one_security_are_two_links(store: Store) -> None:
    links = [make_link("e1", "NASDAQ:NVDA", "openai", path) for path in ("r1", "r2")]
    with store.writing() as session:
        events.save(session, at(1))
        events.save_links(session, "e1", links, NOW)
        assert len(events.links_of(session, "e1")) == 2
        assert len(events.links_of_all(session, ["e1", "e2"])["e1"]) == 2
        assert events.securities_of(session, "e1") == ["NASDAQ:NVDA"]


def test_scores_are_kept_by_lens(store: Store) -> None:
    with store.writing() as session:
        events.save(session, at(1))
        events.save_scores(session, [make_score("e1", "media", 70), make_score("e1", "all", 50)])
        events.save_scores(session, [make_score("e1", "media", 80)])
        assert [(s.lens, s.total) for s in events.scores_of(session, "e1")] == [("all", 50), ("media", 80)]
        assert events.scores_of_all(session, ["e1"], "media")["e1"].total == 80


def test_follow_ups_are_found_from_the_first(store: Store) -> None:
    with store.writing() as session:
        events.save(session, at(1))
        events.save(session, at(3, NOW + 2 * DAY, follows="e1"))
        events.save(session, at(2, NOW + DAY, follows="e1"))
        assert [event.id for event in events.follow_ups(session, "e1")] == ["e2", "e3"]


def test_several_events_come_by_their_ids(store: Store) -> None:
    with store.writing() as session:
        events.save(session, at(1, NOW, tags := "openai"))
        found = events.several(session, ["e1", "none"])
    assert {key: event.companies for key, event in found.items()} == {
        "e1": (CompanyTag(id=tags, relevance=100, role="actor", quote=tags),)
    }

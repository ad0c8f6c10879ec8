"""Which items are new: twelve ways for an item to come back in other clothes, and none for a new one to be lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from crawlers.entry import Entry
from crawlers.identity import canonical, is_flood, is_gap, remember, sort_out

FEEDS = 500
ITEMS = 6


def item(feed: int, number: int) -> Entry:
    return Entry(
        guid=f"https://site{feed}.example/?p={1000 + number}",
        url=f"https://site{feed}.example/2024/03/model-{number}-released",
        title=f"Company {feed} releases model number {number}",
        summary=f"<p>Model {number} of company {feed} reads {number * 7 + feed} thousand characters at once.</p>",
        published_at=datetime(2024, 3, 1 + number, tzinfo=UTC),
        published_precision="time",
    )


@cache
def visited() -> list[tuple[list[Entry], dict[str, str]]]:
    """Of each feed what it shows now, two new items among them, and what was remembered of the last visit."""
    feeds = [[item(feed, number) for number in range(ITEMS + 2)] for feed in range(FEEDS)]
    return [(items, remember(items[:ITEMS], {})) for items in feeds]


def changed(**fields: Callable[[Entry], object]) -> Callable[[Entry], Entry]:
    return lambda entry: entry.model_copy(update={name: make(entry) for name, make in fields.items()})


MUTATIONS: dict[str, Callable[[Entry], Entry]] = {
    "guid": changed(guid=lambda e: f"urn:uuid:{(e.url or '')[::-1]}"),
    "no guid": changed(guid=lambda e: None),
    "same guid for all": changed(guid=lambda e: "feed"),
    "http to https": changed(
        url=lambda e: (e.url or "").replace("https:", "http:"), guid=lambda e: (e.guid or "").replace("https:", "http:")
    ),
    "www": changed(url=lambda e: (e.url or "").replace("://", "://www.")),
    "tracking": changed(url=lambda e: f"{e.url}?utm_source=rss&utm_medium=feed&fbclid=x{e.title[-1]}"),
    "slash and fragment": changed(url=lambda e: f"{e.url}/#comments"),
    "slug": changed(url=lambda e: f"{e.url}-updated"),
    "slug and guid": changed(url=lambda e: f"{e.url}-2", guid=lambda e: f"new-{e.guid}"),
    "title": changed(title=lambda e: f"UPDATE: {e.title}!"),
    "date": changed(published_at=lambda e: datetime(2024, 3, 20, tzinfo=UTC)),
    "text": changed(summary=lambda e: f"{e.summary}<p>Read more.</p>"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_an_item_in_other_clothes_is_not_new_and_a_new_item_is(mutation: str) -> None:
    mutate = MUTATIONS[mutation]
    found: list[int] = []
    for items, seen in visited():
        new, _ = sort_out([mutate(item) for item in items], seen)
        found += [int(entry.title.rstrip("!").split()[-1]) for entry in new]
    duplicates, missed = sum(n < ITEMS for n in found), 2 * FEEDS - sum(n >= ITEMS for n in found)
    assert (duplicates, missed) == (0, 0)


def test_identity_never_flips_back() -> None:
    """Once an address changed and changed back, nothing is new."""
    old = [item(1, number) for number in range(ITEMS)]
    moved = [MUTATIONS["slug and guid"](entry) for entry in old]
    seen = remember(moved, remember(old, {}))
    assert sort_out(old, seen)[0] == []
    assert sort_out(moved, seen)[0] == []


def test_an_edit_comes_back_as_an_edit() -> None:
    seen = remember([item(1, 1)], {})
    new, edited = sort_out([MUTATIONS["title"](item(1, 1))], seen)
    assert new == []
    assert [entry.title for entry in edited] == ["UPDATE: Company 1 releases model number 1!"]


def test_an_item_twice_in_one_answer_is_one() -> None:
    entry = item(1, 1)
    twice = entry.model_copy(update={"guid": "other", "url": f"{entry.url}?utm_source=x"})
    assert len(sort_out([entry, twice], {})[0]) == 1


def test_a_guid_that_stands_for_the_newest_item_does_not_hide_the_next() -> None:
    first = Entry(guid="latest", url="https://e.org/1", title="One release after another, number one", summary="a" * 50)
    second = Entry(
        guid="latest", url="https://e.org/2", title="One release after another, number two", summary="b" * 50
    )
    assert sort_out([second], remember([first], {}))[0] == [second]


def test_a_weekly_title_is_new_every_week() -> None:
    first = Entry(url="https://e.org/w11", title="Weekly update")
    second = Entry(url="https://e.org/w12", title="Weekly update")
    assert sort_out([second], remember([first], {}))[0] == [second]


def test_items_that_all_link_to_the_front_page_are_told_by_their_words() -> None:
    entries = [item(1, n).model_copy(update={"url": "https://e.org/", "guid": "https://e.org/"}) for n in range(4)]
    assert sort_out(entries, remember(entries[1:], {}))[0] == entries[:1]


def test_memory_is_bounded_and_keeps_the_latest() -> None:
    def numbered(n: int) -> Entry:
        return Entry(guid=f"g-{n:06d}", url=f"https://e.org/{n}", title=f"Title of item number {n}", summary="x" * 60)

    seen: dict[str, str] = {}
    for start in range(0, 8_000, 400):
        seen = remember([numbered(n) for n in range(start, start + 400)], seen)
    assert len(seen) <= 6_000
    assert sort_out([numbered(7_999)], seen) == ([], [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://www.e.org/a/?utm_source=x#top", "https://e.org/a"),
        ("https://e.org/a?b=2&a=1", "https://e.org/a?a=1&b=2"),
        ("https://e.org/a/index.html", "https://e.org/a/"),
        ("https://m.e.org/a?spm=1.2.3", "https://e.org/a"),
    ],
)
def test_addresses_of_one_page_are_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"), [("https://e.org/a?id=1", "https://e.org/a?id=2"), ("https://e.org/A", "https://e.org/a")]
)
def test_addresses_of_two_pages_are_two(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_a_gap_is_an_answer_that_shares_nothing() -> None:
    assert is_gap(10, 10)
    assert not is_gap(9, 10)
    assert not is_gap(1, 1)


@pytest.mark.parametrize(
    ("new", "shown", "hours", "gap_hours", "expected"),
    [
        (5_000, 5_000, 1, 24, True),
        (600, 1_000, 1, 24, True),
        (10, 10, 6, 0.2, False),
        (12, 30, 1, 1, False),
        (9, 9, 1, 24, False),
    ],
)
def test_a_flood_is_more_than_a_source_can_write(
    new: int, shown: int, hours: float, gap_hours: float, expected: bool
) -> None:
    assert is_flood(new, shown, timedelta(hours=hours), gap_hours) is expected

"""A feed's text is kept within bounds, and keeps what its authors wrote."""

from __future__ import annotations

from crawlers.bound import MOST_TAGS, bound
from crawlers.feeds import read_feed
from tests.site.misdeeds import rss

MARKUP = "<p>One <b>more</b> word.</p>"


def test_an_ordinary_feed_is_left_alone() -> None:
    text = rss(*(f"Item {n}" for n in range(700)))
    assert text.count("<") > MOST_TAGS
    assert bound(text, 2_000) == text


def test_the_first_items_are_kept_and_the_document_ends_well() -> None:
    text = bound(rss(*(f"Item {n}" for n in range(30))), 10)
    assert text.endswith("</item></channel></rss>")
    assert [entry.title for entry in read_feed(text.encode())] == [f"Item {n}" for n in range(10)]


def test_a_page_pasted_unescaped_becomes_text_and_keeps_its_words() -> None:
    text = rss("Pasted", "Plain").replace("The text of Pasted", MARKUP * MOST_TAGS, 1)
    pasted, plain = read_feed(text.encode())
    assert pasted.title == "Pasted"
    assert pasted.url == "http://example.org/0"
    assert pasted.summary.count("One <b>more</b> word.") == MOST_TAGS
    assert plain.title == "Plain"


def test_markup_in_cdata_is_not_counted() -> None:
    text = rss("Whole", "Plain").replace("The text of Whole", f"<![CDATA[{MARKUP * MOST_TAGS}]]>", 1)
    assert bound(text, 2_000) == text


def test_an_item_of_nothing_but_tags_is_left_out_and_its_neighbours_are_read() -> None:
    flood = f"<item><title>Flood</title><description>{'<br' * 60_000}</description></item>"
    text = bound(rss("Before", "After").replace("<item><title>After", f"{flood}<item><title>After"), 10)
    assert "<title>Before" in text
    assert "<title>After" in text
    assert len(text) < 10_000

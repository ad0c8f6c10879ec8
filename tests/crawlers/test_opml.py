"""Sources to OPML and back."""

from __future__ import annotations

import pytest

from crawlers.opml import NotOpml, from_opml, to_opml
from crawlers.sources import Selectors, Source, load_sources

ACME = {"id": "acme", "name": "Acme", "url": "https://e.org/news", "kind": "listing", "tier": 1, "language": "zh"}


def test_what_goes_out_comes_back() -> None:
    """Selectors and paths too: another installation needs them as much."""
    selectors = Selectors(item="li", date="time")
    sources = [*load_sources(), Source.model_validate({**ACME, "selectors": selectors, "evidence": "https://e.org"})]
    back, refused = from_opml(to_opml(sources))
    assert refused == []
    assert sorted(back, key=lambda source: source.id) == sorted(sources, key=lambda source: source.id)


def test_only_feeds_are_called_feeds() -> None:
    page = Source.model_validate(ACME)
    assert b'type="listing"' in to_opml([page])
    assert b'type="rss"' in to_opml([page.model_copy(update={"kind": "atom"})])


def test_another_readers_list_comes_as_strangers() -> None:
    text = """<?xml version="1.0"?><opml version="1.0"><body><outline text="AI"><outline text="某博客" type="rss"
    xmlUrl="https://e.org/feed"/><outline text="bad" xmlUrl="ftp://e.org/"/></outline>
    <outline title="R&D" xmlUrl="https://f.org/rss?a=1&b=2"/></body></opml>"""
    sources, refused = from_opml(text.encode())
    assert [(s.id, s.name, s.tier, s.group) for s in sources] == [
        ("e-org", "某博客", 3, "AI"),
        ("f-org", "R&D", 3, "own"),
    ]
    assert refused == ["ftp://e.org/: write a whole address that begins with http:// or https://"]


def test_two_feeds_of_one_name_have_two_ids() -> None:
    outlines = '<outline xmlUrl="https://e.org/feed"/><outline xmlUrl="https://e.org/rss"/>'
    sources, _ = from_opml(f"<opml><body>{outlines}</body></opml>".encode())
    assert [s.id for s in sources] == ["e-org", "e-org-2"]


@pytest.mark.parametrize("body", [b"", b"<html/>", b"nonsense", b"<opml><body/></opml>", b"\x00\xff"])
def test_what_is_no_opml_says_so(body: bytes) -> None:
    with pytest.raises(NotOpml):
        from_opml(body)


def test_entities_of_a_strangers_file_reach_nothing() -> None:
    text = '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/hostname">]><opml><body><outline text="&x;" xmlUrl="https://e.org/f"/></body></opml>'
    assert from_opml(text.encode())[0][0].name in ("&x;", "https://e.org/f")

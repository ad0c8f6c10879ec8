"""Events as feeds that any reader takes: Atom, JSON Feed, and coming dates as iCalendar."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Any, NamedTuple

from icalendar import Calendar
from icalendar import Event as Entry
from lxml import etree

from pipeline.records import Event, Link

ATOM = "http://www.w3.org/2005/Atom"
TYPES = {"atom": "application/atom+xml", "json": "application/feed+json", "ics": "text/calendar"}


class Feed(NamedTuple):
    """What a feed is about, and where it and its hub stand."""

    title: str
    address: str
    """Where it is read, with its token."""
    home: str
    """The page of the same."""
    language: str
    hub: str = ""


class Item(NamedTuple):
    """An event of a feed with what it touches."""

    event: Event
    links: Sequence[Link]
    page: str


class Coming(NamedTuple):
    """A day ahead that an event's reports name."""

    day: date
    event: Event
    words: str
    page: str


def atom(feed: Feed, items: Sequence[Item]) -> bytes:
    """A feed as Atom 1.0 (RFC 4287), in UTF-8."""
    root = etree.Element(
        f"{{{ATOM}}}feed", nsmap={None: ATOM}, attrib={"{http://www.w3.org/XML/1998/namespace}lang": feed.language}
    )
    _child(root, "id", _feed_id(feed))
    _child(root, "title", feed.title)
    _child(
        root, "updated", _stamp(max((changed(item.event) for item in items), default=datetime(2024, 1, 1, tzinfo=UTC)))
    )
    _child(root, "author").append(_named("name", "Launchwatch"))
    _child(root, "link", rel="self", href=feed.address)
    _child(root, "link", rel="alternate", href=feed.home)
    if feed.hub:
        _child(root, "link", rel="hub", href=feed.hub)
    for item in items:
        entry = _child(root, "entry")
        _child(entry, "id", f"urn:launchwatch:event:{item.event.id}")
        _child(entry, "title", item.event.title(feed.language))
        _child(entry, "published", _stamp(item.event.first_seen_at))
        _child(entry, "updated", _stamp(changed(item.event)))
        _child(entry, "link", rel="alternate", href=item.page)
        for report in item.event.reports:
            if report.url:
                _child(entry, "link", rel="via", href=report.url, title=report.source_name or report.source_id)
        for category in (item.event.event_type, *(company.id for company in item.event.companies)):
            _child(entry, "category", term=category)
        _child(entry, "content", content(item, feed.language), type="html")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def json_feed(feed: Feed, items: Sequence[Item]) -> bytes:
    """A feed as JSON Feed 1.1."""
    whole: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "feed_url": feed.address,
        "home_page_url": feed.home,
        "language": feed.language,
        "items": [_json_item(item, feed.language) for item in items],
    }
    if feed.hub:
        whole["hubs"] = [{"type": "WebSub", "url": feed.hub}]
    return json.dumps(whole, ensure_ascii=False).encode()


def calendar(title: str, coming: Iterable[Coming], language: str, now: datetime) -> bytes:
    """Coming dates as iCalendar (RFC 5545), one whole day each."""
    made = Calendar()
    made.add("prodid", "-//Launchwatch//coming dates//")
    made.add("version", "2.0")
    made.add("x-wr-calname", title)
    for one in coming:
        entry = Entry()
        entry.add("uid", f"{one.event.id}-{one.day.isoformat()}@launchwatch")
        entry.add("dtstamp", now)
        entry.add("dtstart", one.day)
        entry.add("dtend", one.day + timedelta(days=1))
        entry.add("summary", one.event.title(language))
        entry.add("description", f"“{one.words}”\n{one.page}")
        entry.add("url", one.page)
        entry.add("transp", "TRANSPARENT")
        made.add_component(entry)
    return bytes(made.to_ical())


def changed(event: Event) -> datetime:
    """When an event last gained a report."""
    return max([event.first_seen_at, *(report.first_seen_at for report in event.reports)])


def content(item: Item, language: str) -> str:
    """An entry's body as HTML: facts with their sentences, stocks with their reasons, sources."""
    event = item.event
    parts = []
    if event.certainty != "fact":
        parts.append(f"<p><strong>{escape(event.certainty)}</strong></p>")
    facts = "".join(
        f"<li>{escape(fact.kind)}: {escape(str(fact.value))} {escape(fact.unit)} <q>{escape(fact.quote)}</q></li>"
        for fact in event.facts
    )
    stocks = "".join(
        f"<li>{escape(link.security_id)}: {escape(link.reason.zh if language == 'zh' else link.reason.en)}</li>"
        for link in item.links
    )
    sources = "".join(f"<li>{_source(r.source_name or r.source_id, r.title, r.url)}</li>" for r in event.reports)
    return "".join([*parts, *(f"<ul>{rows}</ul>" for rows in (facts, stocks, sources) if rows)])


def _json_item(item: Item, language: str) -> dict[str, Any]:
    return {
        "id": f"urn:launchwatch:event:{item.event.id}",
        "url": item.page,
        "title": item.event.title(language),
        "content_html": content(item, language),
        "date_published": _stamp(item.event.first_seen_at),
        "date_modified": _stamp(changed(item.event)),
        "tags": [item.event.event_type, *(company.id for company in item.event.companies)],
        "_launchwatch": {
            "certainty": item.event.certainty,
            "stocks": [link.security_id for link in item.links],
            "sources": [report.url for report in item.event.reports if report.url],
        },
    }


def _source(name: str, title: str, url: str | None) -> str:
    said = f"{escape(name)}: {escape(title)}"
    return f'<a href="{escape(url)}">{said}</a>' if url and url.startswith(("http://", "https://")) else said


def _feed_id(feed: Feed) -> str:
    return f"urn:launchwatch:feed:{feed.home.split('//', 1)[-1].partition('/')[2]}"


def _child(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}", attrib=attributes)
    child.text = text
    return child


def _named(name: str, text: str) -> etree._Element:
    made = etree.Element(f"{{{ATOM}}}{name}")
    made.text = text
    return made


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Feeds to entries: RSS 0.9 to 2.0, RDF, Atom and JSON Feed, damaged ones too. What is no feed says what it is."""

from __future__ import annotations

import html
import io
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

import feedparser

from crawlers import mend
from crawlers.addresses import joined
from crawlers.bound import bound
from crawlers.charset import Decoded, to_text
from crawlers.dates import UNKNOWN, Moment, read_date
from crawlers.entry import Entry
from crawlers.limits import ITEMS, TEXT_CHARACTERS

Thing = Literal["empty", "binary", "challenge", "html", "json", "xml", "text", "truncated"]
"""What came in place of a feed."""

_BINARY = (
    b"%PDF",
    b"PK\x03\x04",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"RIFF",
    b"\x7fELF",
    b"MZ",
    b"\x1f\x8b",
    b"BZh",
    b"\x28\xb5\x2f\xfd",
)
_FEED_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]*:)?(rss|feed|rdf|channel|item|entry)\b", re.I)
_HTML_ROOT = re.compile(r"<(?:!doctype\s+html|html|head)\b", re.I)
_XML_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_CHALLENGE = re.compile(
    r"just a moment\.\.\.|checking your browser|cf-chl|challenge-platform|_incapsula_|captcha|ddos protection|"
    r"attention required|access denied|请完成安全验证|滑动验证|人机验证|安全验证|访问过于频繁|请开启javascript",
    re.I,
)
NAME_CHARACTERS = 80
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>")


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's entries, and what it says of itself."""

    entries: list[Entry]
    ttl_minutes: int | None = None
    """How long it asks to be left alone."""
    hub: str | None = None
    """The WebSub hub that tells of its news, and `topic`, the address that the hub knows it by."""
    topic: str | None = None
    name: str = ""
    """What it calls itself."""
    cut: bool = False
    """Whether it ends in the middle: what it would have said further on is not known."""


class NotAFeed(Exception):
    """The bytes hold no feed; says what they are instead."""

    def __init__(self, thing: Thing, reason: str) -> None:
        self.thing, self.reason = thing, reason
        super().__init__(reason)


def read_feed(body: bytes, url: str = "", headers: Mapping[str, str] | None = None, zone: tzinfo = UTC) -> list[Entry]:
    """The entries of a feed, as many as it shows and 2,000 at most; an empty feed has none. Raises as `read_whole`."""
    return read_whole(body, url, headers, zone).entries


def read_whole(body: bytes, url: str = "", headers: Mapping[str, str] | None = None, zone: tzinfo = UTC) -> Feed:
    """A feed with its entries. `zone` holds for dates that name none.

    Raises NotAFeed for anything else, an empty body included.
    """
    if not body.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise NotAFeed("empty", "the answer is empty")
    if body.startswith(_BINARY) or _looks_binary(body):
        raise NotAFeed("binary", "the answer is a binary file, not text")
    decoded = to_text(body, (headers or {}).get("content-type", ""))
    if decoded.text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return _read_json(decoded.text, url, zone)
    _check_root(decoded.text)
    return _read_xml(decoded, url, zone)


def challenge(text: str) -> bool:
    """Whether a page is a bot check, and not what was asked for."""
    return len(text) < 200_000 and bool(_CHALLENGE.search(text[:20_000]))


# ---- what it is -----------------------------------------------------------------------------------------------------


def _looks_binary(body: bytes) -> bool:
    head = body[:2048]
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")) or b"<\x00" in head[:8] or b"\x00<" in head[:8]:
        return False
    return len(_CONTROLS.findall(head)) > len(head) // 20


def _check_root(text: str) -> None:
    """Raises NotAFeed unless the text has the root of a feed, before that of anything else."""
    feed, page = _FEED_ROOT.search(text), _HTML_ROOT.search(text)
    if feed and (not page or feed.start() < page.start()):
        return
    if page:
        _raise_for_page(text)
    root = _XML_ROOT.search(text)
    if root and text.lstrip().startswith("<"):
        raise NotAFeed("xml", f"an XML file of another kind: its root is <{root.group(1)}>")
    raise NotAFeed("text", f"no feed in it; it begins with {text.strip()[:60]!r}")


def _raise_for_page(text: str) -> None:
    title = _TITLE.search(text[:100_000])
    name = " ".join(html.unescape(title.group(1)).split())[:80] if title else ""
    called = f" called {name!r}" if name else ""
    if challenge(text):
        raise NotAFeed("challenge", f"a page{called} that checks for robots stands before it")
    raise NotAFeed("html", f"an HTML page{called}, not a feed: look for the feed that it links to")


# ---- RSS, RDF, Atom -------------------------------------------------------------------------------------------------


def _read_xml(decoded: Decoded, url: str, zone: tzinfo) -> Feed:
    text = bound(mend.tidy(decoded.text), ITEMS)
    cut = False
    if not mend.is_wellformed(text):
        cut, text = mend.is_cut(text), mend.mend(text)
    parsed = _parse(text, url)
    entries = [_entry(item, parsed.feed, zone) for item in parsed.entries[:ITEMS]]
    if not entries and parsed.bozo and not parsed.feed:
        raise NotAFeed("truncated", f"a feed cut off or damaged before its first item: {parsed.bozo_exception}")
    links = {str(link.get("rel")): joined(url, str(link.get("href") or "")) for link in parsed.feed.get("links", ())}
    ttl = str(dict.get(parsed.feed, "ttl") or "").strip()
    return Feed(
        entries=entries,
        ttl_minutes=int(ttl) if re.fullmatch(r"\d{1,6}", ttl) else None,
        hub=links.get("hub") or None,
        topic=links.get("self") or None,
        name=title(str(dict.get(parsed.feed, "title") or ""))[:NAME_CHARACTERS],
        cut=cut,
    )


def _parse(text: str, url: str) -> Any:
    body = b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode("utf-8", "replace")
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    return feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def _entry(item: Any, feed: Any, zone: tzinfo) -> Entry:
    published, precision = _date(item, ("published", "updated", "created"), zone)
    updated, _ = _date(item, ("updated",), zone)
    return Entry(
        guid=_short(item.get("id")),
        url=_url(item),
        title=title(item.get("title", ""), markup="html" in str(item.get("title_detail", {}).get("type", ""))),
        summary=_body(item),
        author=" ".join(str(item.get("author", "")).split())[:500],
        language=_language(item.get("language") or feed.get("language")),
        published_at=published,
        published_precision=precision,
        updated_at=updated,
        extra=_extra(item),
    )


def title(text: str, *, markup: bool = True) -> str:
    """A title as plain words: its line breaks, its markup and its twice-written entities gone."""
    if markup:
        text = _MARKUP.sub("", text)
    return " ".join(html.unescape(text).split())[:2_000]


def _body(item: Any) -> str:
    """The fullest text that an item carries."""
    texts = [item.get("summary") or "", *(part.get("value") or "" for part in item.get("content", ()))]
    return max(texts, key=len)[:TEXT_CHARACTERS]


def _url(item: Any) -> str | None:
    """The page of an item: its alternate link, or a guid that is one."""
    links = [link for link in item.get("links", ()) if link.get("rel", "alternate") == "alternate" and link.get("href")]
    for candidate in (item.get("link"), *(link["href"] for link in links), item.get("feedburner_origlink")):
        if address := joined("", str(candidate or "")):
            return address
    return joined("", str(item.get("id") or "")) or None


def _date(item: Any, names: tuple[str, ...], zone: tzinfo) -> Moment:
    """The first of an item's dates that can be read: by us, with its precision, else by feedparser."""
    for name in names:
        text = dict.get(item, name)  # feedparser's own `get` gives one date for another
        if not isinstance(text, str) or not text.strip():
            continue
        moment = read_date(text, zone)
        if moment[0] is None:
            moment = _from_struct(dict.get(item, f"{name}_parsed"), text)
        if moment[0] is not None:
            return moment
    return UNKNOWN


def _from_struct(parsed: time.struct_time | None, text: str) -> Moment:
    if parsed is None or not re.search(r"\d", text) or not 1 <= parsed.tm_year <= 9999:
        return UNKNOWN
    if re.fullmatch(r"\s*\d{4}(-\d{1,2})?\s*", text):
        return UNKNOWN  # a year or a month names no day
    try:
        moment = datetime(*parsed[:6], tzinfo=UTC)
    except ValueError:
        return UNKNOWN
    return moment, "time" if ":" in text else "day"


def _extra(item: Any) -> dict[str, str]:
    terms = [str(tag.get("term") or tag.get("label") or "").strip() for tag in item.get("tags", ())]
    found = {"categories": ", ".join(dict.fromkeys(term for term in terms if term))[:1_000]}
    return {name: value for name, value in found.items() if value}


def _short(value: object) -> str | None:
    text = str(value).strip() if value else ""
    return text[:2_000] or None


def _language(value: object) -> str | None:
    match = re.match(r"\s*([A-Za-z]{2,3})(?![A-Za-z])", str(value or ""))
    return match.group(1).lower() if match else None


# ---- JSON Feed ------------------------------------------------------------------------------------------------------


def _read_json(text: str, url: str, zone: tzinfo) -> Feed:
    """JSON Feed 1 and 1.1; sloppy ones with no version but with items are taken too."""
    try:
        feed = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise NotAFeed("json", f"looks like JSON but is damaged: {error}") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list) or not ("jsonfeed.org" in str(feed.get("version", "")) or "title" in feed):
        raise NotAFeed("json", "JSON, but no JSON Feed: it has no `version` and `items`")
    hubs = (
        [hub for hub in feed.get("hubs") or () if isinstance(hub, dict)] if isinstance(feed.get("hubs"), list) else []
    )
    return Feed(
        entries=[_json_entry(item, feed, url, zone) for item in items[:ITEMS] if isinstance(item, dict)],
        hub=joined(url, _text(hubs[0].get("url"))) or None if hubs else None,
        topic=joined(url, _text(feed.get("feed_url"))) or None,
        name=title(_text(feed.get("title")), markup=False)[:NAME_CHARACTERS],
    )


def _json_entry(item: dict[str, Any], feed: dict[str, Any], url: str, zone: tzinfo) -> Entry:
    published, precision = read_date(_text(item.get("date_published")), zone)
    if published is None:
        published, precision = read_date(_text(item.get("date_modified")), zone)
    link = _text(item.get("url") or item.get("external_url"))
    return Entry(
        guid=_short(item.get("id")) or link or None,
        url=joined(_text(feed.get("home_page_url")) or url, link) or None,
        title=title(_text(item.get("title")), markup=False),
        summary=(
            _text(item.get("content_html"))
            or html.escape(_text(item.get("content_text")), quote=False)
            or _text(item.get("summary"))
        )[:TEXT_CHARACTERS],
        author=", ".join(_authors(item) or _authors(feed))[:500],
        language=_language(item.get("language") or feed.get("language")),
        published_at=published,
        published_precision=precision,
        updated_at=read_date(_text(item.get("date_modified")), zone)[0],
        extra={"categories": ", ".join(map(_text, item["tags"]))[:1_000]}
        if isinstance(item.get("tags"), list) and item["tags"]
        else {},
    )


def _authors(thing: dict[str, Any]) -> list[str]:
    found = thing.get("authors") if isinstance(thing.get("authors"), list) else [thing.get("author")]
    return [_text(author.get("name")) for author in found or () if isinstance(author, dict) and author.get("name")]


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""

"""A sitemap to entries: plain, news and index sitemaps; an index names further sitemaps to read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from urllib.parse import unquote

from lxml import etree

from crawlers import mend
from crawlers.addresses import joined, split
from crawlers.charset import to_text
from crawlers.dates import UNKNOWN, Moment, read_date
from crawlers.entry import Entry
from crawlers.feeds import NotAFeed
from crawlers.limits import ITEMS


def read_sitemap(body: bytes, content_type: str = "", include: str = "", zone: tzinfo = UTC) -> list[Entry]:
    """The pages of a sitemap whose address matches, newest change first; those of an index have `extra["sitemap"]`.

    `lastmod` says when a page changed, not when it was published: it becomes `updated_at`; a news sitemap's
    `publication_date` becomes `published_at`. Raises NotAFeed for anything but a sitemap.
    """
    root = _root(body, content_type)
    kind = _name(root)
    if kind not in ("urlset", "sitemapindex"):
        raise NotAFeed("xml", f"no sitemap: its root is <{kind}>")
    found = [_entry(row, kind == "sitemapindex", zone) for row in root]
    kept = [e for e in found if e and (kind == "sitemapindex" or re.search(include, e.url or ""))]
    kept.sort(key=lambda entry: entry.published_at or entry.updated_at or _EARLIEST, reverse=True)
    return kept[:ITEMS]


_EARLIEST = datetime.fromtimestamp(0, UTC)


def _root(body: bytes, content_type: str) -> etree._Element:
    text = mend.tidy(to_text(body, content_type).text)
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    root = etree.fromstring(text.encode("utf-8", "replace"), parser) if text.strip() else None
    if root is None:
        raise NotAFeed("empty" if not body.strip() else "text", "no sitemap: not an XML file")
    return root


def _entry(row: etree._Element, index: bool, zone: tzinfo) -> Entry | None:
    fields: dict[str, str] = {}
    for tag in row.iter(etree.Element):
        if tag is not row and tag.text and tag.text.strip():
            fields.setdefault(_name(tag), tag.text.strip())
    address = joined("", fields.get("loc", ""))
    if not address:
        return None
    published, precision = _published(fields, zone)
    return Entry(
        url=address,
        title=fields.get("title") or ("" if index else _title_of(address)),
        language=fields.get("language", "")[:2].lower() or None,
        published_at=published,
        published_precision=precision,
        updated_at=read_date(fields.get("lastmod", ""), zone)[0],
        extra={"sitemap": "index"} if index else {},
    )


def _published(fields: dict[str, str], zone: tzinfo) -> Moment:
    return read_date(fields["publication_date"], zone) if "publication_date" in fields else UNKNOWN


def _title_of(address: str) -> str:
    """The words of an address, until its page has been read."""
    last = unquote(split(address).path.rstrip("/").rpartition("/")[2])
    return re.sub(r"\.\w{2,5}$", "", last).replace("-", " ").replace("_", " ").strip()


def _name(tag: etree._Element) -> str:
    return str(tag.tag).rpartition("}")[2].lower()

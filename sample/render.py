"""The sample as bytes: each source's feed in its format, its listing, and the article pages. Pure: ETags hold still."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from html import escape
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring
from zoneinfo import ZoneInfo

from crawlers.sources import Source
from sample.week import SampleDocument, Serving

SHANGHAI = ZoneInfo("Asia/Shanghai")
ATOM = "http://www.w3.org/2005/Atom"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RSS1 = "http://purl.org/rss/1.0/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
NO_DATE = datetime(2024, 3, 31, tzinfo=UTC)
"""Stands where a format insists on a date of the whole feed."""

for prefix, namespace in (("rdf", RDF), ("dc", DUBLIN_CORE), ("content", CONTENT)):
    register_namespace(prefix, namespace)


class Rendered(NamedTuple):
    """A resource of the site."""

    body: bytes
    content_type: str
    modified: datetime


def path_of(document: SampleDocument) -> str:
    """Where the document's article page stands on the site."""
    return f"/{document.source}/{document.id}.html"


def feed(source: Source, serving: Serving, documents: Sequence[SampleDocument], base: str) -> Rendered:
    """A source's feed or listing page in its own format, newest item first."""
    newest = sorted(documents, key=instant, reverse=True)
    body, content_type = FORMATS[serving.format](source, serving, newest, base)
    return Rendered(body, content_type, _newest(newest))


def article(source: Source, serving: Serving, document: SampleDocument) -> Rendered:
    """An article page, with the furniture that real pages have around the text."""
    paragraphs = "\n".join(f"<p>{escape(p)}</p>" for p in document.paragraphs)
    published = _iso(document)
    meta = f'<meta property="article:published_time" content="{published}">' if published else ""
    shown = f'<time datetime="{published}">{published[:10]}</time>' if published else ""
    main = f'<article>\n<h1>{escape(document.title)}</h1>\n<p class="byline">{shown}</p>\n{paragraphs}\n</article>'
    checked = f'<footer class="check"><a href="{escape(document.fact_url)}">Facts / 事实出处</a></footer>'
    return Rendered(
        _page(source, serving, document.title, document.language, meta, f"{main}\n{checked}"),
        _html_type(serving),
        instant(document),
    )


def instant(document: SampleDocument) -> datetime:
    """The document's time for ordering, aware; a bare day counts from its start in Shanghai."""
    published = document.published
    if isinstance(published, datetime):
        return published
    return datetime.combine(published, time(), SHANGHAI) if isinstance(published, date) else NO_DATE


def _newest(documents: Sequence[SampleDocument]) -> datetime:
    return max(map(instant, documents), default=NO_DATE)


def _iso(document: SampleDocument) -> str:
    return document.published.isoformat() if document.published else ""


def _shown(serving: Serving, document: SampleDocument) -> str:
    return document.text if serving.content == "full" else document.paragraphs[0]


def _markup(serving: Serving, document: SampleDocument) -> str:
    shown = document.paragraphs if serving.content == "full" else document.paragraphs[:1]
    return "".join(f"<p>{escape(p)}</p>" for p in shown)


def _link(serving: Serving, document: SampleDocument, base: str) -> str:
    return f"{document.id}.html" if serving.links == "relative" else base + path_of(document)


def _rss(source: Source, serving: Serving, documents: Sequence[SampleDocument], base: str) -> tuple[bytes, str]:
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _child(channel, "title", source.name)
    _child(channel, "link", f"{base}/{source.id}/")
    _child(channel, "description", source.name)
    _child(channel, "language", source.language)
    for document in documents:
        item = SubElement(channel, "item")
        _child(item, "title", document.title)
        _child(item, "link", _link(serving, document, base))
        _child(item, "guid", document.id).set("isPermaLink", "false")
        if document.published:
            _child(item, "pubDate", _rss_date(serving, document))
        _child(item, "description", _markup(serving, document))
    return _xml(root), "application/rss+xml; charset=utf-8"


def _rss_date(serving: Serving, document: SampleDocument) -> str:
    when = instant(document)
    if serving.dates == "naive":
        return when.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    return format_datetime(when)


def _atom(source: Source, serving: Serving, documents: Sequence[SampleDocument], base: str) -> tuple[bytes, str]:
    root = Element("feed", {"xmlns": ATOM, "xml:lang": source.language})
    _child(root, "title", source.name)
    _child(root, "id", f"tag:sample.invalid,2024:{source.id}")
    _child(root, "updated", _newest(documents).isoformat())
    SubElement(root, "link", rel="self", href=f"{base}/{source.id}/feed.xml")
    for document in documents:
        entry = SubElement(root, "entry")
        _child(entry, "title", document.title)
        _child(entry, "id", f"tag:sample.invalid,2024:{document.id}")
        SubElement(entry, "link", rel="alternate", href=_link(serving, document, base))
        _child(entry, "published", instant(document).isoformat())
        _child(entry, "updated", instant(document).isoformat())
        _child(entry, "content" if serving.content == "full" else "summary", _markup(serving, document)).set(
            "type", "html"
        )
    return _xml(root), "application/atom+xml; charset=utf-8"


def _rdf(source: Source, serving: Serving, documents: Sequence[SampleDocument], base: str) -> tuple[bytes, str]:
    root = Element(f"{{{RDF}}}RDF", {"xmlns": RSS1})
    channel = SubElement(root, "channel", {f"{{{RDF}}}about": f"{base}/{source.id}/"})
    _child(channel, "title", source.name)
    _child(channel, "link", f"{base}/{source.id}/")
    _child(channel, "description", source.name)
    for document in documents:
        item = SubElement(root, "item", {f"{{{RDF}}}about": f"urn:sample:{document.id}"})
        _child(item, "title", document.title)
        _child(item, "link", _link(serving, document, base))
        _child(item, "description", document.paragraphs[0])
        _child(item, f"{{{CONTENT}}}encoded", _markup(serving, document))
        if document.published:
            _child(item, f"{{{DUBLIN_CORE}}}date", instant(document).isoformat())
    return _xml(root), "application/rdf+xml; charset=utf-8"


def _json(source: Source, serving: Serving, documents: Sequence[SampleDocument], base: str) -> tuple[bytes, str]:
    items = [
        {
            "id": document.id,
            "url": _link(serving, document, base),
            "title": document.title,
            "content_text" if serving.content == "full" else "summary": _shown(serving, document),
            **({"date_published": instant(document).isoformat()} if document.published else {}),
            "language": document.language,
        }
        for document in documents
    ]
    answer = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": source.name,
        "home_page_url": f"{base}/{source.id}/",
        "feed_url": source.url,
        "language": source.language,
        "items": items,
    }
    return json.dumps(answer, ensure_ascii=False, indent=1).encode(), "application/feed+json; charset=utf-8"


def _listing(source: Source, serving: Serving, documents: Sequence[SampleDocument], base: str) -> tuple[bytes, str]:
    items = "\n".join(_listed(serving, document, base) for document in documents)
    body = _page(source, serving, source.name, source.language, "", f'<ul class="news">\n{items}\n</ul>')
    return body, _html_type(serving)


def _listed(serving: Serving, document: SampleDocument, base: str) -> str:
    published = _iso(document)
    when = f'<time datetime="{published}">{published[:10]}</time>' if published else ""
    href = escape(_link(serving, document, base))
    return f'<li><a href="{href}">{escape(document.title)}</a> {when}<p>{escape(document.paragraphs[0])}</p></li>'


FORMATS: dict[str, Callable[[Source, Serving, Sequence[SampleDocument], str], tuple[bytes, str]]] = {
    "rss": _rss,
    "atom": _atom,
    "json": _json,
    "rdf": _rdf,
    "listing": _listing,
}


def _page(source: Source, serving: Serving, title: str, language: str, meta: str, main: str) -> bytes:
    html = f"""<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="{serving.charset}"><title>{escape(title)} - {escape(source.name)}</title>{meta}</head>
<body>
<header><a href="/{source.id}/">{escape(source.name)}</a></header>
<nav><a href="/">Home</a> <a href="/sitemap.xml">Map</a></nav>
<main>
{main}
</main>
</body>
</html>
"""
    return html.encode(serving.charset, "xmlcharrefreplace")


def _html_type(serving: Serving) -> str:
    """An old site in GBK says so only inside the page, as such sites do."""
    return "text/html" if serving.charset == "gbk" else f"text/html; charset={serving.charset}"


def _child(parent: Element, tag: str, text: str) -> Element:
    child = SubElement(parent, tag)
    child.text = text
    return child


def _xml(root: Element) -> bytes:
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))

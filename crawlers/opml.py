"""Sources to OPML and back: the form in which feed readers exchange their lists."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable

from lxml import etree

from crawlers import mend
from crawlers.charset import to_text
from crawlers.discover import slug
from crawlers.sources import API_KINDS, Source

_OURS = "urn:launchwatch:opml"
_KEPT = ("id", "kind", "tier", "language", "company")
_TOLD = {*_KEPT, "name", "url", "group"}
"""What the other attributes say; the rest of a row, such as selectors and paths, stands in one of its own."""
_NO_FEEDS = {"listing", "sitemap", *API_KINDS}


class NotOpml(Exception):
    """The file is no OPML, or names no feed."""


def to_opml(sources: Iterable[Source], title: str = "Launchwatch sources") -> bytes:
    """An OPML 2.0 file with the sources by group; what other readers do not know stands in a namespace of ours."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"lw": _OURS})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    groups: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        groups[source.group].append(source)
    for group, members in groups.items():
        folder = etree.SubElement(body, "outline", {"text": group})
        for source in members:
            etree.SubElement(folder, "outline", _attributes(source))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def from_opml(body: bytes) -> tuple[list[Source], list[str]]:
    """The sources of an OPML file, and in words what could not be taken. Feeds of strangers come as tier 3.

    Raises NotOpml for a file that is none.
    """
    text = mend.tidy(to_text(body).text)
    text = text if mend.is_wellformed(text) else mend.mend(text)
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    root = etree.fromstring(text.encode("utf-8", "replace"), parser) if text.strip() else None
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise NotOpml("this file is no OPML: its first tag should be <opml>")
    sources: dict[str, Source] = {}
    refused: list[str] = []
    for outline in root.iter("outline"):
        if not outline.get("xmlUrl"):
            continue
        try:
            source = _source(outline)
        except ValueError as error:
            refused.append(f"{outline.get('xmlUrl')}: {_first_line(error)}")
            continue
        unique = source.id
        while unique in sources and sources[unique].url != source.url:
            unique += "-2"
        sources[unique] = source.model_copy(update={"id": unique})
    if not sources and not refused:
        raise NotOpml("this OPML file names no feed: no outline has an xmlUrl")
    return list(sources.values()), refused


def _attributes(source: Source) -> dict[str, str]:
    kept = {f"{{{_OURS}}}{name}": str(value) for name in _KEPT if (value := getattr(source, name)) is not None}
    if rest := source.model_dump(mode="json", exclude_defaults=True, exclude=_TOLD):
        kept[f"{{{_OURS}}}row"] = json.dumps(rest, ensure_ascii=False)
    kind = source.kind if source.kind in _NO_FEEDS else "rss"
    return {"type": kind, "text": source.name, "title": source.name, "xmlUrl": source.url, **kept}


def _source(outline: etree._Element) -> Source:
    url = (outline.get("xmlUrl") or "").strip()
    parent = outline.getparent()
    group = parent.get("text") if parent is not None and parent.tag == "outline" else None
    values: dict[str, object] = {
        "id": slug(url),
        "name": outline.get("title") or outline.get("text") or url,
        "url": url,
        "kind": "rss",
        "tier": "3",
        "language": (outline.get("language") or "en")[:2].lower(),
        "group": group or "own",
        "evidence": "OPML import",
    }
    rest = json.loads(outline.get(f"{{{_OURS}}}row") or "{}")
    values |= {name: value for name, value in rest.items() if name not in _TOLD}
    values |= {name: value for name in _KEPT if (value := outline.get(f"{{{_OURS}}}{name}"))}
    return Source.model_validate(values | {"tier": int(str(values["tier"]))})


def _first_line(error: ValueError) -> str:
    """The heart of a validation error."""
    match = re.search(r"Value error, ([^\[\n]+)", str(error))
    return match.group(1).strip() if match else str(error).splitlines()[-1].strip()

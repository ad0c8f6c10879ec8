"""From a listing page's shape to selectors that say it: what `sources add` and `sources test` propose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo

from parsel import Selector

from crawlers.addresses import joined
from crawlers.charset import to_text
from crawlers.dates import read_date
from crawlers.entry import Entry
from crawlers.feeds import NotAFeed
from crawlers.sources import Selectors
from crawlers.spiders.listing import read_listing

FEWEST = 3
"""Items that make a list."""
_HEADINGS = "h1,h2,h3,h4,h5"
_STEPS_UP = 6
_NAME = re.compile(r"-?[A-Za-z_][\w-]*")
_LONGEST_DATE = 40


def propose(
    body: bytes, url: str, content_type: str = "", include: str = "", zone: tzinfo = UTC, now: datetime | None = None
) -> tuple[Selectors | None, list[Entry]]:
    """Selectors for a page's articles with what they bring; None, with what the shape alone tells, where none are as good.

    As good means: at least as many articles of those that the shape tells, and at least as many dates. Raises NotAFeed
    where no articles are to be seen.
    """
    by_shape = read_listing(body, url, content_type, None, include, zone, now)
    page = Selector(text=to_text(body, content_type).text, type="html")
    base = joined(url, page.css("base::attr(href)").get() or "") or url
    boxes = _boxes(page, base, {entry.url or "" for entry in by_shape})
    good: list[tuple[Selectors, list[Entry]]] = []
    for item, alike in _most_alike(boxes):
        selectors = _inside(item, alike, zone, now)
        with suppress(NotAFeed):
            good.append((selectors, read_listing(body, url, content_type, selectors, include, zone, now)))
    best = max(good, key=lambda one: _worth(one[1], by_shape), default=None)
    if best is None or _worth(best[1], by_shape)[:2] < _worth(by_shape, by_shape)[:2]:
        return None, by_shape
    return best


def _worth(entries: Sequence[Entry], by_shape: Sequence[Entry]) -> tuple[int, int, int]:
    """What is compared: articles found again, their dates, and as few others as can be."""
    wanted = {entry.url for entry in by_shape}
    again = [entry for entry in entries if entry.url in wanted and entry.title]
    return len(again), sum(entry.published_at is not None for entry in again), len(again) - len(entries)


def _boxes(page: Selector, base: str, articles: set[str]) -> list[Selector]:
    """Of each article the largest element that holds its links and no other article's."""
    links: dict[str, Selector] = {}
    for link in page.css("a[href]"):
        address = joined(base, link.attrib["href"]).split("#")[0]
        if address in articles:
            links.setdefault(address, link)
    return [_box(link, base, address, articles) for address, link in links.items()]


def _box(link: Selector, base: str, address: str, articles: set[str]) -> Selector:
    box = link
    for _ in range(_STEPS_UP):
        parents = box.xpath("parent::*")
        if not parents or parents[0].root.tag in ("body", "html", "main"):
            break
        within = {joined(base, href).split("#")[0] for href in parents[0].css("a::attr(href)").getall()}
        if within & articles != {address}:
            break
        box = parents[0]
    return box


def _most_alike(boxes: Sequence[Selector]) -> Iterator[tuple[str, list[Selector]]]:
    """Selectors that many of the boxes answer to, with those that do, the commonest first."""
    named: dict[str, list[Selector]] = {}
    for box in boxes:
        for name in _names(box):
            named.setdefault(name, []).append(box)
    for name, alike in sorted(named.items(), key=lambda pair: -len(pair[1]))[:8]:
        if len(alike) >= FEWEST:
            yield name, alike


def _names(element: Selector) -> list[str]:
    """How an element may be picked: by its tag with a class, or within its parent's class, or by its tag alone."""
    tag = element.root.tag
    names = [f"{tag}.{name}" for name in _classes(element)]
    for parent in element.xpath("parent::*"):
        names += [f"{parent.root.tag}.{name} > {tag}" for name in _classes(parent)]
    return [*names, tag] if tag in ("article", "li") else names


def _classes(element: Selector) -> list[str]:
    return [name for name in element.attrib.get("class", "").split() if _NAME.fullmatch(name)]


def _inside(item: str, alike: Sequence[Selector], zone: tzinfo, now: datetime | None) -> Selectors:
    """Where an item keeps its link, its title and its date."""
    link = "" if all(box.root.tag == "a" for box in alike) else "a"
    headings = [tag.root.tag for box in alike for tag in box.css(_HEADINGS)[:1]]
    title = _usual(headings, alike) or _usual([_longest(box) for box in alike], alike)
    date = _usual([name for box in alike for name in _date_names(box, zone, now)], alike)
    return Selectors(item=item, link=link or "::attr(href)", title=title, date=date)


def _usual(names: Sequence[str], boxes: Sequence[Selector]) -> str:
    """The name that most of the boxes give; empty where there is none."""
    commonest = Counter(name for name in names if name).most_common(1)
    return commonest[0][0] if commonest and commonest[0][1] > len(boxes) / 2 else ""


def _longest(box: Selector) -> str:
    """How the element is picked that has the most words of its own; nothing where it is the link."""
    words = {" ".join(element.xpath("text()").getall()).strip(): element for element in box.css("*")}
    element = words[max(words, key=len)]
    return next((f"{element.root.tag}.{name}" for name in _classes(element)), "") if element.root.tag != "a" else ""


def _date_names(box: Selector, zone: tzinfo, now: datetime | None) -> set[str]:
    """How the elements of an item may be picked that show a date and little else."""
    names: set[str] = set()
    for element in box.css("*"):
        words = element.attrib.get("datetime") or " ".join(element.xpath("text()").getall()).strip()
        if words and len(words) <= _LONGEST_DATE and read_date(words, zone, now)[0] is not None:
            tag = element.root.tag
            names |= {"time"} if tag == "time" else {f"{tag}.{name}" for name in _classes(element)[:1]} or {tag}
    return names

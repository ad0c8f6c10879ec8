"""A listing page to entries: by its source's selectors, or by its shape where it has none."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, tzinfo

from parsel import Selector, SelectorList

from crawlers.addresses import joined, split
from crawlers.charset import to_text
from crawlers.dates import UNKNOWN, Moment, read_date, read_format
from crawlers.entry import Entry
from crawlers.feeds import NotAFeed, challenge, title
from crawlers.limits import ITEMS
from crawlers.sources import Selectors

_AS_WRITTEN = re.compile(r"::(?:text|attr\([\w:-]+\))\s*$")
_DATE_IN_URL = re.compile(r"/(20\d\d)[/-]?(\d{2})[/-]?(\d{2})?(?=[/_.-]|$)")
_SHORTEST_TITLE = 8
_LINKS = (
    "//a[@href][not(ancestor::nav or ancestor::footer or ancestor::*[@role='navigation'])]"
    "[not(ancestor::header[not(ancestor::article or ancestor::li)])]"
)
"""Links outside menus; a header inside an article holds its headline."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def read_listing(
    body: bytes,
    url: str,
    content_type: str = "",
    selectors: Selectors | None = None,
    include: str = "",
    zone: tzinfo = UTC,
    now: datetime | None = None,
) -> list[Entry]:
    """The items of a listing page, in its order, each URL once. Raises NotAFeed where there are none to be seen."""
    if not body.strip():
        raise NotAFeed("empty", "the page is empty")
    text = to_text(body, content_type).text
    page = Selector(text=text, type="html")
    base = joined(url, page.css("base::attr(href)").get() or "") or url
    found = _chosen(page, base, selectors, zone, now) if selectors else _by_shape(page, base, zone, now)
    first: dict[str | None, Entry] = {}
    for entry in found:
        if re.search(include, entry.url or ""):
            first.setdefault(entry.url, entry)
    entries = list(first.values())
    if entries:
        return entries[:ITEMS]
    if challenge(text):
        raise NotAFeed("challenge", "a page that checks for robots stands before it")
    what = f"no item matches {selectors.item!r}" if selectors else "no list of articles to be seen"
    raise NotAFeed("html", f"{what}: the page changed, or needs a script to show its items")


# ---- by selectors ---------------------------------------------------------------------------------------------------


def _chosen(page: Selector, base: str, selectors: Selectors, zone: tzinfo, now: datetime | None) -> list[Entry]:
    entries = []
    for item in page.css(selectors.item):
        address = joined(base, _link(item, selectors.link) or "")
        if not address or address == base:
            continue
        published, precision = _when(item, selectors, zone, now)
        entry = Entry(
            url=address,
            title=title(_words(item, selectors.title) or _words(item, selectors.link)),
            summary=_words(item, selectors.summary),
            published_at=published,
            published_precision=precision,
        )
        entries.append(entry)
    return entries


def _link(item: Selector, query: str) -> str | None:
    """The address of an item: of its link, or its own where the item is the link."""
    if _AS_WRITTEN.search(query):
        return item.css(query).get()
    return item.css(query).attrib.get("href") or item.attrib.get("href")


def _words(item: Selector, query: str) -> str:
    if not query:
        return ""
    found = item.css(query)
    if _AS_WRITTEN.search(query):
        return " ".join(part.strip() for part in found.getall()).strip()
    return " ".join(" ".join(found[:1].css("*::text").getall()).split())


def _when(item: Selector, selectors: Selectors, zone: tzinfo, now: datetime | None) -> Moment:
    if not selectors.date:
        return UNKNOWN
    for text in _date_texts(item, selectors.date):
        moment = read_format(text, selectors.date_format, zone) if selectors.date_format else read_date(text, zone, now)
        if moment[0] is not None:
            return moment
    return UNKNOWN


def _date_texts(item: Selector, query: str) -> list[str]:
    """What a date selector shows; of a `<time>` tag, its words and then its `datetime`."""
    found: SelectorList[Selector] = item.css(query)
    machine = [] if _AS_WRITTEN.search(query) else [tag.attrib["datetime"] for tag in found if "datetime" in tag.attrib]
    return [_words(item, query), *machine]


# ---- by shape -------------------------------------------------------------------------------------------------------


def _by_shape(page: Selector, base: str, zone: tzinfo, now: datetime | None) -> list[Entry]:
    """Links with a headline's length whose addresses share the page's most common folder of articles."""
    seen: dict[str, tuple[str, Selector]] = {}
    host = split(base).hostname or ""
    for link in page.xpath(_LINKS):
        address = joined(base, link.attrib["href"]).split("#")[0]
        words = _headline(link)
        if not _same_site(split(address).hostname or "", host) or address == base:
            continue
        if len(words) > len(seen.get(address, ("",))[0]):
            seen[address] = (words, link)
    long_enough = {a: v for a, v in seen.items() if _is_headline(v[0])}
    folders = Counter(_folder(address) for address in long_enough)
    below = _folder(base + "/x")
    common = {folder for folder, count in folders.items() if count >= 3 or folder.startswith(below)}
    entries = []
    for address, (words, link) in long_enough.items():
        if _folder(address) in common and (split(address).path or "/") != "/":
            published, precision = _date_near(link, address, zone, now)
            entries.append(
                Entry(url=address, title=title(words), published_at=published, published_precision=precision)
            )
    return entries


def _headline(link: Selector) -> str:
    heading = link.css("h1,h2,h3,h4,h5")
    words = " ".join(" ".join((heading or [link])[0].css("*::text").getall()).split())
    return words or link.attrib.get("title", "")


def _is_headline(words: str) -> bool:
    return len(words) >= (_SHORTEST_TITLE if _CHINESE.search(words) else 2 * _SHORTEST_TITLE) and len(words) <= 300


def _folder(address: str) -> str:
    """The path of an address without its last part, digits made alike."""
    path = split(address).path.rstrip("/")
    return re.sub(r"\d+", "0", path.rpartition("/")[0])


def _date_near(link: Selector, address: str, zone: tzinfo, now: datetime | None) -> Moment:
    """The date in the smallest box round a link that shows one, else the day in its address."""
    box: Selector | None = link
    for _ in range(4):
        if box is None or len(box.css("a[href]")) > 4:
            break
        stamps = [tag.attrib.get("datetime") or " ".join(tag.css("*::text").getall()) for tag in box.css("time")]
        for text in (*stamps, " ".join(box.css("*::text").getall())[:600]):
            moment = read_date(text[:200], zone, now)
            if moment[0] is not None:
                return moment
        parents = box.xpath("..")
        box = parents[0] if parents else None
    match = _DATE_IN_URL.search(address)
    return read_date("-".join(match.groups()), zone) if match and match.group(3) else UNKNOWN


def _same_site(host: str, other: str) -> bool:
    return host.removeprefix("www.") == other.removeprefix("www.") or host.endswith("." + other.removeprefix("www."))

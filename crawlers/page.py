"""An article page to its text, title, date, author and language."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import UTC, tzinfo
from typing import Any

import trafilatura
from lxml import etree
from lxml import html as lxml_html
from trafilatura.settings import use_config

from crawlers.addresses import joined
from crawlers.charset import to_text
from crawlers.dates import UNKNOWN, Moment, read_date
from crawlers.entry import Entry
from crawlers.feeds import NotAFeed, challenge, title
from crawlers.limits import TEXT_CHARACTERS

Tree = lxml_html.HtmlElement

_DEPTH = 200
"""Nested tags; real pages stay under 60, and extractors take minutes on thousands."""
_TAGS = 20_000
_DATE_NAMES = (
    "article:published_time",
    "og:published_time",
    "og:article:published_time",
    "datepublished",
    "publishdate",
    "pubdate",
    "publish-date",
    "publication_date",
    "dc.date.issued",
    "dc.date",
    "dcterms.created",
    "sailthru.date",
    "parsely-pub-date",
    "weibo: article:create_at",
    "date",
)
_EXTRACTION = use_config()
_EXTRACTION.set("DEFAULT", "MIN_EXTRACTED_SIZE", "100")
"""Characters below which a part of a page is taken for no article; an item of news in Chinese has fewer than the usual 250."""
_BREAKS = 4
"""Line breaks that make paragraphs of what stands between them."""
_NEARLY_ALL = 0.7
_INLINE = frozenset(
    {"a", "b", "code", "em", "font", "i", "img", "mark", "q", "small", "span", "strong", "sub", "sup", "u"}
)
_FURNITURE = re.compile(
    r"\W{0,3}(?:责任编辑|编辑|校对|审核|广告声明|微信扫一扫|扫码关注|分享到|阅读原文|相关(?:新闻|阅读|文章|推荐)|本文来自微信公众号"
    r"|该文观点仅代表作者本人|版权所有|未经授权)(?:[：:，,\s]|该公众号|关注|不得|$|.{0,4}平台).{0,100}$"
)
"""Lines that stand by many a Chinese article and belong to none."""
_CHINESE_TIME = re.compile(r"(?<!\d)20\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?")
_DATE_CLASS = "time|date|pubtime|publish|post-meta|article-info|article__meta|meta"
_SCRIPTS = re.compile(r"<(script|style|noscript|template)\b.*?</\1\s*>", re.I | re.S)


def read_page(body: bytes, url: str = "", headers: Mapping[str, str] | None = None, zone: tzinfo = UTC) -> Entry:
    """The article on a page. A date is taken from the page's own metadata or byline, else stays unknown.

    Raises NotAFeed, with what it is instead, for what is no page: empty, binary, a bot check.
    """
    if not body.strip():
        raise NotAFeed("empty", "the page is empty")
    if body[:2048].count(0) > 40 and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotAFeed("binary", "a binary file, not a page")
    text = to_text(body, (headers or {}).get("content-type", "")).text
    tree = _tree(_with_hidden_parts(text))
    words = _article(text, tree, url)
    if len(words) < 200 and challenge(text):
        raise NotAFeed("challenge", "a page that checks for robots stands before it")
    published, precision = published_at(tree, zone)
    return Entry(
        url=_canonical(tree, url),
        title=_title(tree),
        text=words[:TEXT_CHARACTERS],
        author=_author(tree),
        language=_language(tree, words),
        published_at=published,
        published_precision=precision,
    )


def is_article(page: Entry) -> bool:
    """Whether a page holds an article: enough words that hang together, and a title."""
    return bool(page.title) and (len(page.text) >= 400 or (len(page.text) >= 120 and page.published_at is not None))


def published_at(tree: Tree, zone: tzinfo = UTC) -> Moment:
    """When a page says that it was published: metadata first, then what stands by the headline."""
    for value in (*_structured(tree), *_meta_dates(tree), *_time_tags(tree), *_bylines(tree)):
        moment = read_date(value, zone)
        if moment[0] is not None:
            return moment
    return UNKNOWN


# ---- the tree -------------------------------------------------------------------------------------------------------


def _tree(text: str) -> Tree:
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, no_network=True, huge_tree=False)
    source = re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode("utf-8", "replace")
    try:
        tree = lxml_html.document_fromstring(source or b"<html></html>", parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        tree = lxml_html.document_fromstring("<html></html>")
    return tree


def _article(text: str, tree: Tree, url: str) -> str:
    """The article's words; of a page too deep or too large for the extractor, all words."""
    if _too_much(tree):
        return _all_words(text)
    found = trafilatura.extract(
        _as_article(deepcopy(tree)),
        url=url or None,
        fast=True,
        include_comments=False,
        include_tables=True,
        deduplicate=False,
        config=_EXTRACTION,
    )
    return "\n".join(line for line in (found or "").splitlines() if not _FURNITURE.match(line))


def _as_article(tree: Tree) -> Tree:
    """A page on which the extractor sees the article, whatever its author calls the block that holds it.

    Words between line breaks become paragraphs; the block that holds nearly all paragraphs is called the article's body.
    """
    for block in list(tree.iter("div", "section", "article", "td")):
        if sum(child.tag == "br" for child in block) >= _BREAKS:
            _part(block)
    if next(tree.iter("article"), None) is None:
        words: Counter[Tree] = Counter()
        for paragraph in tree.iter("p"):
            if (holder := paragraph.getparent()) is not None:
                words[holder] += len("".join(paragraph.itertext()).strip())
        for block, count in words.most_common(1):
            if block.tag != "body" and count >= _NEARLY_ALL * words.total():
                block.set("itemprop", "articleBody")
    return tree


def _part(block: Tree) -> None:
    paragraph = etree.SubElement(block, "p")
    block.remove(paragraph)
    paragraph.text, block.text = block.text, None
    parts = [paragraph]
    for child in list(block):
        tail, child.tail = child.tail, None
        if child.tag in _INLINE:
            parts[-1].append(child)
            child.tail = tail
            continue
        block.remove(child)
        paragraph = block.makeelement("p")
        paragraph.text = tail
        parts += [paragraph] if child.tag == "br" else [child, paragraph]
    for part in parts:
        if part.tag != "p" or "".join(part.itertext()).strip():
            block.append(part)


def _too_much(tree: Tree) -> bool:
    depth = count = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > _DEPTH or count > _TAGS:
            return True
    return False


def _all_words(text: str) -> str:
    text = re.sub(r"<[^<>]*>", "\n", _SCRIPTS.sub("", text))
    return re.sub(r"\s*\n\s*", "\n", html.unescape(text)).strip()


def _with_hidden_parts(text: str) -> str:
    """Pages that hide the article until a script runs (`visibility: hidden` in WeChat's), made visible."""
    return re.sub(r"(?i)(id=[\"']js_content[\"'][^>]*?)style=[\"'][^\"']*[\"']", r"\1", text)


# ---- what stands beside the text ------------------------------------------------------------------------------------


def _metas(tree: Tree) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop")
        if name and meta.get("content"):
            found.setdefault(name.lower(), meta.get("content", "").strip())
    return found


def _structured(tree: Tree) -> Iterator[str]:
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "") and script.text:
            try:
                data = json.loads(script.text)
            except (ValueError, RecursionError):
                match = re.search(r'"datePublished"\s*:\s*"([^"]{4,40})"', script.text)
                yield from [match.group(1)] if match else []
            else:
                yield from _dates_in(data, 0)


def _dates_in(data: Any, depth: int) -> Iterator[str]:
    if depth > 6:
        return
    if isinstance(data, dict):
        if isinstance(data.get("datePublished"), str):
            yield data["datePublished"]
        for value in data.values():
            yield from _dates_in(value, depth + 1)
    elif isinstance(data, list):
        for value in data[:50]:
            yield from _dates_in(value, depth + 1)


def _meta_dates(tree: Tree) -> list[str]:
    metas = _metas(tree)
    return [metas[name] for name in _DATE_NAMES if name in metas]


def _time_tags(tree: Tree) -> Iterator[str]:
    """`<time>` tags: those marked as published, then those in the article's head."""
    tags = list(tree.iter("time"))[:20]
    tags.sort(key=lambda tag: "published" not in f"{tag.get('class')} {tag.get('itemprop')} {tag.get('pubdate')}")
    for tag in tags:
        yield tag.get("datetime") or " ".join(tag.itertext())


def _bylines(tree: Tree) -> Iterator[str]:
    """Short texts in places that are called a date, nearest the top first."""
    pattern = re.compile(_DATE_CLASS, re.I)
    for tag in tree.iter("span", "div", "p", "em", "i", "li", "small"):
        if pattern.search(f"{tag.get('class') or ''} {tag.get('id') or ''}"):
            words = " ".join(tag.itertext()).strip()
            if 6 <= len(words) <= 120:
                match = _CHINESE_TIME.search(words)
                yield match.group() if match else words


def _title(tree: Tree) -> str:
    metas = _metas(tree)
    if metas.get("og:title"):
        return title(metas["og:title"])
    headings = [" ".join(h.itertext()).strip() for h in tree.iter("h1")]
    page = tree.findtext(".//title") or ""
    for heading in headings:
        if heading and (len(headings) == 1 or heading[:20] in page):
            return title(heading)
    return title(re.split(r"\s+[|_–—-]\s+|_", page)[0] if len(page) > 20 else page)


def _author(tree: Tree) -> str:
    metas = _metas(tree)
    name = metas.get("author") or metas.get("article:author") or metas.get("dc.creator") or ""
    return "" if name.startswith("http") else " ".join(name.split())[:200]


def _canonical(tree: Tree, url: str) -> str | None:
    for link in tree.iter("link"):
        if link.get("rel") == "canonical" and (href := link.get("href")):
            return joined(url, href) or url or None
    return url or None


def _language(tree: Tree, words: str) -> str | None:
    """By the words where they are Chinese, Japanese or Korean; else as the page declares."""
    sample = words[:4_000]
    if sample:
        kana = sum("\u3040" <= c <= "\u30ff" for c in sample)
        hangul = sum("\uac00" <= c <= "\ud7af" for c in sample)
        han = sum("\u4e00" <= c <= "\u9fff" for c in sample)
        if kana > 0.05 * len(sample):
            return "ja"
        if hangul > 0.1 * len(sample):
            return "ko"
        if han > 0.1 * len(sample):
            return "zh"
    match = re.match(r"[A-Za-z]{2,3}", tree.get("lang") or _metas(tree).get("og:locale", ""))
    declared = match.group().lower() if match else None
    return declared if declared != "zh" or not sample else "en"

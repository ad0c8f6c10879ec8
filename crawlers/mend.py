"""Damaged XML made well-formed again, as far as it means one thing: nothing that an author wrote is dropped."""

from __future__ import annotations

import html
import re
from xml.parsers import expat

_ROOT = re.compile(r"<(?:\?xml|rss|feed|channel|[A-Za-z][\w.-]*:(?:RDF|feed|rss)|RDF)\b", re.I)
_DECLARATION = re.compile(r"<\?xml[^>]*\?>", re.I)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*(?:\[(?P<inside>.*?)\]\s*)?>", re.I | re.S)
_ENTITY = re.compile(r"""<!ENTITY\s+([A-Za-z][\w.-]{0,60})\s+(?:"([^"%<&]{0,500})"|'([^'%<&]{0,500})')\s*>""")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&(?:#(\d{1,8});|#[xX]([0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{1,40});|)")
_KEPT = {"amp", "lt", "gt", "quot", "apos"}
_STRAY_LESS = re.compile(r"<(?![A-Za-z_/!?])")
_ASIDE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.S)
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]*)")
_PREFIX = re.compile(r"""[<\s]/?([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*(?=[\s=/>])""")
ITEM_END = re.compile(r"</(?:item|entry|[A-Za-z][\w.-]*:(?:item|entry))\s*>", re.I)
_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "wfw": "http://wellformedweb.org/CommentAPI/",
}


def tidy(text: str) -> str:
    """The document from its first tag on, without what no XML may hold, its declaration and its DOCTYPE.

    A DOCTYPE is where entity bombs and foreign files come from; its plain entities are put in place first.
    """
    start = _ROOT.search(text)
    text = text[start.start() :] if start else text.lstrip("\ufeff \t\r\n")
    text = _ILLEGAL.sub("", text)
    text = _DECLARATION.sub("", text, count=1).lstrip()
    doctype = _DOCTYPE.search(text[:100_000])
    if not doctype:
        return text
    text = text[: doctype.start()] + text[doctype.end() :]
    named = {m.group(1): m.group(2) or m.group(3) or "" for m in _ENTITY.finditer(doctype.group("inside") or "")}
    for name, value in list(named.items())[:100]:
        if f"&{name};" in text and name not in _KEPT:
            text = text.replace(f"&{name};", html.escape(value))
    return text


def is_wellformed(text: str) -> bool:
    """Whether an XML parser takes the whole document, namespaces included."""
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError:
        return False
    return True


def mend(text: str) -> str:
    """A tidied document with its references, stray signs and namespaces put right, and closed where it was cut off."""
    text = "".join(part if aside else _signs(part) for part, aside in parts(text))
    return _namespaces(close(text))


def is_cut(text: str) -> bool:
    """Whether a document ends before its root does."""
    root = _TAG.search(text)
    if root is None:
        return False
    ends = rf"</{re.escape(root.group(2))}\s*>\s*(?:<!--.*?-->\s*)*$"
    return re.search(ends, text[-5_000:], re.S) is None


def close(text: str) -> str:
    """A document cut off in the middle, ended after its last whole item; others as they are."""
    if not is_cut(text):
        return text
    ends = list(ITEM_END.finditer(text))
    if not ends:
        return text
    kept = text[: ends[-1].end()]
    opened: list[str] = []
    for part, aside in parts(kept):
        if not aside:
            _follow(part, opened)
    return kept + "".join(f"</{name}>" for name in reversed(opened))


def _follow(part: str, opened: list[str]) -> None:
    """Keeps account of the tags that are open at the end of a part."""
    for tag in re.finditer(r"<(/?)([A-Za-z_][\w.:-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(/?)>", part):
        closing, name, empty = tag.groups()
        if closing:
            if name in opened:
                while opened.pop() != name:
                    pass
        elif not empty:
            opened.append(name)


def parts(text: str) -> list[tuple[str, bool]]:
    """The text cut into markup and asides (CDATA and comments), whose signs mean nothing."""
    found: list[tuple[str, bool]] = []
    last = 0
    for aside in _ASIDE.finditer(text):
        found += [(text[last : aside.start()], False), (aside.group(), True)]
        last = aside.end()
    found.append((text[last:], False))
    return found


def _signs(part: str) -> str:
    return _STRAY_LESS.sub("&lt;", _REFERENCE.sub(_reference, part))


def _reference(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        if name in _KEPT:
            return match.group()
        meant = html.unescape(f"&{name};")
        return html.escape(meant) if meant != f"&{name};" else f"&amp;{name};"
    if decimal or hexadecimal:
        number = int(decimal) if decimal else int(hexadecimal, 16)
        return (
            match.group() if _is_character(number) else html.escape(html.unescape(match.group())).replace("\ufffd", "")
        )
    return "&amp;"


def _is_character(number: int) -> bool:
    return (
        number in (9, 10, 13) or 32 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or 0x10000 <= number <= 0x10FFFF
    )


def _namespaces(text: str) -> str:
    """Every prefix in use declared on the root."""
    root = _TAG.search(text)
    if not root:
        return text
    bare = "".join(part for part, aside in parts(text) if not aside)
    used = set(_PREFIX.findall(bare)) - {"xml", "xmlns"}
    missing = sorted(
        prefix
        for prefix in used
        if f"xmlns:{prefix}=" not in bare and not re.search(rf"xmlns:{re.escape(prefix)}\s*=", bare)
    )
    if not missing:
        return text
    added = "".join(f' xmlns:{prefix}="{_NAMESPACES.get(prefix, "urn:undeclared:" + prefix)}"' for prefix in missing)
    return text[: root.end()] + added + text[root.end() :]

"""From an entry as found to a document: nothing is added that the source did not say."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from pipeline.extract.language import language_of
from pipeline.extract.plain import plain
from pipeline.extract.urls import canonical
from pipeline.records import Document, RawDocument
from pipeline.text import clean, fold

TITLE_LENGTH = 500
"""Longer titles are a text in the wrong field; characters."""

TEXT_LENGTH = 200_000
"""More than any article; characters. What follows is left out, so that no single page can slow the trip down."""

CLOCK_SKEW = timedelta(hours=1)
"""How far a source's clock may run ahead of ours before its date counts as unknown."""

_SUFFIX = re.compile(r"\s*(?:[|｜_·•—–]|\s-{1,2})\s*([^|｜_·•—–]{1,40})$")
_NOT_A_NAME = re.compile(r"[\W_]+")


def extract(raw: RawDocument) -> Document:
    """The document that an entry holds. The same entry always gives the same document and id."""
    text = plain(clean(raw.text[: TEXT_LENGTH * 4]))[:TEXT_LENGTH]
    title = _tidy_title(plain(clean(raw.title)), raw)
    url = canonical(raw.url) if raw.url else None
    return Document(
        id=raw.document_id or _identify(raw, url, title, text),
        external_id=raw.id,
        source_id=raw.source_id,
        source_name=clean(raw.source_name),
        source_company=raw.source_company,
        tier=raw.tier,
        url=raw.url,
        canonical_url=url,
        title=title,
        text=text,
        author=" ".join(plain(clean(raw.author)).split()),
        language=language_of(title, text, raw.language),
        published_at=raw.published_at,
        published_precision=_precision(raw),
        first_seen_at=raw.first_seen_at,
    )


def _tidy_title(title: str, raw: RawDocument) -> str:
    """The title on one line, without the name of the site at its end."""
    line = " ".join(title.split())[:TITLE_LENGTH]
    names = _site_names(raw)
    while (found := _SUFFIX.search(line)) and found.start() and _squash(found[1]) in names:
        line = line[: found.start()]
    return line


def _site_names(raw: RawDocument) -> set[str]:
    """What the site calls itself: the source's name, and its host with and without the last labels."""
    names = {_squash(raw.source_name)}
    host = _host(raw.url)
    labels = host.removeprefix("www.").split(".")
    names |= {_squash(host), _squash(".".join(labels)), _squash(".".join(labels[-2:])), *map(_squash, labels[-2:-1])}
    return names - {""}


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


def _squash(name: str) -> str:
    return _NOT_A_NAME.sub("", fold(name))


def _precision(raw: RawDocument) -> Literal["time", "day", "unknown"]:
    """How much of the given time to believe: nothing where it lies in the future of our first sight."""
    if raw.published_at is None or raw.published_at > raw.first_seen_at + CLOCK_SKEW:
        return "unknown"
    return raw.published_precision


def _identify(raw: RawDocument, url: str | None, title: str, text: str) -> str:
    """`d` and 16 hex digits over the canonical URL; without one over the source with its own id, or the words and the day."""
    if url:
        name = f"url\n{url}"
    elif raw.id:
        name = f"id\n{raw.source_id}\n{raw.id}"
    else:
        day = raw.published_at.date().isoformat() if raw.published_at else ""
        name = f"words\n{raw.source_id}\n{title or text[:TITLE_LENGTH]}\n{day}"
    return "d" + hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8).hexdigest()

"""Feeds made to harm their reader, and sloppy ones that mean no harm: markup, redirects, dates, validators. By path."""

from __future__ import annotations

from tests.site.misdeeds import CHINESE, PAGES, XML, rss
from tests.site.server import Answer, Asked, Misdeed

HARMLESS = "An item that means no harm"


def _with_doctype(declared: str, title: str) -> str:
    return rss(title, HARMLESS, extra=f"<!DOCTYPE rss [{declared}]>")


async def laughs(_: Asked, answer: Answer) -> None:
    """Ten to the ninth laughs in one entity."""
    more = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    await answer.send(_with_doctype(f'<!ENTITY l0 "ha">{more}', "&l9;"), kind=XML)


async def quadratic(_: Asked, answer: Answer) -> None:
    """One long entity, many times over."""
    await answer.send(_with_doctype(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 20_000), kind=XML)


async def foreign_file(_: Asked, answer: Answer) -> None:
    """An entity that is a file of the reader's machine."""
    await answer.send(_with_doctype('<!ENTITY f SYSTEM "file:///etc/passwd">', "&f;"), kind=XML)


async def foreign_dtd(asked: Asked, answer: Answer) -> None:
    """A DTD, and an entity, to be fetched from elsewhere: from /trap."""
    trap = f"http://127.0.0.1:{asked.port}/trap"
    feed = rss("&e;", HARMLESS, extra=f'<!DOCTYPE rss SYSTEM "{trap}" [<!ENTITY e SYSTEM "{trap}">]>')
    await answer.send(feed, kind=XML)


async def deep(_: Asked, answer: Answer) -> None:
    """A hundred thousand tags, one inside another."""
    await answer.send(rss("<a>" * 100_000, HARMLESS), kind=XML)


async def deep_in_feed_tags(_: Asked, answer: Answer) -> None:
    """The same with tags that feeds are made of."""
    await answer.send(rss("First of all", "<media:group>" * 100_000, HARMLESS), kind=XML)


async def many_items(_: Asked, answer: Answer) -> None:
    """Twelve thousand items in less than the cap on bytes."""
    items = "".join(f"<item><guid>{n}</guid><title>Item {n} of many</title></item>" for n in range(12_000))
    await answer.send(f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>', kind=XML)


async def utf_16(_: Asked, answer: Answer) -> None:
    """Chinese in UTF-16, whatever it declares."""
    await answer.send(CHINESE.encode("utf-16"), kind=XML)


async def utf_7(_: Asked, answer: Answer) -> None:
    """Tags hidden in UTF-7."""
    feed = rss("+ADw-script+AD4-alert(1)+ADw-/script+AD4-", HARMLESS, declared="utf-7")
    await answer.send(feed, kind="text/xml; charset=utf-7")


async def one_validator(asked: Asked, answer: Answer) -> None:
    """Keeps its ETag whatever it says, and renews its date even with a 304."""
    unchanged = "if-none-match" in asked.headers and asked.count < 4
    date = f"Mon, 18 Mar 2024 10:00:{asked.count:02d} GMT"
    body = rss(*(f"Release number {n}" for n in range(1 if asked.count < 4 else 2)))
    await answer.send(body, 304 if unchanged else 200, kind=XML, ETag='"same"', Last_Modified=date)


async def parked(_: Asked, answer: Answer) -> None:
    """A domain that lapsed: every address leads for good to a page of advertisements."""
    await answer.send("", 301, Location="/html-error")


async def future(_: Asked, answer: Answer) -> None:
    """An item of 2041, as of a clock that is wrong, beside one of today."""
    feed = rss("Dated in the far future", HARMLESS).replace("18 Mar 2024 00:00:00", "18 Mar 2041 00:00:00")
    await answer.send(feed, kind=XML)


async def undated(asked: Asked, answer: Answer) -> None:
    """An item without a date, whose page has one."""
    feed = rss("Without a date of its own").replace("http://example.org/0", f"http://127.0.0.1:{asked.port}/article?7")
    await answer.send(feed.partition("<pubDate>")[0] + "</item></channel></rss>", kind=XML)


HOSTILE: dict[str, Misdeed] = {
    "/laughs": laughs,
    "/quadratic": quadratic,
    "/foreign-file": foreign_file,
    "/foreign-dtd": foreign_dtd,
    "/deep": deep,
    "/deep-in-feed-tags": deep_in_feed_tags,
    "/many-items": many_items,
    "/utf-16": utf_16,
    "/utf-7": utf_7,
    "/one-validator": one_validator,
    "/parked": parked,
    "/future": future,
    "/undated": undated,
}
EVERYTHING: dict[str, Misdeed] = {**PAGES, **HOSTILE}

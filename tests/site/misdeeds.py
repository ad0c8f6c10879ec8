"""Every misdeed of the hostile site, by path, and a few pages that behave, to compare with."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.site.packed import GIB, brotli_zeros, deflate_zeros, gzip_zeros, nested_zeros, zstd_zeros
from tests.site.server import Answer, Asked, Misdeed

XML = "application/rss+xml"


def rss(*titles: str, start: int = 0, declared: str = "utf-8", extra: str = "") -> str:
    """A small feed with an item a title."""
    items = "".join(
        f"<item><title>{title}</title><link>http://example.org/{start + n}</link><guid>item-{start + n:04d}</guid>"
        f"<description>The text of {title}, long enough to be told from others.</description>"
        f"<pubDate>Mon, 18 Mar 2024 {n % 24:02d}:00:00 GMT</pubDate></item>"
        for n, title in enumerate(titles)
    )
    return (
        f'<?xml version="1.0" encoding="{declared}"?>{extra}<rss version="2.0"><channel><title>News</title>'
        f"<link>http://example.org/</link><description>-</description>{items}</channel></rss>"
    )


GOOD = rss("First model released", "Second model released", "Third model released")
CHINESE = rss("月之暗面发布二百万字长文本模型", "潞晨科技开源视频模型", declared="gb2312")


# ---- pages that behave ----------------------------------------------------------------------------------------------


async def good(_: Asked, answer: Answer) -> None:
    """A small good feed, to compare with."""
    await answer.send(GOOD, kind=XML)


async def with_etag(asked: Asked, answer: Answer) -> None:
    """Answers 304 to exactly the validators it gave, strange as they are."""
    tag, date = 'W/"a,b;c==--gzip"', "Sun, 06 Nov 1994 08:49:37 GMT"
    same = asked.headers.get("if-none-match") == tag and asked.headers.get("if-modified-since") == date
    await answer.send(GOOD, 304 if same else 200, kind=XML, ETag=tag, Last_Modified=date)


async def missing(_: Asked, answer: Answer) -> None:
    """404."""
    await answer.send("not here", 404)


# ---- no news is not good news ---------------------------------------------------------------------------------------


async def frozen_etag(asked: Asked, answer: Answer) -> None:
    """Says 304 to every conditional request, whatever is new."""
    conditional = "if-none-match" in asked.headers
    await answer.send(
        rss(*(f"Release number {n}" for n in range(asked.count))), 304 if conditional else 200, kind=XML, ETag='"x"'
    )


async def empty(_: Asked, answer: Answer) -> None:
    """200 with no body, called a feed."""
    await answer.send("", kind=XML)


async def html_error(_: Asked, answer: Answer) -> None:
    """200 with a gateway's error page, called a feed."""
    await answer.send("<!doctype html><html><title>502 Bad Gateway</title><body>nginx</body></html>", kind=XML)


async def challenge(_: Asked, answer: Answer) -> None:
    """200 with a page that checks for robots."""
    await answer.send("<html><head><title>Just a moment...</title></head><body class=cf-chl>wait</body></html>")


async def challenge_403(_: Asked, answer: Answer) -> None:
    """403 with a page that checks for robots."""
    await answer.send("<html><title>Just a moment...</title></html>", 403)


async def binary(_: Asked, answer: Answer) -> None:
    """200 with a picture, called a feed."""
    await answer.send(b"\x89PNG\r\n\x1a\n" + bytes(400), kind=XML)


async def cut_xml(_: Asked, answer: Answer) -> None:
    """A feed whose XML ends in the middle, though the answer is whole."""
    await answer.send(GOOD[: GOOD.index("Third")], kind=XML)


async def cut_connection(_: Asked, answer: Answer) -> None:
    """Promises more bytes than it sends."""
    await answer.raw(
        b'HTTP/1.1 200 OK\r\nETag: "half"\r\nContent-Type: text/xml\r\nContent-Length: 99999\r\n\r\n'
        + GOOD[:700].encode()
    )


async def json_error(_: Asked, answer: Answer) -> None:
    """200 with an error in JSON."""
    await answer.send('{"error": "rate limited"}', kind="application/json")


async def gone(_: Asked, answer: Answer) -> None:
    """410."""
    await answer.send("gone", 410)


async def broken(_: Asked, answer: Answer) -> None:
    """502."""
    await answer.send("oh no", 502)


async def rolling(asked: Asked, answer: Answer) -> None:
    """Shows 10 items, and 30 have come and gone between two visits."""
    start = 30 * asked.count
    await answer.send(rss(*(f"Short news number {start + n}" for n in range(10)), start=start), kind=XML)


async def redated(asked: Asked, answer: Answer) -> None:
    """Ten items at first; then a whole archive of 500 under new guids and addresses, all dated as they are."""
    if asked.count == 1:
        return await answer.send(rss(*(f"Ordinary item number {n}" for n in range(10))), kind=XML)
    return await answer.send(rss(*(f"Archived item number {n}" for n in range(500)), start=10_000), kind=XML)


# ---- charsets -------------------------------------------------------------------------------------------------------


async def gbk_called_gb2312(_: Asked, answer: Answer) -> None:
    """GBK that the document calls gb2312."""
    await answer.send(CHINESE.encode("gbk"), kind="text/xml")


async def utf8_called_gbk(_: Asked, answer: Answer) -> None:
    """UTF-8 that the header calls GBK."""
    await answer.send(CHINESE.replace("gb2312", "utf-8").encode(), kind="text/xml; charset=gbk")


# ---- bombs and floods -----------------------------------------------------------------------------------------------


async def gzip_bomb(_: Asked, answer: Answer) -> None:
    """A quarter of a gigabyte of zeros as gzip."""
    await answer.send(gzip_zeros(GIB // 4), kind=XML, Content_Encoding="gzip")


async def deflate_bomb(_: Asked, answer: Answer) -> None:
    """64 megabytes of zeros as deflate."""
    await answer.send(deflate_zeros(GIB // 16), kind=XML, Content_Encoding="deflate")


async def brotli_bomb(_: Asked, answer: Answer) -> None:
    """128 megabytes of zeros as brotli."""
    await answer.send(brotli_zeros(), kind=XML, Content_Encoding="br")


async def zstd_bomb(_: Asked, answer: Answer) -> None:
    """A gigabyte of zeros as zstd."""
    await answer.send(zstd_zeros(GIB), kind=XML, Content_Encoding="zstd")


async def nested_bomb(_: Asked, answer: Answer) -> None:
    """A gzip bomb in gzip."""
    await answer.send(nested_zeros(GIB // 4), kind=XML, Content_Encoding="gzip, gzip")


async def endless(_: Asked, answer: Answer) -> None:
    """A body without an end, as quick as it goes."""
    await answer.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss>")
    while True:
        await answer.raw(b" " * 65536)


async def lying_length(_: Asked, answer: Answer) -> None:
    """Says 10 bytes, sends a bomb's worth."""
    await answer.raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 10\r\n\r\n" + b"<rss/>    " + b"x" * 1_000_000
    )


async def not_gzip(_: Asked, answer: Answer) -> None:
    """Plain bytes called gzip."""
    await answer.send(GOOD, kind=XML, Content_Encoding="gzip")


async def secret_gzip(_: Asked, answer: Answer) -> None:
    """Gzip that nobody declared."""
    await answer.send(gzip.compress(GOOD.encode()), kind=XML)


async def raw_deflate(_: Asked, answer: Answer) -> None:
    """Deflate without its wrapping, as some servers send it."""
    packer = zlib.compressobj(wbits=-15)
    await answer.send(packer.compress(GOOD.encode()) + packer.flush(), kind=XML, Content_Encoding="deflate")


async def unknown_coding(_: Asked, answer: Answer) -> None:
    """A content coding that nobody knows."""
    await answer.send(b"\x00\x01\x02", kind=XML, Content_Encoding="lzma2000")


async def huge_headers(_: Asked, answer: Answer) -> None:
    """One header of half a megabyte."""
    await answer.raw(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: " + b"a" * 500_000 + b"\r\n\r\n")


async def endless_headers(_: Asked, answer: Answer) -> None:
    """A million headers."""
    await answer.raw(b"HTTP/1.1 200 OK\r\n")
    for n in range(1_000_000):
        await answer.raw(f"X-{n}: {'a' * 1000}\r\n".encode())


async def garbage(_: Asked, answer: Answer) -> None:
    """Bytes that are no HTTP."""
    await answer.raw(b"\x00\xff\xfeNOT HTTP AT ALL\r\n\r\n")


# ---- slowness -------------------------------------------------------------------------------------------------------


async def silent(_: Asked, __: Answer) -> None:
    """Takes the request and never answers."""
    await asyncio.sleep(3600)


async def slow_body(_: Asked, answer: Answer) -> None:
    """A body at ten bytes a second."""
    await answer.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
    for byte in (GOOD * 100).encode():
        await answer.raw(bytes([byte]))
        await asyncio.sleep(0.1)


async def slow_headers(_: Asked, answer: Answer) -> None:
    """Headers at ten bytes a second."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 10_000:
        await answer.raw(bytes([byte]))
        await asyncio.sleep(0.1)


async def hang_up(_: Asked, __: Answer) -> None:
    """Closes the connection without a word."""
    return


# ---- redirects ------------------------------------------------------------------------------------------------------


async def loop(_: Asked, answer: Answer) -> None:
    """Redirects to itself."""
    await answer.send("", 302, Location="/loop")


async def hops(asked: Asked, answer: Answer) -> None:
    """`/hops?5` takes five redirects to a good feed."""
    left = int(asked.path.partition("?")[2] or 0)
    if left:
        return await answer.send("", 302, Location=f"/hops?{left - 1}")
    return await answer.send(GOOD, kind=XML)


async def moved(_: Asked, answer: Answer) -> None:
    """301 to /good."""
    await answer.send("", 301, Location="/good")


async def to(asked: Asked, answer: Answer) -> None:
    """`/to?URL` redirects to that very text."""
    await answer.send("", 302, Location=asked.path.partition("?")[2])


async def nowhere(_: Asked, answer: Answer) -> None:
    """Redirects to an address that is none."""
    await answer.send("", 302, Location="http://[::bad")


async def cookies(_: Asked, answer: Answer) -> None:
    """Redirects to /good with a cookie."""
    await answer.send("", 302, Location="/good", Set_Cookie="track=1")


# ---- wishes ---------------------------------------------------------------------------------------------------------


async def later_seconds(_: Asked, answer: Answer) -> None:
    """429 with Retry-After in seconds."""
    await answer.send("later", 429, Retry_After="120")


async def later_date(_: Asked, answer: Answer) -> None:
    """503 with Retry-After as a date."""
    when = datetime.now(UTC) + timedelta(hours=2)
    await answer.send("later", 503, Retry_After=format_datetime(when, usegmt=True))


async def later_unsaid(_: Asked, answer: Answer) -> None:
    """429 without a word on when."""
    await answer.send("later", 429)


async def long_cached(_: Asked, answer: Answer) -> None:
    """A feed that may be cached for two hours."""
    await answer.send(GOOD, kind=XML, Cache_Control="public, max-age=7200")


# ---- pages ----------------------------------------------------------------------------------------------------------


async def listing(_: Asked, answer: Answer) -> None:
    """A list of Chinese articles without a feed."""
    rows = "".join(
        f'<li class=post><a href="/article?{n}"><h3>新模型发布第{n}号：长文本能力提升</h3></a>'
        f"<time>2024-03-{n:02d}</time></li>"
        for n in range(18, 22)
    )
    menu = "<nav><a href=/about>About us and our mission</a></nav>"
    await answer.send(f"<html><body>{menu}<ul>{rows}</ul></body></html>")


async def article(asked: Asked, answer: Answer) -> None:
    """A Chinese page in GBK, which only its meta tag says."""
    number = asked.path.partition("?")[2]
    words = "".join(f"<p>这是第{number}号模型的第{n}段介绍，上下文长度达到二百万字，价格下降。</p>" for n in range(8))
    head = (
        f"<meta charset=gbk><title>新模型发布第{number}号</title>"
        '<meta property="article:published_time" content="2024-03-20T09:30:00+08:00">'
    )
    body = f"<article><h1>新模型发布第{number}号</h1>{words}</article>"
    page = f"<html lang=zh><head>{head}</head><body>{body}</body></html>"
    await answer.send(page.encode("gbk"), kind="text/html")


async def no_robots(_: Asked, answer: Answer) -> None:
    """None: everything may be asked for."""
    await answer.send("", 404)


PAGES: dict[str, Misdeed] = {
    "/robots.txt": no_robots,
    "/good": good,
    "/with-etag": with_etag,
    "/missing": missing,
    "/frozen-etag": frozen_etag,
    "/empty": empty,
    "/html-error": html_error,
    "/challenge": challenge,
    "/challenge-403": challenge_403,
    "/binary": binary,
    "/cut-xml": cut_xml,
    "/cut-connection": cut_connection,
    "/json-error": json_error,
    "/gone": gone,
    "/broken": broken,
    "/rolling": rolling,
    "/redated": redated,
    "/gbk-called-gb2312": gbk_called_gb2312,
    "/utf8-called-gbk": utf8_called_gbk,
    "/gzip-bomb": gzip_bomb,
    "/deflate-bomb": deflate_bomb,
    "/brotli-bomb": brotli_bomb,
    "/zstd-bomb": zstd_bomb,
    "/nested-bomb": nested_bomb,
    "/endless": endless,
    "/lying-length": lying_length,
    "/not-gzip": not_gzip,
    "/secret-gzip": secret_gzip,
    "/raw-deflate": raw_deflate,
    "/unknown-coding": unknown_coding,
    "/huge-headers": huge_headers,
    "/endless-headers": endless_headers,
    "/garbage": garbage,
    "/silent": silent,
    "/slow-body": slow_body,
    "/slow-headers": slow_headers,
    "/hang-up": hang_up,
    "/loop": loop,
    "/hops": hops,
    "/moved": moved,
    "/to": to,
    "/nowhere": nowhere,
    "/cookies": cookies,
    "/later-seconds": later_seconds,
    "/later-date": later_date,
    "/later-unsaid": later_unsaid,
    "/long-cached": long_cached,
    "/listing": listing,
    "/article": article,
}

"""The sample site: serves every document as real sites do, and leaves nothing behind."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import feedparser
import httpx
import pytest
from lxml import html

from crawlers.sources import Source
from sample.site import Site
from sample.week import SampleDocument

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.base_url, trust_env=False) as http:
        yield http


def links_of(source: Source, answer: httpx.Response) -> list[str]:
    """Article addresses of a feed or listing, read by a reader that is not ours."""
    if source.kind == "json-feed":
        found = [item["url"] for item in json.loads(answer.content)["items"]]
    elif source.kind == "listing":
        assert source.selectors
        items = html.fromstring(answer.content).cssselect(source.selectors.item)
        found = [str(item.xpath("string(.//a/@href)")) for item in items]
    else:
        feed = feedparser.parse(answer.content)
        assert not feed.bozo
        found = [entry.link for entry in feed.entries]
    return [urljoin(source.url, link) for link in found]


def article_text(answer: httpx.Response) -> str:
    (article,) = html.fromstring(answer.content).cssselect("article")
    return "\n".join(p.text_content() for p in article.cssselect("p:not(.byline)"))


def test_every_document_is_linked_from_its_source_and_served_whole(site: Site, client: httpx.Client) -> None:
    for source in site.sources():
        own = {d.id: d for d in site.documents() if d.source == source.id}
        links = links_of(source, client.get(source.url))
        assert {Path(urlsplit(link).path).stem for link in links} == set(own)
        for link in links:
            document = own[Path(urlsplit(link).path).stem]
            answer = client.get(link)
            assert answer.status_code == 200
            assert article_text(answer) == document.text
            assert site.fact_url(link) == document.fact_url


def test_a_full_feed_has_the_text_and_a_short_one_only_its_beginning(site: Site, client: httpx.Client) -> None:
    def shown(document: SampleDocument) -> str:
        feed = feedparser.parse(client.get(f"/{document.source}/feed.xml").content, sanitize_html=False)
        (entry,) = [e for e in feed.entries if document.id in e.link]
        return str(entry.content[0].value if "content" in entry else entry.summary)

    by_id = {d.id: d for d in site.documents()}
    full, short = by_id["kimi-2m-keji"], by_id["dbrx-official"]
    assert all(escape(p, quote=False) in shown(full) for p in full.paragraphs)
    assert short.paragraphs[1][:40] not in shown(short)


def test_a_known_copy_is_answered_304_without_a_body(site: Site, client: httpx.Client) -> None:
    for source in site.sources():
        first = client.get(source.url)
        by_tag = client.get(source.url, headers={"If-None-Match": first.headers["ETag"]})
        by_time = client.get(source.url, headers={"If-Modified-Since": first.headers["Last-Modified"]})
        assert (by_tag.status_code, by_tag.content) == (304, b"")
        assert (by_time.status_code, by_time.content) == (304, b"")


def test_another_copy_is_answered_in_full(client: httpx.Client) -> None:
    stale = {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    assert client.get("/sample-keji/feed.xml", headers=stale).status_code == 200
    old = {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}
    assert client.get("/sample-keji/feed.xml", headers=old).status_code == 200
    assert client.get("/sample-keji/feed.xml", headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_gzip_only_for_those_who_ask(client: httpx.Client) -> None:
    plain = client.get("/sample-keji/feed.xml", headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/sample-keji/feed.xml", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert "Content-Encoding" not in plain.headers
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < len(plain.content)
    assert gzip.decompress(packed) == plain.content


def test_one_site_is_gbk_and_says_so_only_in_the_page(client: httpx.Client) -> None:
    answer = client.get("/sample-caijing/jiuan-denial.html")
    assert answer.headers["Content-Type"] == "text/html"
    assert b'<meta charset="gbk">' in answer.content
    assert "九安医疗澄清".encode("gbk") in answer.content


def test_one_feed_has_relative_links_and_one_naive_dates(client: httpx.Client) -> None:
    assert b'href="sima-official.html"' in client.get("/sample-deepmind/feed.xml").content
    assert b"<pubDate>2024-03-28 08:00:00</pubDate>" in client.get("/sample-city/feed.xml").content


def test_every_format_is_there(site: Site, client: httpx.Client) -> None:
    starts = {client.get(s.url).headers["Content-Type"].partition(";")[0] for s in site.sources()}
    assert starts == {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "text/html",
    }


def test_robots_and_sitemap_name_every_article(site: Site, client: httpx.Client) -> None:
    assert f"Sitemap: {site.base_url}/sitemap.xml" in client.get("/robots.txt").text
    assert client.get("/sitemap.xml").text.count("<loc>") == len(site.documents())


def test_an_unknown_page_is_404_and_the_connection_lives_on(client: httpx.Client) -> None:
    assert client.get("/nothing.html").status_code == 404
    head = client.head("/")
    assert (head.status_code, head.content) == (200, b"")
    assert client.get("/").status_code == 200


def test_it_leaves_no_thread_and_no_port_even_with_a_connection_open() -> None:
    def interrupted(site: Site) -> None:
        with site:
            address.append(("127.0.0.1", urlsplit(site.base_url).port or 0))
            idle.connect(address[0])
            idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(12) == b"HTTP/1.1 200"
            raise KeyboardInterrupt

    before = set(threading.enumerate())
    address: list[tuple[str, int]] = []
    with socket.socket() as idle, socket.socket() as probe:
        with pytest.raises(KeyboardInterrupt):
            interrupted(Site())
        assert set(threading.enumerate()) <= before
        assert probe.connect_ex(address[0]) != 0


def test_the_same_site_can_be_entered_again(site: Site) -> None:
    again = Site()
    for _ in range(2):
        with again:
            assert httpx.get(again.base_url, trust_env=False).status_code == 200


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped(stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "sample.site"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        assert httpx.get(address, trust_env=False).status_code == 200
        process.send_signal(stop)
        assert process.wait(timeout=10) == 0
        assert process.stdout.read() == "stopped\n"

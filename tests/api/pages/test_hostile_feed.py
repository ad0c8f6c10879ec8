"""The 300 hostile payloads come in through a feed, as a feed would bring them, and through the whole trip onto the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from crawlers.feeds import read_feed
from crawlers.sources import Source
from pipeline.lexicon import Lexicon
from storage import events
from tests.api.conftest import ADMIN, House
from tests.api.pages.corpus import PAYLOADS, URLS
from tests.api.pages.test_hostile import faults
from worker.collect import raw_document

NOW = datetime.now(UTC) - timedelta(hours=1)
ITEMS = 30
SOURCE = Source(id="hostile", name="Hostile", url="https://h.example/", kind="rss", tier=2, language="zh")
LISTS = ("/events", "/search?q=OpenAI", "/companies/openai", "/live", "/securities/NASDAQ:MSFT", "/alerts", "/watches")


def item(number: int) -> str:
    """An item of a feed with ten payloads where a feed has words: escaped, escaped twice, and as CDATA."""
    part = PAYLOADS[number::ITEMS]
    said = f"OpenAI 发布大模型 GPT-{number}，参数 {number + 7}0 亿。"
    body = "。".join(f"{said}{text}" for text in part[3:]).replace("]]>", "]]&gt;")
    return f"""<item><title>{escape(escape(said + part[0]))} {escape(part[1])}</title><author>{escape(part[2])}</author>
      <link>{escape(URLS[number % len(URLS)] if number % 3 else f"https://h.example/{number}")}</link><guid>{number}</guid>
      <category>{escape(part[3])}</category><pubDate>{NOW:%a, %d %b %Y %H:%M:%S} GMT</pubDate>
      <description><![CDATA[{said}{body}]]></description></item>"""


def test_no_payload_of_a_feed_becomes_markup_on_a_page(tmp_path: Path, lexicon: Lexicon) -> None:
    feed = f"<rss version='2.0'><channel><title>x</title>{''.join(map(item, range(ITEMS)))}</channel></rss>"
    entries = read_feed(feed.encode(), SOURCE.url)
    assert len(entries) == ITEMS
    house = House(tmp_path, lexicon, {"api_per_minute": 1e9})
    house.bring(*(raw_document(SOURCE, entry, NOW) for entry in entries))
    with house.desk() as desk, desk.store.reading() as session:
        told = events.page(session, limit=200).events
    assert sum(len(event.reports) for event in told) >= 20
    shown = ""
    with house.client(headers=ADMIN | {"accept": "text/html"}) as client:
        for path in (*LISTS, *(f"/events/{event.id}" for event in told)):
            answer = client.get(path)
            assert (answer.status_code, faults(answer.text)) == (200, []), path
            shown += answer.text
    assert "OpenAI 发布大模型 GPT-" in shown
    assert "lwRan" in shown  # some of what they brought is on the pages, as words

"""300 hostile payloads in feeds' titles, names, quotes, addresses and watches: no page ever makes markup of them."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import html5lib
import pytest
from markupsafe import escape

from tests.api.pages.conftest import HOSTILE_EVENTS, Room
from tests.api.pages.corpus import PAYLOADS

LISTS = (
    "/", "/live", "/events", "/search?q=kimi", "/companies/openai", "/products/kimi", "/products", "/securities/NYSE:BABA",
    "/themes/ai", "/watches", "/alerts", "/sources", "/corrections?event=x3", "/admin", "/digests/" + "{week}",
)  # fmt: skip
ALLOWED = frozenset(
    """
    html head meta title link script body a header img form input button nav main h1 h2 h3 p ul ol li div span b strong
    small section article aside table thead tbody tr th td q code dl dt dd time details summary figure figcaption svg line
    text g circle rect path iframe label select option textarea fieldset legend meter mark pre br
    """.split()  # noqa: SIM905 read as words
)
ADDRESSES = ("href", "src", "action", "formaction", "data", "hx-get", "hx-post")


def faults(page: str) -> list[str]:
    """What of a page could run, or leads elsewhere than a link may."""
    wrong = []
    tree = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)
    nonce = page.split('nonce="')[1].split('"')[0] if 'nonce="' in page else ""
    for node in tree.iter():
        name = str(node.tag).rpartition("}")[2]
        if not isinstance(node.tag, str):
            continue
        if name not in ALLOWED or (name == "script" and (node.get("nonce") != nonce or node.text)):
            wrong.append(f"<{name}>")
        if name == "base" or (name == "meta" and node.get("http-equiv")):
            wrong.append(f"<{name} {node.attrib}>")
        for key, value in node.attrib.items():
            key = str(key).rpartition("}")[2]
            is_event = key.startswith(("on", "hx-on", "hx-vals", "style"))
            is_elsewhere = key in ADDRESSES and urlsplit(value.strip()).scheme not in ("", "http", "https")
            if (
                key == "srcdoc"
                or is_event
                or is_elsewhere
                or (name in ("link", "script", "img", "iframe") and value.startswith("http"))
            ):
                wrong.append(f"<{name} {key}={value[:60]}>")
    return wrong


def test_the_corpus_is_caught_where_it_is_not_escaped() -> None:
    page = "<!doctype html><html><head><title>x</title></head><body><main>{}</main></body></html>"
    assert faults(page.format("plain words")) == []
    assert [payload for payload in PAYLOADS if not faults(page.format(payload))] == []
    assert len(PAYLOADS) == 300


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_payload_becomes_markup_on_any_page(room: Room, lang: str) -> None:
    year, week, _ = datetime.now(UTC).isocalendar()
    paths = [path.replace("{week}", f"{year}-W{week:02d}") for path in LISTS]
    paths += [f"/events/x{n}" for n in range(HOSTILE_EVENTS)]
    paths += [f"{kind}{n}" for n in range(0, HOSTILE_EVENTS, 3) for kind in ("/watches/w", "/alerts/alert_")]
    room.client.cookies.set("launchwatch_lang", lang)
    shown = ""
    for path in paths:
        answer = room.client.get(path)
        assert answer.status_code == 200, (path, answer.text[:300])
        if not path.startswith("/digests/"):
            assert faults(answer.text) == [], path
            assert len(answer.content) < 150_000, path
        else:
            assert "lwRan" not in "".join(faults(answer.text)), path
        shown += answer.text
    missing = [p for p in PAYLOADS if _escaped(p) not in shown]
    assert missing == []


def test_no_payload_becomes_markup_where_it_is_asked_for(room: Room) -> None:
    for payload in PAYLOADS[::4]:
        answer = room.client.get("/search", params={"q": payload})
        assert answer.status_code in (200, 422)
        assert faults(answer.text) == [], payload
    for payload in PAYLOADS[::25]:
        asked = quote(payload, safe="")
        for path in ("/companies?q=", "/events?company=", "/alerts?text=", "/nothing/", "/?week=", "/events/", "/key?"):
            assert faults(room.client.get(path + asked).text or "<p>") == [], path
        form = {
            "csrf": room.csrf,
            "name": payload,
            "words": payload,
            "companies": payload,
            "destinations": payload,
            "do": "try",
        }
        answer = room.client.post("/watches/form", data=form)
        assert answer.status_code in (200, 422)
        assert faults(answer.text) == [], payload


def _escaped(text: str) -> str:
    """A text as it stands in HTML."""
    return str(escape(text))

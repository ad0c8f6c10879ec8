"""What a hostile feed puts into a title stays words on every channel: no mention, no markup, no hidden link."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import make_alert
from worker.deliver import compose, destination, mail, wording

NOW = datetime(2024, 3, 18, 9, 30, tzinfo=UTC)
URLS = {
    "wecom": "wecom://693a91f6-7xxx-4bc4",
    "feishu": "feishu://693a91f6-7xxx-4bc4",
    "lark": "lark://693a91f6-7xxx-4bc4",
    "dingtalk": "dingtalk://693a91f6-7xxx-4bc4",
    "slack": "slack://T000AAA/B000BBB/XXXXXXXXXXXX",
    "telegram": "telegram://123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11/-100123",
}
PAYLOADS = [
    "<!channel> <!here> <!everyone> <@U123> <#C1>",
    "<@all> <@wangqing> @all @所有人 @channel",
    '<at user_id="all">所有人</at> <at id=all></at>',
    "[点此领奖](https://evil.example/) ![x](https://evil.example/p.png)",
    "**bold** __u__ ~~s~~ `code` # head\n# head\n> quote\n- item",
    "<https://evil.example|official site>",
    '<a href="https://evil.example">x</a><b>y</b>',
    "&lt;at id=all&gt; &#60;!channel&#62;",
    "https://example.com/a)[x](https://evil.example",
    "https://example.com/<!channel>@all|x",
    "\u202eevil\u202c \u200b@all \x00 \ud800",
    "@durov t.me/durov tg://user?id=1",
]


def shown(channel: str, title: str, body: str) -> str:
    """The words that a channel's request carries, each string on a line, as the vendor parses them."""
    request = compose(make_alert(title=title, body=body), destination(URLS[channel]), NOW)
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, str):
            found.append(value)

    walk(json.loads(request.body))
    return "\n".join(found)


FORBIDDEN = {
    "wecom": [r"<@", r"\]\(", r"<font", r"@all"],
    "feishu": [r"<at", r"\]\(", r"@all", r"(?<!&)#60;!"],
    "lark": [r"<at", r"\]\(", r"@all"],
    "dingtalk": [r"\]\(", r"@all", r"@所有人", r"<a "],
    "slack": [r"<!", r"<@", r"<#", r"<https"],
    "telegram": [r"<a ", r"@durov", r"<at"],
}


@pytest.mark.parametrize("channel", URLS)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_mention_no_link_no_markup_gets_through(channel: str, payload: str) -> None:
    text = shown(channel, "safe", f"{payload}\nend")
    for pattern in FORBIDDEN[channel]:
        assert not re.search(pattern, text), pattern


@pytest.mark.parametrize("channel", URLS)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_title_is_only_words_or_stands_where_no_markup_is_read(channel: str, payload: str) -> None:
    request = compose(make_alert(title=payload, body="safe"), destination(URLS[channel]), NOW)
    message = json.loads(request.body)
    if channel in ("feishu", "lark"):
        assert message["card"]["header"].pop("title")["tag"] == "plain_text"
    elif channel == "slack":
        assert message["blocks"].pop(0)["text"]["type"] == "plain_text"
    written = json.dumps(message, ensure_ascii=False)
    for pattern in FORBIDDEN[channel]:
        assert not re.search(pattern, written), pattern


@pytest.mark.parametrize("channel", URLS)
def test_the_sources_address_stays_an_address(channel: str) -> None:
    assert "https://example.com/news/1?a=b" in shown(channel, "t", "来源：https://example.com/news/1?a=b，媒体")


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(URLS)), st.text(max_size=300), st.text(max_size=600))
def test_any_text_makes_a_request(channel: str, title: str, body: str) -> None:
    request = compose(make_alert(title=title, body=body), destination(URLS[channel]), NOW)
    assert json.loads(request.body)


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=300), st.text(max_size=600))
def test_any_text_makes_a_mail(title: str, body: str) -> None:
    message = mail.compose(make_alert(title=title, body=body), "a@example.com", "b@example.com")
    assert message["Message-ID"] == "<alert_0123@example.com>"
    assert message.as_bytes()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=50), min_size=1, max_size=20), st.integers(60, 300))
def test_what_is_cut_fits_and_keeps_its_last_part(parts: list[str], most: int) -> None:
    whole = [*parts, "alert_0123"]
    text = wording.fit(whole, most, wording.size)
    assert wording.size(text) <= most
    assert text.endswith("alert_0123")

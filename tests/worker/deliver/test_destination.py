"""Addresses: the channel that each names, what makes one invalid, and that nothing secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.deliver import SCHEMES, Destination, DestinationInvalid, destination, masked

SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.mark.parametrize(
    ("url", "channel", "address"),
    [
        (f"webhook+https://example.com/a?b=c#{SECRET}", "webhook", "https://example.com/a?b=c"),
        ("webhook+http://example.com:8080/a", "webhook", "http://example.com:8080/a"),
        ("wecom://693a91f6-7xxx", "wecom", "693a91f6-7xxx"),
        ("feishu://693a91f6-7xxx?secret=abc", "feishu", "693a91f6-7xxx"),
        ("lark://693a91f6-7xxx", "lark", "693a91f6-7xxx"),
        ("dingtalk://693a91f67xxx?secret=SECabc", "dingtalk", "693a91f67xxx"),
        ("slack://T000AAA/B000BBB/XXXXXXXX", "slack", "T000AAA/B000BBB/XXXXXXXX"),
        ("telegram://123456:ABC-DEF1234ghIkl-zyx57W2v1u/-100123", "telegram", "-100123"),
        ("telegram://123456:ABC-DEF1234ghIkl-zyx57W2v1u/@channel", "telegram", "@channel"),
        ("mailto:who@example.com", "mailto", "who@example.com"),
    ],
)
def test_each_scheme_names_its_channel(url: str, channel: str, address: str) -> None:
    found = destination(url)
    assert isinstance(found, Destination)
    assert (found.channel, found.address) == (channel, address)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com/hook",
        "json://127.0.0.1",
        "syslog://",
        "dbus://",
        "file:///etc/passwd",
        "webhook+ftp://example.com/",
        "webhook+https:///nowhere",
        "webhook+https://example.com/#whsec_short",
        "webhook+https://example.com/#whsec_!!!",
        "wecom://",
        "wecom://short",
        "wecom://../../etc/passwd",
        "feishu://key&x=1#frag",
        "slack://T000/B000",
        "slack://../../x",
        "telegram://token/chat",
        "telegram://123456:ABC-DEF1234ghIkl-zyx57W2v1u",
        "mailto:",
        "mailto:a@b@c",
        "mailto:a@example.com,b@example.com",
        "mailto:a@example.com%0aBcc:b@example.com",
        "mailto:nobody",
        "wecom://693a91f6-7xxx\n",
        "webhook+https://example.com\\@evil.example/",
    ],
)
def test_what_no_channel_understands_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(DestinationInvalid) as caught:
        destination(url)
    assert caught.value.why


@pytest.mark.parametrize(
    "url",
    [
        f"webhook+https://example.com/secret-path#{SECRET}",
        "wecom://secret-key-1234",
        "feishu://secret-token-1?secret=secret-2",
        "slack://T000AAA/B000BBB/secretsecret",
        "telegram://123456:secret-secret-secret-secret/-100123",
        "mailto:secretname@example.com",
        "nonsense://secret",
    ],
)
def test_nothing_secret_is_shown(url: str) -> None:
    assert "secret" not in masked(url)


def test_an_error_does_not_repeat_the_secret() -> None:
    with pytest.raises(DestinationInvalid) as caught:
        destination("wecom://secret key with spaces")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_kind_of_address_has_its_line_in_the_docs(scheme: str) -> None:
    docs = Path(__file__).parents[3] / "docs" / "delivery.md"
    name = "webhook+https:" if scheme == "webhook+http" else f"{scheme}:"
    assert f"`{name}" in docs.read_text("utf-8")


def test_a_key_typed_without_its_channel_is_not_repeated() -> None:
    with pytest.raises(DestinationInvalid) as caught:
        destination("693a91f6-secret-key")
    assert "secret" not in str(caught.value)
    assert masked("693a91f6-secret-key") == "…"

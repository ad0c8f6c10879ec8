"""WebSub: what is asked of a hub, and what is believed of it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from crawlers.websub import LEASE_SECONDS, NotOurs, confirm, is_signed, subscription

TOPIC = "https://e.org/feed"


def signed(body: bytes, secret: str, method: str = "sha256") -> str:
    return f"{method}={hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()}"


def test_a_subscription_names_topic_callback_and_secret() -> None:
    form = subscription(TOPIC, "https://us.example/hub/x7", "s3cret")
    assert form["hub.mode"] == "subscribe"
    assert form["hub.topic"] == TOPIC
    assert form["hub.callback"] == "https://us.example/hub/x7"
    assert form["hub.secret"] == "s3cret"


def test_a_challenge_about_our_topic_is_answered() -> None:
    query = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "abc", "hub.lease_seconds": "3600"}
    assert confirm(query, TOPIC) == ("abc", 3600)
    assert confirm(query | {"hub.lease_seconds": "ever"}, TOPIC) == ("abc", LEASE_SECONDS)


@pytest.mark.parametrize(
    "change",
    [{"hub.topic": "https://e.org/other"}, {"hub.mode": "unsubscribe"}, {"hub.challenge": ""}, {"hub.mode": ""}],
)
def test_a_challenge_about_anything_else_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(NotOurs):
        confirm({"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "abc"} | change, TOPIC)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signed_ping_is_believed(method: str) -> None:
    assert is_signed(b"<feed/>", signed(b"<feed/>", "s3cret", method), "s3cret")


@pytest.mark.parametrize(
    "header",
    ["", "sha256", "sha256=", "md5=abc", "=abc", "sha256=é", signed(b"other", "s3cret"), signed(b"<feed/>", "guess")],
)
def test_an_unsigned_ping_is_not(header: str) -> None:
    assert not is_signed(b"<feed/>", header, "s3cret")

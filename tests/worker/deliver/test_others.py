"""Channels through apprise: few, each to its vendor's one host, past the guard, and never sure."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import apprise
import pytest
from apprise.manager_plugins import NotificationManager

from pipeline.destination import APPRISE, SCHEMES
from tests.factories import make_alert
from worker.deliver import Answer, DestinationInvalid, Refused, Request, Sent, Unknown, destination, masked, send

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
HOOK = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"


RESTS = ("//127.0.0.1", "//user:pass@127.0.0.1:8080/a/b", "//token-1234/token-5678", "", "//_/?to=a@example.com")
"""What may follow a scheme's colon."""
OURS = frozenset(SCHEMES) - frozenset(APPRISE)
"""Schemes that apprise knows too, but which go through senders of our own; `test_destination.py` holds them to their form."""


class Guarded:
    """A way out whose guard says yes, or no."""

    def __init__(self, no: str = "") -> None:
        self.no, self.checked = no, list[str]()

    def post(self, request: Request) -> Answer:
        raise AssertionError("apprise sends by itself")

    def check(self, url: str) -> None:
        self.checked.append(url)
        if self.no:
            raise OSError(self.no)


class Notified:
    """What apprise would have sent, and what it would have said."""

    def __init__(self, says: bool) -> None:
        self.says, self.bodies = says, list[str]()

    def notify(self, *, title: str, body: str, body_format: str) -> bool:
        self.bodies.append(f"{title}\n{body}")
        return self.says


@pytest.mark.parametrize(("says", "outcome"), [(True, Sent), (False, Unknown)])
def test_its_word_is_taken_for_what_it_is(monkeypatch: pytest.MonkeyPatch, says: bool, outcome: type) -> None:
    wire, client = Notified(says), Guarded()
    monkeypatch.setattr(apprise.Apprise, "instantiate", lambda *_a, **_k: wire)
    came = send(make_alert(title="@everyone **look**"), destination(HOOK), client, NOW, repeat=True)
    assert isinstance(came, outcome)
    assert "delivered?" in came.detail if isinstance(came, Sent) else "hides" in came.reason
    assert client.checked == ["https://discord.com/"]
    assert "@everyone" not in wire.bodies[0]
    assert "**" not in wire.bodies[0]
    assert "repeat" in wire.bodies[0]
    assert logging.getLogger("apprise").disabled


def test_a_host_that_the_guard_refuses_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Notified(True)
    monkeypatch.setattr(apprise.Apprise, "instantiate", lambda *_a, **_k: wire)
    came = send(make_alert(), destination(HOOK), Guarded("refused to reach discord.com"), NOW)
    assert isinstance(came, Refused)
    assert wire.bodies == []


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    came = send(make_alert(), destination(HOOK), Guarded(), NOW)
    assert isinstance(came, Refused)
    assert "launchwatch[apprise]" in came.reason


@pytest.mark.parametrize(
    "scheme", ["json://127.0.0.1/x", "ntfy://host/topic", "gotify://host/token123", "mailgun://a@b/c", "file:///etc"]
)
def test_schemes_whose_address_names_a_host_are_not_taken(scheme: str) -> None:
    with pytest.raises(DestinationInvalid, match="no channel for"):
        destination(scheme)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_of_all_that_apprise_knows_only_the_listed_are_taken() -> None:
    known = NotificationManager().schemas()  # type: ignore[no-untyped-call]
    assert len(known) > 200
    taken = {scheme for scheme in known if scheme not in OURS and any(_is_taken(f"{scheme}:{rest}") for rest in RESTS)}
    assert taken == set(APPRISE)
    assert not any(_is_taken(f"{scheme}://127.0.0.1/") for scheme in ("syslog", "dbus", "json", "jsons", "xml", "form"))


def test_options_that_could_turn_a_channel_elsewhere_are_refused() -> None:
    with pytest.raises(DestinationInvalid):
        destination(HOOK + "?overflow=split&href=http://127.0.0.1/")


def test_it_is_masked_like_any_other() -> None:
    assert masked(HOOK) == "discord://…"
    assert "JHMHI8" not in repr(destination(HOOK))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_each_scheme_is_one_that_apprise_knows_with_a_host_of_its_own() -> None:
    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    assert apprise.Apprise.instantiate(HOOK) is not None
    for scheme in APPRISE:
        plugin = manager[scheme]
        assert "host" not in plugin.template_tokens, scheme


def _is_taken(url: str) -> bool:
    try:
        destination(url)
    except DestinationInvalid:
        return False
    return True

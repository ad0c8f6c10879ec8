"""Distinctive secrets go through settings, watches and sends that fail in every way, at DEBUG: none comes out anywhere."""

from __future__ import annotations

import base64
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from pipeline.destination import DestinationInvalid, destination
from pipeline.lexicon import Lexicon
from pipeline.records import Watch
from settings import Settings
from storage import feeds, outbox, subscriptions, watches
from storage.engine import open_store
from storage.secrets import place
from tests.factories import make_alert
from worker.deliver import Answer, NoAnswer, NotReached, Request
from worker.deliver.mail import Server
from worker.delivery import deliver_due
from worker.desk import Desk
from worker.rounds import outside_of

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
SIGNING = base64.b64encode(b"kanari-signing-secret-0123456789").decode()
DESTINATIONS = (
    f"webhook+https://user:kanari-pass@hooks.example.com/kanari-path?key=kanari-query#whsec_{SIGNING}",
    "wecom://kanari-wecom-key",
    "feishu://kanari-feishu-token?secret=kanari-feishu-secret",
    "lark://kanari-lark-token?secret=kanari-lark-secret",
    "dingtalk://kanari-ding-token?secret=SECkanari-ding-secret",
    "slack://T0CANARY0/B0CANARY0/kanarislackhookkey",
    "telegram://123456:kanari-telegram-token-0123456789/-100123",
)
CANARIES = (
    "kanari-",
    "kanarislack",
    "T0CANARY0",
    SIGNING,
    "canary_smtp_password",
    "canary_model_key",
    "canary_admin_key",
)


class Parrot:
    """The other side at its worst: fails in a new way each time, and says back all that it was sent."""

    def __init__(self) -> None:
        self.calls = 0

    def post(self, request: Request) -> Answer:
        self.calls += 1
        told = f"{request.url} {dict(request.headers)} ".encode() + request.body
        ways: list[Answer | Exception] = [
            *(Answer(status, {}, told) for status in (200, 302, 400, 401, 403, 404, 410, 429, 500, 502)),
            Answer(200, {}, b'{"errcode": 93000, "code": 19001, "ok": false, "errmsg": "%s"}' % request.url.encode()),
            NotReached(request.url),
            NoAnswer(request.url),
        ]
        way = ways[self.calls % len(ways)]
        if isinstance(way, Exception):
            raise way
        return way


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    given = {
        "HOME": str(tmp_path),
        "LOG_LEVEL": "DEBUG",
        "ADMIN_KEY": "canary_admin_key",
        "SMTP_URL": "smtps://me:canary_smtp_password@127.0.0.1:1",
        "MODEL_URL": "https://model.example.com/v1",
        "MODEL_NAME": "m",
        "MODEL_KEY": "canary_model_key",
        "OPERATOR": DESTINATIONS[1],
        "DIGEST_TO": DESTINATIONS[2],
    }
    for name, value in given.items():
        monkeypatch.setenv(f"LAUNCHWATCH_{name}", value)
    return Settings()


def test_no_canary_comes_out_of_logs_errors_store_or_exports(
    settings: Settings, lexicon: Lexicon, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    store = open_store(settings.store_url, place("", settings.home))
    desk = Desk(store=store, lexicon=lexicon, sources={}, zone=settings.zone)
    tokens = []
    with store.writing() as session:
        watches.save(session, Watch(id="mine", name="mine", destinations=(*DESTINATIONS, "mailto:a@example.com")))
        subscriptions.want(session, "acme", "https://hub", "https://acme/feed", NOW)
        tokens += [feeds.give(session, "watch", "mine", "zh", NOW).token]
        tokens += [kept for found in subscriptions.all_subscriptions(session) for kept in (found.token, found.secret)]
        for number in range(4):
            alert = make_alert(id=f"alert-{number}", watch_id="mine")
            watches.save_alert(session, alert)
            outbox.push(session, alert, [*DESTINATIONS, "mailto:a@example.com"], NOW)
    vendor, now = Parrot(), NOW
    mail = Server(host="127.0.0.1", port=1, user="me", password="canary_smtp_password")
    for _ in range(7):
        deliver_due(desk, vendor, lambda at=now: at, server=mail)  # type: ignore[misc]
        now += timedelta(hours=9)
        with store.writing() as session:
            for dead in outbox.recent(session, ["dead"], limit=1000):
                outbox.revive(session, dead.id, now)
    assert vendor.calls > 50
    said = [repr(settings), str(settings), repr(outside_of(settings).mail), repr(mail), *_errors()]
    for command in (["watches", "list"], ["watches", "show", "mine"], ["alerts", "list", "--json"]):
        result = CliRunner().invoke(app, command)
        said += [result.output, repr(result.exception)]
    said += [CliRunner().invoke(app, ["alerts", "show", "alert-0"]).output, CliRunner().invoke(app, ["backup"]).output]
    store.close()
    kept = b"".join(file.read_bytes() for file in settings.home.rglob("*") if file.is_file())
    said += [caplog.text, *capsys.readouterr(), kept.decode("latin-1")]
    assert "delivered" in "".join(said)
    assert b"alert-3" in kept
    found = [canary for text in said for canary in (*CANARIES, *tokens) if canary in text]
    assert found == []


def _errors() -> list[str]:
    """What is said of addresses that are wrong, each with a canary in it."""
    told = []
    for address in (*DESTINATIONS, "mailto:kanari-who@example.com"):
        for wrong in (
            address + " x",
            address.replace("://", ":///", 1).replace("kanari", "kan ari-kanari-"),
            "x" + address,
        ):
            try:
                destination(wrong)
            except DestinationInvalid as error:
                told.append(f"{error} {error!r} {error.url}")
    assert len(told) > 10
    return told

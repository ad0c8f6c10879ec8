"""Feishu and Lark custom robots: an interactive card, signed where a secret is set, 100 a minute and 5 a second."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime

from pipeline.records import Alert
from worker.deliver import wording
from worker.deliver.outcome import BUSY_SECONDS, Answer, Outcome, Refused, Request, by_code, by_status

HOSTS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
MOST_BYTES = 18_000
"""Of the 20 KB that a request may have; the card around the text needs the rest."""
BUSY = {11232: BUSY_SECONDS, 11233: BUSY_SECONDS, 99991400: BUSY_SECONDS}
PASSING = frozenset({11246, 19036, 99991401})
GONE = frozenset({19001})
"""The hook's token is no token."""


def compose(
    alert: Alert, token: str, secret: str | None, now: datetime, *, host: str = "feishu", repeat: bool = False
) -> Request:
    """The request for one card; `secret` signs it for this second (the robot refuses one older than an hour)."""
    title, body = wording.lines(alert, repeat=repeat)
    text = wording.fit([*(wording.safe(line, wording.entities) for line in body), alert.id], MOST_BYTES, wording.size)
    card = {
        "config": {"wide_screen_mode": True},
        "header": {"title": {"tag": "plain_text", "content": wording.cut(title, 200)}, "template": "blue"},
        "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": text}}],
    }
    message: dict[str, object] = {"msg_type": "interactive", "card": card}
    if secret:
        stamp = str(int(now.timestamp()))
        message |= {"timestamp": stamp, "sign": sign(secret, stamp)}
    return Request(
        url=f"{HOSTS[host]}/open-apis/bot/v2/hook/{token}",
        headers={"content-type": "application/json; charset=utf-8"},
        body=json.dumps(message, ensure_ascii=False).encode(),
    )


def sign(secret: str, stamp: str) -> str:
    """Feishu's signature: time and secret are the key, and the message is empty."""
    return base64.b64encode(hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def read(answer: Answer, now: datetime) -> Outcome:
    """What Feishu says: `code` 0 (or the older `StatusCode` 0) alone is yes."""
    said = answer.json
    code = said.get("code", said.get("StatusCode")) if said else None
    if said is None or code is None:
        return by_status(answer, now)
    words = str(said.get("msg", said.get("StatusMessage", "")))
    if code == 9499 and "too many" in words.lower():
        return Refused(f"code 9499: {words}", retry=True, wait=BUSY_SECONDS)
    return by_code(code, words, busy=BUSY, passing=PASSING, gone=GONE)

"""DingTalk (钉钉) robots: Markdown, signed where a secret is set; 20 a minute, then ten minutes' silence."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from urllib.parse import urlencode

from pipeline.records import Alert
from worker.deliver import wording
from worker.deliver.outcome import BUSY_SECONDS, Answer, Outcome, Request, by_code, by_status

HOST = "https://oapi.dingtalk.com"
MOST_BYTES = 18_000
"""Of the 20,000 bytes that a request may have."""
BLOCKED_SECONDS = 600.0
BUSY = {130101: BLOCKED_SECONDS, 410100: BLOCKED_SECONDS, 90030: BUSY_SECONDS, 90018: BUSY_SECONDS}
PASSING = frozenset({-1})
GONE = frozenset({300001, 400013, 400101, 400102, 400106})
"""No such token, group dissolved, robot stopped or removed."""


def compose(alert: Alert, token: str, secret: str | None, now: datetime, *, repeat: bool = False) -> Request:
    """The request for one message; `secret` signs this millisecond (the robot refuses one older than an hour)."""
    title, body = wording.lines(alert, repeat=repeat)
    parts = [f"### {wording.safe(title, wording.wide)}", *(wording.safe(line, wording.wide) for line in body), alert.id]
    text = wording.fit(parts, MOST_BYTES, wording.size, joint="\n\n")
    markdown = {"title": wording.cut(wording.wide(title), 100), "text": text}
    message = {"msgtype": "markdown", "markdown": markdown, "at": {"isAtAll": False}}
    query = {"access_token": token}
    if secret:
        stamp = str(int(now.timestamp() * 1000))
        query |= {"timestamp": stamp, "sign": sign(secret, stamp)}
    return Request(
        url=f"{HOST}/robot/send?{urlencode(query)}",
        headers={"content-type": "application/json; charset=utf-8"},
        body=json.dumps(message, ensure_ascii=False).encode(),
    )


def sign(secret: str, stamp: str) -> str:
    """DingTalk's signature: the secret is the key, time and secret the message."""
    return base64.b64encode(hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()).decode()


def read(answer: Answer, now: datetime) -> Outcome:
    """What DingTalk says: `errcode` 0 alone is yes."""
    said = answer.json
    if said is None or "errcode" not in said:
        return by_status(answer, now)
    return by_code(said["errcode"], str(said.get("errmsg", "")), busy=BUSY, passing=PASSING, gone=GONE)

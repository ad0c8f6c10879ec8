"""WeCom (企业微信) group robots: Markdown of at most 4,096 bytes, 20 messages a minute, HTTP 200 also for a refusal."""

from __future__ import annotations

import json
from datetime import datetime

from pipeline.records import Alert
from worker.deliver import wording
from worker.deliver.outcome import BUSY_SECONDS, Answer, Outcome, Request, by_code, by_status

HOST = "https://qyapi.weixin.qq.com"
MOST_BYTES = 4096
BUSY = {45009: BUSY_SECONDS, 45033: BUSY_SECONDS}
"""Too many calls a minute; too many at once."""
PASSING = frozenset({-1, 50001})
GONE = frozenset({93000, 93017, 40014})
"""The robot was removed, or its key is no key."""


def compose(alert: Alert, key: str, now: datetime, *, repeat: bool = False) -> Request:  # noqa: ARG001
    """The request for one message. WeCom knows no escape, so markup characters go in full width."""
    title, body = wording.lines(alert, repeat=repeat)
    parts = [f"**{wording.safe(title, wording.wide)}**", *(wording.safe(line, wording.wide) for line in body), alert.id]
    content = wording.fit(parts, MOST_BYTES, wording.size)
    message = {"msgtype": "markdown", "markdown": {"content": content}}
    return Request(
        url=f"{HOST}/cgi-bin/webhook/send?key={key}",
        headers={"content-type": "application/json; charset=utf-8"},
        body=json.dumps(message, ensure_ascii=False).encode(),
    )


def read(answer: Answer, now: datetime) -> Outcome:
    """What WeCom says: `errcode` 0 alone is yes."""
    said = answer.json
    if said is None or "errcode" not in said:
        return by_status(answer, now)
    return by_code(said["errcode"], str(said.get("errmsg", "")), busy=BUSY, passing=PASSING, gone=GONE)

"""Telegram bots: HTML of at most 4,096 characters, one a second a chat, and an answer that says `ok` or why not."""

from __future__ import annotations

import json
from datetime import datetime

from pipeline.records import Alert
from worker.deliver import wording
from worker.deliver.outcome import BUSY_SECONDS, Answer, Outcome, Refused, Request, Sent, Unknown, by_status

HOST = "https://api.telegram.org"
MOST_UNITS = 4096


def compose(alert: Alert, token: str, chat: str, now: datetime, *, repeat: bool = False) -> Request:  # noqa: ARG001
    """The request for one message. The limit counts what is seen; staying under it with the markup counted is safe."""
    title, body = wording.lines(alert, repeat=repeat)
    head = f"<b>{wording.safe(wording.cut(title, 300), wording.html, wording.html)}</b>"
    parts = [head, *(wording.safe(line, wording.html, wording.html) for line in body), alert.id]
    message = {
        "chat_id": chat,
        "text": wording.fit(parts, MOST_UNITS, wording.units),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return Request(
        url=f"{HOST}/bot{token}/sendMessage",
        headers={"content-type": "application/json; charset=utf-8"},
        body=json.dumps(message, ensure_ascii=False).encode(),
    )


def read(answer: Answer, now: datetime) -> Outcome:
    """What Telegram says: `ok` true alone is yes; 429 comes with the seconds to wait."""
    said = answer.json
    if said is None or not isinstance(said.get("ok"), bool):
        return by_status(answer, now)
    if said["ok"]:
        return Sent("ok")
    code = said.get("error_code", answer.status)
    reason = f"{code}: {said.get('description', '')}"[:300]
    if code == 429:
        more = said.get("parameters")
        wait = more.get("retry_after") if isinstance(more, dict) else None
        return Refused(reason, retry=True, wait=float(wait) if isinstance(wait, int | float) else BUSY_SECONDS)
    if isinstance(code, int) and code >= 500:
        return Unknown(reason) if code in (502, 504) else Refused(reason, retry=True)
    return Refused(reason, retry=False, gone=code in (401, 403, 404) or "chat not found" in reason)

"""A webhook after the Standard Webhooks specification: signed, the same id on every try; 410 is gone, 429 is wait."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime

from pipeline.destination import webhook_key
from pipeline.records import Alert
from worker.deliver.outcome import BUSY_SECONDS, Answer, Outcome, Refused, Request, Sent


def compose(alert: Alert, url: str, secrets: Sequence[str], now: datetime, *, repeat: bool = False) -> Request:  # noqa: ARG001
    """The request for one try at `now`. Two secrets sign twice, so that the receiver may rotate them."""
    payload = {"type": "alert.created", "timestamp": alert.made_at.isoformat(), "data": alert.model_dump(mode="json")}
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    stamp = str(int(now.timestamp()))
    headers = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Launchwatch",
        "webhook-id": alert.id,
        "webhook-timestamp": stamp,
    }
    if secrets:
        headers["webhook-signature"] = " ".join(sign(secret, alert.id, stamp, body) for secret in secrets)
    return Request(url=url, headers=headers, body=body)


def sign(secret: str, id: str, stamp: str, body: bytes) -> str:
    """The `v1` signature of a message: HMAC-SHA256 over id, time and body, keyed with the secret's decoded bytes."""
    signed = b".".join([id.encode(), stamp.encode(), body])
    return "v1," + base64.b64encode(hmac.new(webhook_key(secret), signed, hashlib.sha256).digest()).decode()


def read(answer: Answer, now: datetime) -> Outcome:
    """What the receiver's status says. Redirects are failures; the id makes every retry harmless."""
    said = f"HTTP {answer.status}: {' '.join(answer.text.split())[:200]}"
    if 200 <= answer.status < 300:
        return Sent(f"HTTP {answer.status}")
    if answer.status == 410:
        return Refused(said, retry=False, gone=True)
    wait = answer.retry_after(now)
    if answer.status == 429:
        return Refused(said, retry=True, wait=wait or BUSY_SECONDS)
    return Refused(said, retry=True, wait=wait, down=wait is None and answer.status >= 500)

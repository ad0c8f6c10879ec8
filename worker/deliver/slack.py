"""Slack incoming webhooks: blocks, one message a second, and the word `ok` as the only yes."""

from __future__ import annotations

import json
from datetime import datetime

from pipeline.records import Alert
from worker.deliver import wording
from worker.deliver.outcome import Answer, Outcome, Refused, Request, Sent, by_status

HOST = "https://hooks.slack.com"
MOST_IN_HEADER = 150
MOST_IN_SECTION = 3000
GONE = frozenset(
    {"no_service", "no_team", "no_active_hooks", "channel_not_found", "channel_is_archived", "invalid_token"}
)


def compose(alert: Alert, path: str, now: datetime, *, repeat: bool = False) -> Request:  # noqa: ARG001
    """The request for one message: a plain header, and a section in which control characters are words."""
    title, body = wording.lines(alert, repeat=repeat)
    head = wording.cut(title, MOST_IN_HEADER)
    parts = [*(wording.safe(line, wording.mrkdwn, wording.mrkdwn) for line in body), alert.id]
    text = wording.fit(parts, MOST_IN_SECTION, len)
    message = {
        "text": wording.mrkdwn(head),
        "blocks": [
            {
                "type": "header",
                "text": {"type": "plain_text", "text": head or "-", "emoji": False},
            },
            {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}},
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return Request(
        url=f"{HOST}/services/{path}",
        headers={"content-type": "application/json; charset=utf-8"},
        body=json.dumps(message, ensure_ascii=False).encode(),
    )


def read(answer: Answer, now: datetime) -> Outcome:
    """What Slack says: the body `ok`, or a word for what is wrong."""
    said = answer.json
    word = str(said.get("error", "")) if said else answer.text.strip()
    if answer.status == 200 and (answer.text.strip() == "ok" or (said and said.get("ok") is True)):
        return Sent("ok")
    if answer.status == 200 and not (said and said.get("ok") is False):
        return by_status(answer, now)
    if word in GONE:
        return Refused(word, retry=False, gone=True)
    if answer.status == 200:
        return Refused(
            word, retry=word in ("ratelimited", "rate_limited", "internal_error"), wait=answer.retry_after(now)
        )
    return by_status(answer, now)

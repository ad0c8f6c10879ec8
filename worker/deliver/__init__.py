"""Delivery: an alert to one destination, by the channel that its address names, and what the other side really said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pipeline.destination import SCHEMES, Destination, DestinationInvalid, destination, masked
from pipeline.records import Alert
from worker.deliver import dingtalk, feishu, mail, others, slack, telegram, webhook, wecom
from worker.deliver.outcome import (
    Answer,
    Checker,
    Client,
    NoAnswer,
    NotReached,
    Outcome,
    Refused,
    Request,
    Sent,
    Unknown,
)

__all__ = [
    "SCHEMES",
    "Answer",
    "Client",
    "Destination",
    "DestinationInvalid",
    "NoAnswer",
    "NotReached",
    "Outcome",
    "Refused",
    "Request",
    "Sent",
    "Unknown",
    "destination",
    "masked",
    "send",
]


def send(
    alert: Alert,
    where: Destination,
    client: Client,
    now: datetime,
    *,
    repeat: bool = False,
    server: mail.Server | None = None,
) -> Outcome:
    """Tell one destination. `repeat` marks a message that may have arrived before; `server` takes our mail."""
    if where.channel == "mailto":
        if server is None:
            return Refused("no mail server is set", retry=False)
        return mail.send(alert, where.address, server, repeat=repeat)
    if where.channel == "apprise":
        if not isinstance(client, Checker):
            return Refused("nothing here can say whether its host may be reached", retry=False)
        return others.send(alert, where.address, client.check, repeat=repeat)
    try:
        answer = client.post(compose(alert, where, now, repeat=repeat))
    except NotReached as error:
        return Refused(f"not reached: {error}", retry=True, down=True)
    except NoAnswer as error:
        return Unknown(f"no answer: {error}")
    return _JUDGES[where.channel](answer, now)


def compose(alert: Alert, where: Destination, now: datetime, *, repeat: bool = False) -> Request:
    """The request that a channel other than mail takes."""
    secret = where.secrets[0] if where.secrets else None
    match where.channel:
        case "wecom":
            return wecom.compose(alert, where.address, now, repeat=repeat)
        case "feishu" | "lark":
            return feishu.compose(alert, where.address, secret, now, host=where.channel, repeat=repeat)
        case "dingtalk":
            return dingtalk.compose(alert, where.address, secret, now, repeat=repeat)
        case "slack":
            return slack.compose(alert, where.address, now, repeat=repeat)
        case "telegram":
            return telegram.compose(alert, where.token, where.address, now, repeat=repeat)
        case _:
            return webhook.compose(alert, where.address, where.secrets, now, repeat=repeat)


_JUDGES: dict[str, Callable[[Answer, datetime], Outcome]] = {
    "webhook": webhook.read,
    "wecom": wecom.read,
    "feishu": feishu.read,
    "lark": feishu.read,
    "dingtalk": dingtalk.read,
    "slack": slack.read,
    "telegram": telegram.read,
}

"""A WebSub hub of our own: it asks back over HTTP whether a subscription was meant, and pushes signed news.

`python -m tests.site` serves it by hand.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from tests.site.misdeeds import XML, rss
from tests.site.server import Answer, Asked, Misdeed

LEASE_SECONDS = 3600


@dataclass
class Subscriber:
    """Who asked for a topic's news, and proved it."""

    topic: str
    callback: str
    secret: str
    confirmed: int = 0
    """How many times: once, and again with each renewal."""


@dataclass
class Hub:
    """The hub and the feed that names it. `pages` go into a site."""

    titles: list[str] = field(default_factory=lambda: ["A model that was there before"])
    subscribers: dict[str, Subscriber] = field(default_factory=dict)
    """By callback."""
    refused: list[str] = field(default_factory=list)
    """Callbacks that did not say back what they were asked."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def pages(self) -> dict[str, Misdeed]:
        """What the site shows of it."""
        return {"/hub": self._subscribe, "/hubbed": self._feed}

    def publish(self, title: str, *, secret: str | None = None) -> list[int]:
        """Tells every subscriber of one new item, signed with its secret or a wrong one; the statuses they answer with.

        0 stands for no answer."""
        body = rss(title, start=len(self.titles)).encode()
        self.titles.append(title)
        return [self._push(one, body, secret or one.secret) for one in self.subscribers.values()]

    def _push(self, to: Subscriber, body: bytes, secret: str) -> int:
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": XML, "X-Hub-Signature": f"sha256={signature}"}
        return _status(urllib.request.Request(to.callback, data=body, headers=headers))

    async def _feed(self, asked: Asked, answer: Answer) -> None:
        """A feed that names its hub, which pushes what is new."""
        at = f"http://127.0.0.1:{asked.port}"
        named = "".join(
            f'<link rel="{rel}" href="{at}{path}" xmlns="http://www.w3.org/2005/Atom"/>'
            for rel, path in (("hub", "/hub"), ("self", "/hubbed"))
        )
        feed = rss(*self.titles[:1]).replace("<title>News</title>", f"<title>News</title>{named}")
        await answer.send(feed, kind=XML)

    async def _subscribe(self, asked: Asked, answer: Answer) -> None:
        """Takes the wish at once, and asks back in its own time, as hubs do."""
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        wanted = Subscriber(form["hub.topic"], form["hub.callback"], form.get("hub.secret", ""))
        await answer.send("", 202)
        task = asyncio.create_task(self._verify(wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _verify(self, wanted: Subscriber) -> None:
        challenge = secrets.token_urlsafe(24)
        question = {"hub.mode": "subscribe", "hub.topic": wanted.topic, "hub.challenge": challenge}
        url = f"{wanted.callback}?{urlencode(question | {'hub.lease_seconds': str(LEASE_SECONDS)})}"
        if await asyncio.to_thread(_said, url) != challenge:
            self.refused.append(wanted.callback)
            return
        known = self.subscribers.get(wanted.callback)
        wanted.confirmed = 1 + (known.confirmed if known else 0)
        self.subscribers[wanted.callback] = wanted


def _said(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0

"""Where hubs reach us (WebSub): their question whether we subscribed, and what they push. Writes rows; the collector reads them.

Open, since hubs know no key: each subscription has an address of its own that cannot be guessed, and the collector believes a
push only if its signature is the hub's.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from api.deps import AtDesk, desk_of, now
from storage import subscriptions

PREFIX = "/websub/"
MOST_BYTES = 5 * 1024 * 1024
"""As of a feed that is polled."""
LONGEST_CHALLENGE = 2_000
DEFAULT_LEASE = 7 * 24 * 3600
LONGEST_LEASE = 90 * 24 * 3600

router = APIRouter(tags=["websub"])


@router.get(PREFIX + "{token}")
def confirm(request: Request, desk: AtDesk, token: str) -> Response:
    """A hub asks whether we meant it, or says that it will not push."""
    asked = request.query_params
    mode, topic, challenge = (asked.get(f"hub.{name}", "") for name in ("mode", "topic", "challenge"))
    with desk.store.writing() as session:
        if mode == "denied":
            known = subscriptions.deny(session, token, topic, asked.get("hub.reason", "")[:300], now())
            return PlainTextResponse("noted" if known else "no such subscription", 200 if known else 404)
        is_meant = (
            mode == "subscribe"
            and 0 < len(challenge) <= LONGEST_CHALLENGE
            and subscriptions.confirm(session, token, topic, _lease(asked.get("hub.lease_seconds", "")), now())
        )
    return PlainTextResponse(challenge) if is_meant else PlainTextResponse("no such subscription", 404)


@router.post(PREFIX + "{token}")
async def take(request: Request, token: str) -> Response:
    """What a hub pushes, kept as it came. 410 tells a hub that nobody listens here any more."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return PlainTextResponse("too large", 413)
    said = request.headers
    with desk_of(request).store.writing() as session:
        signature, kind = said.get("x-hub-signature", "")[:300], said.get("content-type", "")[:300]
        kept = subscriptions.keep_push(session, token, signature, kind, bytes(body), now())
    return PlainTextResponse("kept", 202) if kept else PlainTextResponse("no such subscription", 410)


def _lease(text: str) -> int:
    """The seconds that a hub grants; a week where it does not say."""
    granted = int(text) if text.isdecimal() and len(text) < 10 else DEFAULT_LEASE
    return min(max(granted, 60), LONGEST_LEASE)

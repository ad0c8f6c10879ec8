"""The client for deliveries: every socket passes the guard, no redirect is followed, time and size are bounded."""

from __future__ import annotations

import asyncio
import socket

import aiohttp

from crawlers.guard import Guard, Refused
from worker.deliver.outcome import Answer, NoAnswer, NotReached, Request

TOTAL_SECONDS = 15.0
CONNECT_SECONDS = 5.0
MOST_BYTES = 64 * 1024


class GuardedClient:
    """Posts requests one at a time; may be used from any thread that runs no event loop."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def post(self, request: Request) -> Answer:
        """The answer, its body cut at 64 KB. Raises NotReached where nothing was sent, else NoAnswer."""
        return asyncio.run(self._post(request))

    def check(self, url: str) -> None:
        """Nothing where every address that a URL's host has may be reached. Raises Refused, or OSError for no host."""
        asked = self._guard.check(url)
        for *_, found in socket.getaddrinfo(asked.host, asked.port, type=socket.SOCK_STREAM):
            if not self._guard.permits(str(found[0]), int(found[1])):
                raise Refused(asked.host or url, "its name leads to an address that is not public")

    async def _post(self, request: Request) -> Answer:
        try:
            url = self._guard.check(request.url)
        except Refused as error:
            raise NotReached(error.why) from None
        timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
        async with aiohttp.ClientSession(connector=self._guard.connector(), timeout=timeout) as session:
            try:
                async with session.post(
                    url, data=request.body, headers=dict(request.headers), allow_redirects=False
                ) as answer:
                    body = await _some(answer.content)
                    headers = {name.lower(): value for name, value in answer.headers.items()}
                    return Answer(status=answer.status, headers=headers, body=body)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL, Refused) as error:
                raise NotReached(type(error).__name__) from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise NoAnswer(type(error).__name__) from None


async def _some(stream: aiohttp.StreamReader) -> bytes:
    """The beginning of a body, however long it goes on."""
    found = b""
    while len(found) < MOST_BYTES:
        chunk = await stream.read(MOST_BYTES - len(found))
        if not chunk:
            break
        found += chunk
    return found

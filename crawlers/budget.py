"""What all our machines together owe a host: its turns, its pace and its rest, kept in Redis for seconds.

Losing Redis is harmless: each machine then keeps its own manners, as it does beside these anyway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import redis

LEASE_SECONDS = 60.0
"""A turn ends by itself after this, should its holder die: twice what a fetch may take."""
PATIENCE_SECONDS = 30.0
"""So long a fetch waits for other machines; the host is then left in peace until its source's next visit."""
DEAF_SECONDS = 30.0
"""How long Redis is left alone after it did not answer."""
LONGEST_SLEEP = 0.5

_TAKE = """
local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
local rest = tonumber(redis.call('GET', KEYS[3]) or 0)
if rest > now then return {2, rest - now} end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then return {1, 100} end
local next = tonumber(redis.call('GET', KEYS[1]) or 0)
if next > now then return {1, next - now} end
if tonumber(ARGV[1]) > 0 then redis.call('SET', KEYS[1], now + ARGV[1], 'PX', ARGV[1]) end
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[4]); redis.call('PEXPIRE', KEYS[2], ARGV[3])
return {0, 0}
"""
_TAKEN, _WAIT, _REST = 0, 1, 2


class HostBusy(Exception):
    """A host that rests, or is asked by other machines of ours all the time: leave it in peace for some seconds."""

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"{host} is to be left in peace for {seconds:.0f} s")
        self.seconds = seconds


class Budget:
    """Turns at hosts, shared by every process that uses the same Redis. Threads and event loops may share it."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._take = self._client.register_script(_TAKE)
        self._deaf_until = 0.0

    @asynccontextmanager
    async def turn(self, host: str, at_once: int, pace: float) -> AsyncIterator[None]:
        """Waits for a turn, one of `at_once`, begun `pace` seconds or more after the last one. Raises HostBusy."""
        token = uuid4().hex
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            state, wait = await asyncio.to_thread(self._ask, host, at_once, pace, token)
            if state == _TAKEN:
                break
            if state == _REST or time.monotonic() + wait > end:
                raise HostBusy(host, wait)
            await asyncio.sleep(min(wait, LONGEST_SLEEP))
        try:
            yield
        finally:
            await asyncio.to_thread(self._give_back, host, token)

    def rest(self, host: str, seconds: float) -> None:
        """Every machine leaves a host in peace for some seconds, as it asked."""
        if time.monotonic() >= self._deaf_until:
            try:
                now = self._client.time()
                until = now[0] * 1000 + now[1] // 1000 + int(seconds * 1000)
                self._client.set(_key("rest", host), until, px=max(1, int(seconds * 1000)))
            except redis.RedisError:
                self._deaf_until = time.monotonic() + DEAF_SECONDS

    def _ask(self, host: str, at_once: int, pace: float, token: str) -> tuple[int, float]:
        """The state of a host and how long to wait; a turn where Redis is away, for our own manners still hold."""
        if time.monotonic() < self._deaf_until:
            return _TAKEN, 0.0
        keys = [_key("next", host), _key("busy", host), _key("rest", host)]
        try:
            state, wait = self._take(keys, [int(pace * 1000), at_once, int(LEASE_SECONDS * 1000), token])
        except redis.RedisError:
            self._deaf_until = time.monotonic() + DEAF_SECONDS
            return _TAKEN, 0.0
        return int(state), int(wait) / 1000

    def _give_back(self, host: str, token: str) -> None:
        if time.monotonic() >= self._deaf_until:
            try:
                self._client.zrem(_key("busy", host), token)
            except redis.RedisError:
                self._deaf_until = time.monotonic() + DEAF_SECONDS


def _key(what: str, host: str) -> str:
    return f"launchwatch:{what}:{host}"

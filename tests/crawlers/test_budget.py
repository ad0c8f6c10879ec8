"""Turns at a host are shared by all machines over a real Redis-protocol server, and by none where it is lost."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest
import yarl

from crawlers import budget
from crawlers.answer import Resting
from crawlers.budget import Budget, HostBusy
from crawlers.manners import Manners
from tests import servers

HOST = yarl.URL("https://host.example/feed")


async def hold(machine: Budget, begun: list[float], seconds: float = 0.0, at_once: int = 1, pace: float = 0.0) -> None:
    async with machine.turn("host.example:443", at_once, pace):
        begun.append(time.monotonic())
        await asyncio.sleep(seconds)


async def gather(*machines: Budget, **given: float) -> list[float]:
    begun: list[float] = []
    await asyncio.gather(*(hold(machine, begun, **given) for machine in machines))  # type: ignore[arg-type]
    return sorted(begun)


def test_two_machines_ask_a_host_one_after_the_other(redis_server: servers.Redis) -> None:
    machines = [Budget(redis_server.url), Budget(redis_server.url)]
    first, second = asyncio.run(gather(*machines, seconds=0.3))
    assert second - first >= 0.25


def test_the_pace_holds_across_machines(redis_server: servers.Redis) -> None:
    machines = [Budget(redis_server.url) for _ in range(3)]
    begun = asyncio.run(gather(*machines, pace=0.2, at_once=3))
    assert all(later - earlier >= 0.15 for earlier, later in pairwise(begun))


def test_a_host_that_asked_one_machine_for_rest_is_left_in_peace_by_all(redis_server: servers.Redis) -> None:
    def manners() -> Manners:
        made = Manners(Budget(redis_server.url))
        made.begin(1, 0.0)
        return made

    async def ask(machine: Manners) -> None:
        async with machine.turn("wire", str(HOST), HOST):
            pass

    async def both() -> None:
        manners().rest(HOST, 429, 120.0)
        with pytest.raises(Resting):
            await ask(manners())

    asyncio.run(both())


def test_a_turn_of_a_machine_that_died_ends_by_itself(
    redis_server: servers.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "LEASE_SECONDS", 0.3)
    dead = Budget(redis_server.url)
    assert dead._ask("host.example:443", 1, 0.0, "its token") == (0, 0.0)
    began = time.monotonic()
    asyncio.run(gather(Budget(redis_server.url)))
    assert time.monotonic() - began >= 0.2


def test_who_waits_too_long_comes_back_later(redis_server: servers.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PATIENCE_SECONDS", 0.2)
    Budget(redis_server.url)._ask("host.example:443", 1, 0.0, "its token")
    with pytest.raises(HostBusy):
        asyncio.run(gather(Budget(redis_server.url)))


def test_without_redis_every_machine_keeps_its_own_manners() -> None:
    lost = Budget("redis://127.0.0.1:1/0")
    first, second = asyncio.run(gather(lost, lost, seconds=0.05))
    assert second - first < 0.5
    lost.rest("host.example:443", 60.0)

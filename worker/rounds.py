"""One round of each job: what the embedded loop and the Celery tasks both ring. The store says what is due."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote, urlsplit

from crawlers.archive import Archive
from crawlers.budget import Budget
from crawlers.guard import Guard
from crawlers.limits import MIB
from crawlers.manners import Manners
from pipeline.records import State
from settings import Settings
from storage.live import socket_url
from worker.announce import announce
from worker.collect import Visit
from worker.collector import Collector
from worker.deliver.http import GuardedClient
from worker.deliver.mail import Server
from worker.delivery import deliver_due
from worker.desk import Desk
from worker.digests import write_due
from worker.heartbeat import tell_quiet
from worker.jobs import process_due
from worker.watchdog import watch_over

COLLECT_SECONDS = 60.0
"""A task that a broker rang for has 120 s; the last visits begun need up to a minute."""

HANDS = 4
"""How many destinations are told at once."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Outside:
    """How this process reaches the world: through one guard, under one name."""

    guard: Guard
    contact: str = ""
    mail: Server | None = None
    archive: Archive | None = None
    public_url: str = ""
    feed_hub: str = ""
    operator: str = ""
    digest_to: tuple[str, ...] = ()
    digest_periods: tuple[str, ...] = ("week",)
    digest_lens: str = "media"
    manners: Manners = field(default_factory=Manners)
    """What we owe each host, from one round to the next."""
    delay: float = 1.0
    """Seconds between two requests to one host."""


def outside_of(settings: Settings) -> Outside:
    """The installation's way out."""
    room = settings.archive_mb * MIB
    return Outside(
        guard=Guard(),
        contact=settings.contact,
        mail=mail_server(settings),
        archive=Archive(settings.archive, room, name=f"{os.getpid()}") if room else None,
        public_url=settings.public_url,
        feed_hub=settings.feed_hub,
        manners=Manners(Budget(socket_url(settings.redis_url)) if settings.redis_url else None),
        operator=settings.operator.get_secret_value(),
        digest_to=_listed(settings.digest_to.get_secret_value()),
        digest_periods=_listed(settings.digest_periods),
        digest_lens=settings.digest_lens,
    )


async def collect_round(desk: Desk, outside: Outside, clock: Clock, seconds: float = COLLECT_SECONDS) -> list[Visit]:
    """Visit the sources that are due and do what else the collector has to do; begin nothing after some seconds."""
    end = time.monotonic() + seconds
    return await _collector(desk, outside, clock).run(lambda: time.monotonic() < end)


async def keep_collecting(desk: Desk, outside: Outside, clock: Clock, go_on: Callable[[], bool]) -> None:
    """Collect until told to stop: each visit begins as its turn comes, whatever others are still under way."""
    await _collector(desk, outside, clock).run(go_on, forever=True)


def watch_round(desk: Desk, outside: Outside, clock: Clock) -> int:
    """See that sources and our own parts do well, and say to whom it is due that all is quiet; how many notices were told."""
    told = watch_over(desk, outside.operator, clock())
    tell_quiet(desk, clock())
    return told


def _collector(desk: Desk, outside: Outside, clock: Clock) -> Collector:
    return Collector(
        desk=desk,
        guard=outside.guard,
        clock=clock,
        contact=outside.contact,
        archive=outside.archive,
        public_url=outside.public_url,
        delay=outside.delay,
        manners=outside.manners,
    )


def process_round(desk: Desk, clock: Clock, go_on: Callable[[], bool] = lambda: True) -> Counter[State]:
    """Take every pending document through the trip; begin no batch once `go_on` says no."""
    fates: Counter[State] = Counter()
    while go_on() and (batch := process_due(desk, clock())):
        fates += batch
    return fates


def deliver_round(desk: Desk, outside: Outside, clock: Clock, go_on: Callable[[], bool] = lambda: True) -> Counter[str]:
    """Send every delivery that is due; begin none once `go_on` says no."""
    client = GuardedClient(outside.guard)
    ends = deliver_due(desk, client, clock, outside.mail, outside.public_url, go_on, HANDS)
    if outside.feed_hub and outside.public_url and go_on():
        announce(desk, client, outside.feed_hub, outside.public_url, clock())
    return ends


def write_round(desk: Desk, outside: Outside, clock: Clock) -> int:
    """Write the digests whose slot has come; how many."""
    return len(write_due(desk, clock(), outside.digest_periods, outside.digest_to, outside.digest_lens))


def _listed(setting: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in setting.split(",") if part.strip())


def mail_server(settings: Settings) -> Server | None:
    """The installation's mail server, where one is set."""
    if settings.smtp_url is None or not settings.smtp_url.get_secret_value():
        return None
    parts = urlsplit(settings.smtp_url.get_secret_value())
    is_tls = parts.scheme == "smtps"
    return Server(
        host=parts.hostname or "localhost",
        port=parts.port or (465 if is_tls else 587),
        sender=settings.mail_from,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        security="tls" if is_tls else "starttls",
        authority=settings.smtp_ca,
    )

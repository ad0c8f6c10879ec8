"""One round of each job: what the embedded loop and the Celery tasks both ring. The store says what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote, urlsplit

from crawlers.cage import Cage
from crawlers.fetch import Fetcher
from crawlers.guard import Guard
from pipeline.records import State
from settings import Settings
from worker.collect import Visit, collect, due
from worker.deliver.http import GuardedClient
from worker.deliver.mail import Server
from worker.delivery import deliver_due
from worker.desk import Desk
from worker.digests import write_due
from worker.jobs import process_due

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Outside:
    """How this process reaches the world: through one guard, under one name."""

    guard: Guard
    contact: str = ""
    mail: Server | None = None


def outside_of(settings: Settings) -> Outside:
    """The installation's way out."""
    return Outside(guard=Guard(), contact=settings.contact, mail=_mail_server(settings))


async def collect_round(desk: Desk, outside: Outside, clock: Clock) -> list[Visit]:
    """Visit every source that is due."""
    chosen = due(desk, clock())
    if not chosen:
        return []
    with Cage() as cage:
        async with Fetcher(outside.guard, contact=outside.contact) as fetcher:
            return await collect(desk, chosen, fetcher, cage, clock)


def process_round(desk: Desk, clock: Clock) -> Counter[State]:
    """Take every pending document through the trip."""
    fates: Counter[State] = Counter()
    while batch := process_due(desk, clock()):
        fates += batch
    return fates


def deliver_round(desk: Desk, outside: Outside, clock: Clock) -> Counter[str]:
    """Send every delivery that is due."""
    return deliver_due(desk, GuardedClient(outside.guard), clock, outside.mail)


def write_round(desk: Desk, clock: Clock) -> int:
    """Write the digests whose slot has come; how many."""
    return len(write_due(desk, clock()))


def _mail_server(settings: Settings) -> Server | None:
    if settings.smtp_url is None:
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
    )

"""Whether the store can serve and take news now, and if not, why: what a load balancer or a person asks every few seconds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import migrate, queue
from storage.engine import Store

SILENT = timedelta(minutes=3)
"""A part that has not said for so long that it lives is down: each says so every 15 to 60 seconds."""
LEAST_FREE = 200 * 1024**2
"""Bytes that must be free beside a SQLite store: its journal alone may take a third of that."""
NEEDED = ("collect", "process")
"""Parts without which no news comes in; one that never ran on this installation is not missed."""


def reasons_against(store: Store, now: datetime, parts: Sequence[str] = NEEDED) -> list[str]:
    """Why the installation is not ready, a line each; nothing when it is."""
    try:
        with store.reading() as session:
            version = migrate.current_version(session.connection())
            beats = queue.heartbeats(session) if version == migrate.NEWEST else {}
        if version != migrate.NEWEST:
            return [
                f"the store is at version {version}, this program needs {migrate.NEWEST}: run `launchwatch migrate`"
            ]
        with store.writing() as session:
            session.execute(
                text("DELETE FROM slots WHERE job = ''")
            )  # takes the lock that a write takes, changes nothing
    except DBAPIError as error:
        first = str(error.orig or error).strip().splitlines()[0:1]
        return [f"the store cannot be used: {''.join(first) or type(error).__name__}"]
    old = [
        f"{name} has been silent since {beats[name]:%Y-%m-%d %H:%M:%S} UTC"
        for name in parts
        if _is_old(beats, name, now)
    ]
    return old + _cramped(store)


def _is_old(beats: dict[str, datetime], name: str, now: datetime) -> bool:
    return name in beats and now - beats[name] > SILENT


def _cramped(store: Store) -> list[str]:
    if not store.is_sqlite:
        return []
    folder = Path(store.url.database or "").parent
    free = shutil.disk_usage(folder).free
    return [f"{free // 1024**2} MiB are free in {folder}: the disk is nearly full"] if free < LEAST_FREE else []

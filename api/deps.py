"""What a route is handed: the store, the knowledge base and the report's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from api.keys import KeyHolder
from knowledge.index import KnowledgeBase
from storage.engine import Store


@dataclass(frozen=True)
class Desk:
    """One web process's tools."""

    store: Store
    knowledge: KnowledgeBase
    zone: ZoneInfo
    keys: KeyHolder
    author: str = ""


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    found: Desk = request.app.state.desk
    return found


def now() -> datetime:
    """The clock, read at the edge."""
    return datetime.now(UTC)


AtDesk = Annotated[Desk, Depends(desk_of)]

"""What a route is handed: the store, the knowledge base and its names, and the report's zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from api.keys import KeyHolder, admin_key
from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.names import Names
from settings import Settings
from storage import search
from storage.engine import Store, open_store
from storage.secrets import place


@dataclass(frozen=True)
class Desk:
    """One web process's tools."""

    store: Store
    knowledge: KnowledgeBase
    zone: ZoneInfo
    keys: KeyHolder
    author: str = ""
    public_url: str = ""
    """Where the outside reaches us; without it, where this process listens."""
    feed_hub: str = ""
    redis_url: str = ""

    def zoned(self, at: datetime | None) -> datetime | None:
        """A time that was given without a zone, in the report's."""
        return at if at is None or at.tzinfo else at.replace(tzinfo=self.zone)

    @cached_property
    def names(self) -> Names:
        """Every name by which people ask."""
        return Names(self.knowledge)

    @cached_property
    def facet_ids(self) -> dict[str, dict[str, str]]:
        """What may be counted among answers: the id behind each tag of the index, by kind."""
        known = self.knowledge
        ids: dict[str, Iterable[str]] = {
            "company": known.companies,
            "product": known.products,
            "modality": [modality.id for modality in known.taxonomy.modalities],
            "type": known.event_types,
            "security": known.securities,
        }
        return {kind: {search.tag("", id_)[1:]: id_ for id_ in of_kind} for kind, of_kind in ids.items()}


def open_desk(settings: Settings) -> Desk:
    """The tools of an installation. Raises StoreError or KnowledgeInvalid, each a clear line."""
    key = settings.admin_key.get_secret_value() if settings.admin_key else None
    store = open_store(settings.store_url, place(settings.secret_key.get_secret_value(), settings.home))
    return Desk(
        store=store,
        knowledge=load(settings.knowledge, settings.cache, settings.lenses),
        zone=settings.zone,
        keys=KeyHolder(admin_key(key, settings.home), store),
        author=settings.author,
        public_url=settings.public_url or f"http://{settings.host}:{settings.port}",
        feed_hub=settings.feed_hub,
        redis_url=settings.redis_url,
    )


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    found: Desk = request.app.state.desk
    return found


def now() -> datetime:
    """The clock, read at the edge."""
    return datetime.now(UTC)


AtDesk = Annotated[Desk, Depends(desk_of)]

"""What a job has at hand: the store, the knowledge ready for tagging, the sources, and the report's zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from crawlers.sources import SOURCES, Source, load_sources
from knowledge.load import load
from knowledge.schema import Lens
from pipeline.lexicon import Lexicon
from settings import Settings
from storage import queue
from storage.engine import Store, open_store
from storage.live import Publisher
from storage.secrets import place
from worker.foresight import Crowd
from worker.model import Model, model_of
from worker.semantics import alike
from worker.telling import WatchShelf


@dataclass(frozen=True)
class Desk:
    """One process's tools. Threads may share it."""

    store: Store
    lexicon: Lexicon
    sources: Mapping[str, Source]
    zone: ZoneInfo
    model: Model | None = None
    """The language model, where the installation has one."""
    watches: WatchShelf = field(default_factory=WatchShelf)
    crowd: Crowd = field(default_factory=Crowd)
    """Whether other processes place at the same time."""
    live: Publisher = field(default_factory=Publisher)
    """Tells open pages what has changed."""

    @property
    def lenses(self) -> list[Lens]:
        """Every lens of the knowledge base."""
        return list(self.lexicon.knowledge.lenses.values())

    def beat(self, name: str, now: datetime) -> None:
        """Say in the store that a job's process lives."""
        with self.store.writing() as session:
            queue.beat(session, name, now)


def open_desk(settings: Settings) -> Desk:
    """The desk of an installation. Raises StoreError, KnowledgeInvalid, SourcesBroken or NoEncoder, each a clear line."""
    knowledge = load(settings.knowledge, settings.cache, settings.lenses)
    return Desk(
        store=open_store(settings.store_url, place(settings.secret_key.get_secret_value(), settings.home)),
        lexicon=Lexicon(knowledge, alike(settings.semantic)),
        sources={source.id: source for source in sources_of(settings)},
        zone=settings.zone,
        model=model_of(settings),
        live=Publisher(settings.redis_url),
    )


def sources_of(settings: Settings) -> list[Source]:
    """The bundled sources and the installation's own. Raises SourcesBroken."""
    files = [*([SOURCES] if settings.bundled_sources else []), *settings.own_sources]
    return load_sources(*files) if files else []

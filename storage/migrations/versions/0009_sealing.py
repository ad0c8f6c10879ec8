"""Destinations sealed at rest, what is known of each, and which deliveries go first."""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Two tables and two columns; the rows themselves are sealed when the store is opened with a key."""
    op.create_table(
        "sealing",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "destinations",
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("recent", sa.Text(), nullable=False),
        sa.Column("bulk_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("urgent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("mark"),
    )
    op.add_column("deliveries", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("subscriptions", sa.Column("token_mark", sa.LargeBinary(32), nullable=True))
    _mark_tokens()
    op.create_index("subscriptions_by_mark", "subscriptions", ["token_mark"], unique=True)


def _mark_tokens() -> None:
    """A subscription is found by the hash of its token."""
    rows = sa.table("subscriptions", sa.column("source_id"), sa.column("token"), sa.column("token_mark"))
    connection = op.get_bind()
    for source_id, token in connection.execute(sa.select(rows.c.source_id, rows.c.token)).all():
        marked = rows.update().where(rows.c.source_id == source_id).values(token_mark=sha256(token.encode()).digest())
        connection.execute(marked)

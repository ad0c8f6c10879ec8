"""Watches: when they last changed, bundles held for a time, and one delivery of a piece of news a destination."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Two tables, two columns, other keys for alerts and deliveries."""
    op.create_table(
        "bundles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("watch_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("bundles_once", "bundles", ["watch_id", "slot"], unique=True)
    op.create_table(
        "bundled_alerts",
        sa.Column("bundle_id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundles.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("bundle_id", "alert_id"),
    )
    op.create_index("bundles_of_alert", "bundled_alerts", ["alert_id"], unique=False)
    op.add_column("watches", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("alerts_once", "alerts")
    op.create_index("alerts_of_watch", "alerts", ["watch_id", "made_at", "id"], unique=False)
    op.add_column("deliveries", sa.Column("subject", sa.Text(), server_default="", nullable=False))
    op.execute("UPDATE deliveries SET subject = alert_id")
    op.drop_index("deliveries_once", "deliveries")
    op.create_index("deliveries_once", "deliveries", ["kind", "subject", "destination_hash"], unique=True)
    op.create_index("deliveries_of_alert", "deliveries", ["alert_id"], unique=False)

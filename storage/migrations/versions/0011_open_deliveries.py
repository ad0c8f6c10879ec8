"""What is still to be sent, in the order in which it is: a sender looks at the first, however much waits behind it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

IS_OPEN = "state IN ('new', 'failed', 'unknown', 'sending')"


def upgrade() -> None:
    """One index."""
    where = sa.text(IS_OPEN)
    op.create_index(
        "deliveries_open",
        "deliveries",
        [sa.text("priority DESC"), "not_before", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )

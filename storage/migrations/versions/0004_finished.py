"""An index of documents by when their trip ended: for what has just changed, and for delays and rates."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """One index."""
    op.create_index("documents_by_finish", "documents", ["finished_at"], unique=False)

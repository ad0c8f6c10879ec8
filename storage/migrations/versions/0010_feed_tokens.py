"""Tokens of feeds sealed at rest: a feed is found by the hash of its token."""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """The key becomes a hash; the token beside it is sealed when the store is opened with a key."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute("PRAGMA secure_delete=ON")  # what stood there must not stay behind in free pages
    op.execute("ALTER TABLE feeds RENAME COLUMN token TO mark")
    op.add_column("feeds", sa.Column("token", sa.Text(), nullable=False, server_default=""))
    rows = sa.table("feeds", sa.column("mark"), sa.column("token"))
    for (token,) in connection.execute(sa.select(rows.c.mark)).all():
        values = {"mark": sha256(token.encode()).hexdigest(), "token": token}
        connection.execute(rows.update().where(rows.c.mark == token).values(values))

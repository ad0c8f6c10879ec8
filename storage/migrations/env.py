"""Where Alembic enters: the migrations run on the connection, and in the transaction, that the store hands in."""

from alembic import context

from storage import tables

context.configure(connection=context.config.attributes["connection"], target_metadata=tables.metadata)
with context.begin_transaction():
    context.run_migrations()

"""Alembic's entry: runs the migrations on the connection that serve/database/migration.py hands over."""

from alembic import context

from serve.database.loop_tables import Case

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Case.metadata
)  # of all tables: its module imports the others
context.run_migrations()

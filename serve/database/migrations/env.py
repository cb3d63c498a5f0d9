"""Alembic's entry: runs the migrations on the connection that serve/database/migration.py hands over."""

from alembic import context

from serve.database import loop_tables, model_tables
from serve.database.tables import Table

MODULES = (loop_tables, model_tables)  # whose tables the metadata then holds

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
context.run_migrations()

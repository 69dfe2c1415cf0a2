"""Runs the migrations over the connection that it is given."""

from alembic import context

from newsletter.store.schema.complete import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by building it anew
)
context.run_migrations()

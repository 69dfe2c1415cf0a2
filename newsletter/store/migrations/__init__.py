"""Alembic migrations, one file a step, forward only."""
